"""Files as people's programs leave them: the answer that torch gives, or one line that says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.run import run

torch = pytest.importorskip("torch")

N, NAMES = 12, ("cat", "dog", "bird")
RNG = np.random.default_rng(0)
X, Y = torch.from_numpy(RNG.normal(size=(N, 3))), torch.from_numpy(RNG.integers(3, size=N))
ROWS = [[repr(float(number)) for number in row] for row in X]
WORDS = [NAMES[label] for label in Y]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def by_torch(x: Any = X, y: Any = Y, **options: Any) -> float:
    return float(torch.nn.functional.cross_entropy(x, y, **options))


def answer(*arguments: str, said: str = "") -> float:
    ran = run("explain", *arguments, "--engine", "none", "--only", "value", "--method", "weighted-mean")
    assert ran.code == 0, ran.err
    assert said in ran.err
    return float(ran.out)


def refused(*arguments: str) -> list[str]:
    ran = run("explain", *arguments, "--engine", "none")
    assert (ran.code, ran.out) == (2, "")
    return ran.err.splitlines()


def table(path: str, head: str, *columns: Any, by: str = ",", end: str = "\n") -> None:
    """A table of these columns; a cell is its text."""
    lines = [head, *(by.join(map(str, row)) for row in zip(*columns, strict=True))]
    Path(path).write_bytes(end.join([*lines, ""]).encode())


def scores() -> list[list[str]]:
    """The columns of the scores."""
    return [list(column) for column in zip(*ROWS, strict=True)]


# --- tables


@pytest.mark.parametrize("label", ["label", "Target", "y_true", "ground_truth", "true_label", "gt"])
def test_labels_are_found_by_the_names_that_people_give_them(label):
    table("t.csv", f"cat,dog,bird,{label}", *scores(), Y.tolist())
    assert answer("t.csv") == pytest.approx(by_torch(), rel=1e-14)


@pytest.mark.parametrize("head", ["cat,dog,bird,label", "p_cat,p_dog,p_bird,label", '"a.cat","a.dog","a.bird","label"'])
def test_labels_that_are_words_are_classes_by_the_header(head):
    table("t.csv", head, *scores(), WORDS)
    assert answer("t.csv") == pytest.approx(by_torch(), rel=1e-14)
    with_weight = by_torch(weight=torch.tensor([2.0, 0.5, 1], dtype=torch.float64))
    weights = {"dog": 0.5, "bird": 1, "cat": 2}
    assert answer("t.csv", "--weight", json.dumps(weights)) == pytest.approx(with_weight, rel=1e-14)


def test_a_weight_by_name_is_of_the_column_of_that_name_whatever_the_labels_are():
    table("t.csv", "cat,dog,bird,label", *scores(), Y.tolist())
    table("w.csv", "class,weight", ["bird", "cat", "dog"], [1, 2, 0.5])
    expected = by_torch(weight=torch.tensor([2.0, 0.5, 1], dtype=torch.float64))
    assert answer("t.csv", "--weight", '{"bird": 1, "cat": 2, "dog": 0.5}') == pytest.approx(expected, rel=1e-14)
    assert answer("t.csv", "--weight", "w.csv") == pytest.approx(expected, rel=1e-14)
    Path("w.csv").write_text("class,weight\ncat,1\ncat,2\ndog,3\n", "utf-8")
    assert refused("t.csv", "--weight", "w.csv") == ["error: w.csv names a class twice"]


def test_columns_that_are_only_numbered_name_no_class():
    table("t.csv", "logit_0,logit_1,logit_2,label", *scores(), Y.tolist())
    ran = run("explain", "t.csv", "--engine", "none", "--rows", "1")
    assert re.search(rf"^n +label .*\n0 +{Y[0]} ", ran.out, re.MULTILINE)
    table("t.csv", "gpt2,gpt3,gpt4,label", *scores(), [f"gpt{label + 2}" for label in Y.tolist()])
    assert answer("t.csv") == pytest.approx(by_torch(), rel=1e-14)


def test_row_names_of_r_and_a_byte_order_mark_are_no_obstacle():
    quoted = [f'"row{n}"' for n in range(N)]
    table("t.csv", '\ufeff"","cat","dog","bird","label"', quoted, *scores(), [f'"{w}"' for w in WORDS], end="\r\n")
    said = "note: t.csv: column 0 has no name and is left out, as the index that pandas and R write\n"
    assert answer("t.csv", said=said) == pytest.approx(by_torch(), rel=1e-14)


def test_what_stands_beside_the_scores_is_not_taken_for_a_class():
    table("t.csv", "id,cat,dog,bird,label,pred", range(N), *scores(), Y.tolist(), [0] * N)
    assert refused("t.csv") == [
        "error: t.csv has a column 'id', which may be no class",
        "hint: name the columns that are classes: --classes cat,dog,bird",
    ]
    said = "note: t.csv: left out id, pred, which --classes does not name\n"
    assert answer("t.csv", "--classes", "cat,dog,bird", said=said) == pytest.approx(by_torch(), rel=1e-14)
    turned = by_torch(X[:, [1, 0, 2]], torch.tensor([1, 0, 2])[Y])
    table("w.csv", "id,cat,dog,bird,label", [f"{n}.png" for n in range(N)], *scores(), WORDS)
    assert answer("w.csv", "--classes", "dog,cat,bird") == pytest.approx(turned, rel=1e-14)


def test_a_column_of_sample_weights_is_that():
    weights = RNG.uniform(0.5, 2, N)
    table("t.csv", "cat,dog,bird,label,sample_weight", *scores(), Y.tolist(), weights.tolist())
    losses = torch.nn.functional.cross_entropy(X, Y, reduction="none").numpy()
    said = "sample weights in column 'sample_weight', 3 columns of scores: cat, dog, bird"
    assert answer("t.csv", said=said) == pytest.approx((losses * weights).sum() / weights.sum(), rel=1e-14)


def test_a_table_whose_labels_are_not_found_says_how_to_name_them():
    table("t.csv", "cat,dog,bird,species", *scores(), Y.tolist())
    assert refused("t.csv") == [
        "error: t.csv has no column of labels by a name that is known (labels, label, target, targets, …)",
        "hint: name it: --label-column species; or give labels: --labels",
    ]
    assert answer("t.csv", "--label-column", "species") == pytest.approx(by_torch(), rel=1e-14)
    Path("t.csv").write_text("".join(f"{','.join(row)},{label}\n" for row, label in zip(ROWS, Y, strict=True)))
    assert refused("t.csv") == [
        "error: t.csv has no header, and so no column that is known to hold the labels",
        "hint: name it by its number from 0 on: --label-column N; or give labels: --labels",
    ]
    assert answer("t.csv", "--label-column", "3") == pytest.approx(by_torch(), rel=1e-14)


def test_tables_with_other_columns_are_no_parts_of_one_batch():
    table("a.csv", "cat,dog,bird,label", *scores(), WORDS)
    table("b.csv", "dog,cat,bird,label", *scores(), WORDS)
    assert refused("a.csv", "b.csv") == [
        "error: b.csv has the columns dog, cat, bird, but a.csv has cat, dog, bird",
        "hint: parts of one batch have the same columns in the same order",
    ]
    table("b.csv", "cat,dog,bird,label", *scores(), WORDS)
    assert answer("a.csv", "b.csv") == pytest.approx(by_torch(), rel=1e-14)
    assert refused("?.csv", "a.csv") == [
        "error: a.csv is named twice",
        "hint: files of arrays are parts of one batch, each named once",
    ]


# --- torch.save


@pytest.mark.parametrize(
    "value",
    [
        [{"logits": X[:5], "labels": Y[:5]}, {"logits": X[5:], "labels": Y[5:]}],
        {"logits": [X[:5], X[5:]], "labels": [Y[:5], Y[5:]]},
        {"logits": list(X.split(1)), "labels": list(Y.split(1)), "epoch": 3},
        {"logits": X, "labels": Y.tolist()},
        {"logits": X, "labels": Y.tolist(), "loss": 0.5, "note": "val"},
        {"logits": X.T.contiguous().T, "labels": Y},
        {"logits": torch.cat([X, X], 1)[:, :3], "labels": torch.stack([Y, Y], 1)[:, 0]},
        {"logits": (X.clone().requires_grad_() * 1), "labels": Y},
        {"input_ids": Y, "logits": torch.nn.Parameter(X), "labels": Y.to(torch.uint8)},
    ],
)
def test_what_loops_collect_is_one_batch(value):
    torch.save(value, "a.pt")
    assert answer("a.pt") == pytest.approx(by_torch(), rel=1e-14)


def test_a_list_of_batches_is_said_and_its_settings_count():
    weight, settings = [0.1, 1.0, 2.0], {"ignore_index": 1, "label_smoothing": 0.1}
    torch.save({"logits": [X[:5], X[5:]], "labels": [Y[:5], Y[5:]], "weight": weight, **settings}, "a.pt")
    expected = by_torch(weight=torch.tensor(weight, dtype=torch.float64), **settings)
    said = "note: a.pt: its 2 items are the parts of one batch\n"
    assert answer("a.pt", said=said) == pytest.approx(expected, rel=1e-14)
    expected = by_torch(weight=torch.tensor(weight, dtype=torch.float64), ignore_index=1)
    assert answer("a.pt", "--label-smoothing", "0") == pytest.approx(expected, rel=1e-14)


def test_settings_of_a_npz_count_and_those_of_parts_must_agree():
    np.savez("a.npz", logits=X, labels=Y, ignore_index=1)
    np.savez("b.npz", logits=X, labels=Y, ignore_index=2)
    np.savez("c.npz", logits=X, labels=Y, ignore_index=[1, 2])
    np.savez("d.npz", logits=X, labels=Y, ignore_index=1.5)
    assert answer("a.npz") == pytest.approx(by_torch(ignore_index=1), rel=1e-14)
    assert refused("a.npz", "b.npz") == [
        "error: the parts of the batch have different values of ignore_index",
        "hint: give one with --ignore-index",
    ]
    assert answer("a.npz", "b.npz", "--ignore-index", "0") == pytest.approx(by_torch(ignore_index=0), rel=1e-14)
    assert refused("c.npz") == ["error: c.npz:ignore_index has shape (2,), expected one number"]
    assert refused("d.npz")[0] == "error: ignore_index is 1.5, expected an integer"


def test_an_item_that_lacks_its_labels_is_named():
    torch.save([{"logits": X[:5], "labels": Y[:5]}, {"logits": X[5:]}], "a.pt")
    assert refused("a.pt") == ["error: a.pt item 1 has no labels, and other parts of the batch have"]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ((X, X, Y), "name them: --logits a.pt:0 --labels a.pt:2"),
        ({"y_true": Y, "x": X}, "name it: --logits a.pt:x"),
        ({"inputs": X, "labels": Y}, "name it: --logits a.pt:inputs"),
        (
            torch.nn.Linear(3, 3).state_dict(),
            "that looks like the parameters of a model: save the logits that it returns",
        ),
    ],
)
def test_members_of_other_names_are_told_as_options(value, hint):
    torch.save(value, "a.pt")
    said = refused("a.pt")
    assert said[0].startswith("error: a.pt has no member logits, log_probs or probs: it holds ")
    assert said[1] == f"hint: {hint}"
    if "--labels" in hint:
        assert answer(*hint.partition(": ")[2].split()) == pytest.approx(by_torch(), rel=1e-14)


@pytest.mark.filterwarnings("ignore")  # torch's, that TorchScript is old
def test_a_model_is_told_to_be_one():
    torch.jit.trace(torch.nn.Linear(3, 3), torch.zeros(1, 3)).save("a.pt")
    assert refused("a.pt")[0] == "error: a.pt is an archive of TorchScript: a model, not what it returned"
    torch.save(torch.nn.Linear(3, 3), "a.pt")
    assert "which is not loaded: that would run code" in refused("a.pt")[0]


# --- shapes, names, shards


@pytest.mark.parametrize(
    ("x", "y", "hint"),
    [
        (X.T, Y, "scores have a row a sample: transpose them, if they have a row a class"),
        (X.reshape(2, 3, 6)[:, :, None], Y.reshape(2, 6)[:, None, None], "drop axis 1 of the labels"),
        (
            X.reshape(2, 6, 3, 1),
            Y.reshape(2, 6, 1),
            "they fit classes on axis 2 of the scores: --class-axis 2",
        ),
    ],
)
def test_a_layout_that_is_another_one_is_told(x, y, hint):
    np.savez("a.npz", logits=x, labels=y)
    assert refused("a.npz")[-1] == f"hint: {hint}"


def test_labels_among_the_files_are_told_their_option():
    np.save("x.npy", X)
    np.save("y.npy", Y)
    assert refused("x.npy", "y.npy")[-1] == (
        "hint: parts of one batch may differ in their first axis alone; labels have an option of their own: "
        "--labels y.npy"
    )


def test_a_home_in_quotes_and_formats_that_are_not_read_are_told():
    home = "hint: ~ in quotes is not your home: write $HOME in double quotes"
    assert refused("~/no/*.npz") == ["error: no file matches ~/no/*.npz", home]
    assert refused("~/no.npz") == ["error: ~/no.npz does not exist", home]
    assert refused("no.pkl")[0] == "error: no.pkl is of a format that is not read: .pkl"


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_a_wrong_number_is_told_by_its_file_too(write):
    labels = Y.numpy().copy()
    labels[6] = 7
    for k, n in enumerate((0, 4, 8)):
        write(f"s-{k}.npz", logits=X[n : n + 4], labels=labels[n : n + 4])
    said = refused("s-*.npz")
    assert said[0] == "error: labels[6] is 7, but logits has 3 classes (0..2)"
    assert said[3] == "  labels[6] is labels[2] of s-1.npz:labels"
    for k, n in enumerate((0, 4, 8)):
        probs = X[n : n + 4].softmax(1).reshape(2, 2, 3).moveaxis(2, 1).numpy().copy()
        probs[1, 2, 1] += k == 2
        write(f"p-{k}.npz", probs=probs, labels=Y[n : n + 4].reshape(2, 2))
    assert "  probs[5] is probs[1] of p-2.npz:probs" in refused("p-*.npz")


def test_the_order_of_shards_by_name_is_no_matter_to_the_numbers():
    for k in range(N):  # s-10 and s-11 stand before s-2
        np.savez(f"s-{k}.npz", logits=X[k : k + 1], labels=Y[k : k + 1])
    assert answer("s-*.npz") == pytest.approx(by_torch(), rel=1e-14)
