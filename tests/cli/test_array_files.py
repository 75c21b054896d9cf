"""Files of arrays on the command line: every format, layout and cut of a batch answers as the array in memory does."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.run import Ran, run, spawn
from wce_cli import explain

N, C = 700, 5
QUIET = ("--engine", "none", "--format", "json")


def batch(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(C, size=N)
    labels[::7] = -100
    return {
        "logits": (rng.normal(size=(N, C)) * 3).astype(np.float32),
        "labels": labels,
        "weight": rng.uniform(0.1, 3, size=C),
        "sample_weight": rng.uniform(0.5, 2, size=N),
    }


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def numbers(*arguments: str) -> dict[str, float]:
    """The answer of a command line, every pair by name."""
    ran = run("explain", *arguments, *QUIET)
    assert ran.code == 0, ran.err
    methods = json.loads(ran.out)["methods"]
    return {f"{row['method']}/{row['placement']}": row["value"] for row in methods}


def in_memory(given: dict[str, np.ndarray], **options) -> dict[str, float]:
    report = explain(**given, **options, engines=())
    return {f"{row.method}/{row.placement}": row.value for row in report.methods}


def assert_same(found: dict[str, float], expected: dict[str, float]) -> None:
    assert found.keys() == expected.keys()
    for pair, value in expected.items():
        assert found[pair] == pytest.approx(value, rel=4e-15), pair


def save(path: str, given: dict[str, np.ndarray]) -> None:
    """A batch into a file of any format."""
    if path.endswith(".npz"):
        (np.savez_compressed if "packed" in path else np.savez)(path, **given)
    elif path.endswith(".safetensors"):
        pytest.importorskip("safetensors.numpy").save_file({k: np.ascontiguousarray(v) for k, v in given.items()}, path)
    else:
        torch = pytest.importorskip("torch")
        torch.save({name: torch.from_numpy(array) for name, array in given.items()}, path)


FILES = ["val.npz", "packed.npz", "val.safetensors", "val.pt"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_members_is_a_batch(name, folder):
    save(name, batch())
    assert_same(numbers(name), in_memory(batch()))
    assert_same(numbers(name, "--label-smoothing", "0.1"), in_memory(batch(), label_smoothing=0.1))
    what_if = batch() | {"weight": np.ones(C)}
    assert_same(numbers(name, "--weight", "1,1,1,1,1"), in_memory(what_if))


@pytest.mark.parametrize("name", FILES)
def test_shards_are_the_parts_of_one_batch(name, folder):
    given = batch()
    cuts = [0, 1, 1, 300, N]
    for k, (start, stop) in enumerate(pairwise(cuts)):
        part = {key: value if key == "weight" else value[start:stop] for key, value in given.items()}
        save(f"{k}-{name}", part)
    pattern = f"?-{name}"
    assert_same(numbers(pattern), in_memory(given))
    ran = run("explain", pattern, *QUIET)
    assert f"note: 4 files are the parts of one batch, 0-{name} to 3-{name}\n" in ran.err
    assert_same(numbers(*(f"{k}-{name}" for k in range(4))), in_memory(given))


def test_parts_of_other_dtypes_and_formats_join_in_one_that_holds_them_all(folder):
    given = batch()
    save("a.npz", {k: v[:300] if k != "weight" else v for k, v in given.items()})
    part = {k: v[300:] if k != "weight" else v for k, v in given.items()}
    save(
        "b.safetensors", part | {"logits": part["logits"].astype(np.float64), "labels": part["labels"].astype(np.int32)}
    )
    assert_same(numbers("a.npz", "b.safetensors"), in_memory(given))


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("labels", ["u1", "<i4", ">i8", "<f4"])
def test_single_arrays_of_any_dtype_and_layout_are_fields(dtype, order, labels, folder):
    given = batch()
    kept = np.where(given["labels"] < 0, 0, given["labels"])
    logits = given["logits"].astype(dtype)
    np.save("x.npy", np.asarray(logits, order=order))
    np.save("y.npy", kept.astype(labels))
    expected = in_memory({"logits": logits.astype(np.float64), "labels": kept, "weight": given["weight"]})
    (folder / "w.json").write_text(json.dumps(given["weight"].tolist()), "utf-8")
    assert_same(numbers("--logits", "x.npy", "--labels", "y.npy", "--weight", "@w.json"), expected)
    assert_same(numbers("x.npy", "-y", "@y.npy", "-w", "w.json"), expected)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}])
def test_images_are_walked_in_their_own_layout(options, folder):
    rng = np.random.default_rng(3)
    given = {"logits": rng.normal(size=(4, 3, 6, 5)).astype("f4"), "labels": rng.integers(3, size=(4, 6, 5))}
    given["weight"] = np.array([0.1, 1, 3])
    arguments = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    for name in FILES:
        save(name, given)
        assert_same(numbers(name, *arguments), in_memory(given, **options))
    for k in range(2):
        save(f"part{k}.npz", {key: v if key == "weight" else v[2 * k : 2 * k + 2] for key, v in given.items()})
    assert_same(numbers("part*.npz", *arguments), in_memory(given, **options))


def test_probability_labels_and_probabilities_come_from_files_too(folder):
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(C), size=N)
    given = {"probs": p, "labels": rng.dirichlet(np.ones(C), size=N), "weight": rng.uniform(0.1, 3, C)}
    for name in FILES:
        save(name, given)
        assert_same(numbers(name), in_memory(given))


def test_a_member_is_named_after_a_colon(folder):
    given = batch()
    np.savez("run.npz", out=given["logits"], target=given["labels"], w=given["weight"])
    chosen = ("--logits", "run.npz:out", "--labels", "@run.npz:target", "--weight", "run.npz:w")
    del given["sample_weight"]
    assert_same(numbers(*chosen), in_memory(given))
    ran = run("explain", *chosen, *QUIET)
    assert "note: --labels: read 700 labels from run.npz:target\n" in ran.err


def test_a_table_has_its_labels_by_the_header_or_by_the_option(folder):
    given = batch()
    head = ",".join([*(f"class{c}" for c in range(C)), "target"])
    rows = [
        ",".join([*map(repr, map(float, x)), str(y)]) for x, y in zip(given["logits"], given["labels"], strict=True)
    ]
    (folder / "t.csv").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    (folder / "o.csv").write_text("\n".join([head.replace("target", "answer"), *rows]) + "\n", "utf-8")
    weight = ",".join(map(repr, map(float, given["weight"])))
    expected = in_memory({name: given[name] for name in ("logits", "labels", "weight")})
    assert_same(numbers("t.csv", "-w", weight), expected)
    assert_same(numbers("o.csv", "-w", weight, "--label-column", "answer"), expected)
    assert_same(numbers("--logits", "o.csv", "--labels", "o.csv", "--label-column", "5", "-w", weight), expected)
    (folder / "y.csv").write_text("\n".join(map(str, given["labels"])) + "\n", "utf-8")
    np.save("x.npy", given["logits"])
    assert_same(numbers("x.npy", "--labels", "y.csv", "-w", weight), expected)


@pytest.mark.parametrize("as_file", [True, False])
@pytest.mark.parametrize("prefix", ["", "p_"])
def test_the_columns_of_a_table_are_found_by_the_names_of_the_classes(folder, as_file, prefix):
    given = batch()
    names = [f"c{'abcde'[c]}" for c in range(C)]
    order = [3, 0, 4, 1, 2]
    rows = [",".join(map(repr, map(float, x))) for x in given["logits"][:, order]]
    head = ",".join(prefix + names[c] for c in order)
    (folder / "x.csv").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    words = [names[y] if y != -100 else "-100" for y in given["labels"].tolist()]
    (folder / "y.csv").write_text("\n".join(words[1:]) + "\n", "utf-8")
    np.save("y.npy", given["labels"])
    mapping = ",".join(f"{name}={w!r}" for name, w in zip(names, given["weight"].tolist(), strict=True))
    expected = in_memory({name: given[name] for name in ("logits", "labels", "weight")})
    scores = ("x.csv",) if as_file else ("--logits", "x.csv")
    assert_same(numbers(*scores, "--labels", "y.npy", "-w", mapping, "--classes", ",".join(names)), expected)
    some = [f"{prefix}{names[c]}" for c in order]
    if not prefix:  # without --classes the header names them, in its own order
        shuffled = {**given, "logits": given["logits"][:, order], "weight": given["weight"][order]}
        del shuffled["sample_weight"]
        shuffled["labels"] = np.array([order.index(y) if y != -100 else -100 for y in given["labels"].tolist()])
        np.save("z.npy", shuffled["labels"])
        assert_same(numbers(*scores, "--labels", "z.npy", "-w", mapping), in_memory(shuffled))
    said = refused(*scores, "--labels", "y.npy", "--classes", ",".join([*some[:-1], "cf"]))
    assert f"x.csv has a column '{some[0]}' and none for 'cf', which --classes names too" in said


def test_words_are_labels_whether_the_column_has_a_name_or_not(folder):
    (folder / "x.csv").write_text("cat,dog\n1,2\n3,1\n0,1\n", "utf-8")
    (folder / "bare.csv").write_text("cat\ndog\ndog\n", "utf-8")
    (folder / "named.csv").write_text("label\ncat\ndog\ndog\n", "utf-8")
    expected = in_memory({"logits": [[1, 2], [3, 1], [0, 1]], "labels": [0, 1, 1], "weight": [0.5, 2]})
    for labels in ("bare.csv", "named.csv"):
        for scores in (("x.csv",), ("--logits", "x.csv")):
            assert_same(numbers(*scores, "--labels", labels, "-w", "dog=2,cat=0.5"), expected)


def test_the_same_columns_in_another_order_are_no_batch(folder):
    (folder / "x1.csv").write_text("cat,dog\n1,2\n", "utf-8")
    (folder / "x2.csv").write_text("dog,cat\n2,1\n", "utf-8")
    said = refused("--logits", "x*.csv", "--labels", "0,1")
    assert "error: x2.csv has the columns dog, cat, but x1.csv has cat, dog\n" in said
    given = {"logits": [[1, 2]], "labels": [0], "classes": ["dog", "cat"]}
    (folder / "d.json").write_text(json.dumps(given), "utf-8")
    said = refused("d.json", "--logits", "x1.csv")
    assert "error: x1.csv has the columns cat, dog, but classes are dog, cat\n" in said
    assert "hint: say in which order they are meant: --classes dog,cat\n" in said
    assert_same(
        numbers("d.json", "--logits", "x1.csv", "--classes", "dog,cat"), in_memory({"logits": [[2, 1]], "labels": [0]})
    )


@pytest.mark.parametrize("classes", ["5", '{"classes": 5}', '{"classes": [1, 2]}', '""', "true"])
def test_classes_that_are_no_names_are_refused_beside_a_table(folder, classes):
    (folder / "x.csv").write_text("cat,dog\n1,2\n", "utf-8")
    (folder / "c.json").write_text(classes, "utf-8")
    for scores in (("x.csv",), ("--logits", "x.csv")):
        assert refused(*scores, "--labels", "0", "--classes", "@c.json").startswith(
            "error: classes must be a list of names"
        )


def refused(*arguments: str) -> str:
    ran = run("explain", *arguments, "--engine", "none")
    assert (ran.code, ran.out) == (2, "")
    return ran.err


def test_what_a_file_lacks_or_has_twice_is_said(folder):
    given = batch()
    np.savez("run.npz", out=given["logits"], target=given["labels"])
    np.save("x.npy", given["logits"])
    np.save("y.npy", given["labels"])
    np.savez("mine.npz", mine=given["logits"], target=given["labels"])
    assert refused("mine.npz") == (
        "error: mine.npz has no member logits, log_probs or probs: it holds mine (700, 5) float32, "
        "target (700,) int64\n"
        "hint: name it: --logits mine.npz:mine\n"
    )
    assert refused("--logits", "mine.npz", "--labels", "y.npy").startswith(
        "error: mine.npz holds 2 members: mine (700, 5) float32, target (700,) int64\nhint: name one of them, as in "
        "mine.npz:mine\n"
    )
    assert refused("--logits", "run.npz:oot", "--labels", "y.npy") == (
        "error: run.npz has no member 'oot': it holds 2 members: out (700, 5) float32, target (700,) int64\n"
        "hint: known: out, target\n"
    )
    assert refused("x.npy", "--logits", "x.npy") == (
        "error: x.npy is one array, and the scores are given beside it\nhint: name the field that it is: --labels "
        "x.npy\n"
    )
    assert refused("x.npy") == (
        "error: labels are missing\n  logits  (700, 5)  x.npy\nhint: give one class index a sample: --labels\n"
    )
    assert refused("nowhere/*.npz") == "error: no file matches nowhere/*.npz\n"
    assert "error: nowhere.npz does not exist" in refused("nowhere.npz")


def test_parts_that_do_not_fit_are_refused(folder):
    given = batch()
    np.savez("a.npz", **given)
    np.savez("b.npz", **(given | {"logits": given["logits"][:, :4]}))
    np.savez("c.npz", **(given | {"weight": given["weight"] + 1}))
    np.savez("d.npz", logits=given["logits"])
    assert refused("a.npz", "b.npz") == (
        "error: b.npz:logits has shape (700, 4), but a.npz:logits has (700, 5)\n"
        "hint: parts of one batch may differ in their first axis alone\n"
    )
    assert refused("a.npz", "c.npz") == (
        "error: the parts of the batch have different weights\nhint: give one with --weight\n"
    )
    assert refused("a.npz", "d.npz", "-w", "1,1,1,1,1") == (
        "error: d.npz has no labels, and other parts of the batch have\n"
    )


def test_labels_of_a_file_are_checked_in_the_pass_and_there_is_no_part_of_an_answer(folder):
    given = batch()
    given["labels"][[40, 500]] = C
    np.savez("val.npz", **given)
    said = refused("val.npz", "--output", "answer.txt")
    assert said.splitlines()[0] == "error: labels[40] is 5, but logits has 5 classes (0..4) (and 1 more)"
    assert not (folder / "answer.txt").exists()


def test_json_documents_stay_batches_of_their_own_beside_arrays(folder):
    np.savez("val.npz", **batch())
    for name in ("a", "b"):
        (folder / f"{name}.json").write_text(json.dumps({"name": name, "logits": [[1, 2]], "labels": [0]}), "utf-8")
    ran = run("explain", "a.json", "val.npz", "b.json", *QUIET)
    assert [report["batch"]["n"] for report in json.loads(ran.out)] == [1, N, 1]


def test_no_rows_are_an_answer(folder):
    np.savez("none.npz", logits=np.zeros((0, 3), np.float32), labels=np.zeros(0, int))
    ran = run("explain", "none.npz", "--engine", "none")
    assert ran.code == 0
    assert "the batch is empty" in ran.out


@pytest.mark.parametrize("name", ["val.npz", "packed.npz"])
def test_any_number_of_processes_would_print_the_same(name, folder):
    save(name, batch())
    first: Ran = spawn("explain", str(folder / name), *QUIET)
    assert first.out == spawn("explain", str(folder / name), *QUIET).out
    assert first.code == 0


@pytest.mark.parametrize("soft", [False, True])
def test_arrays_of_many_axes_in_fortran_order_are_read_too(folder, soft):
    rng = np.random.default_rng(6)
    given = {"logits": rng.normal(size=(2, 3, 2, 4)).astype(np.float32), "weight": np.array([0.5, 2, 1.0])}
    given["labels"] = (
        rng.dirichlet(np.ones(3), size=(2, 2, 4)).transpose(0, 3, 1, 2) if soft else rng.integers(3, size=(2, 2, 4))
    )
    given["sample_weight"] = rng.uniform(0.5, 2, size=(2, 2, 4))
    expected = in_memory(given)
    np.savez("f.npz", **{name: np.asfortranarray(array) for name, array in given.items()})
    assert_same(numbers("f.npz"), expected)
    np.save("x.npy", np.asfortranarray(given["logits"]))
    np.savez_compressed(
        "y.npz", **{name: np.asfortranarray(given[name]) for name in ("labels", "weight", "sample_weight")}
    )
    assert_same(numbers("y.npz", "--logits", "x.npy"), expected)


def test_a_device_is_no_file():
    for command in (["explain"], ["identify", "0.5"], ["check"]):
        ran = run(*command, "/dev/zero")
        assert ran.code == 2
        assert "error: /dev/zero is a device, expected a file\n" in ran.err
    assert run("explain", "/dev/null").err == "error: /dev/null is empty, expected a JSON batch\n"
