"""The names that people have for the fields of a batch, wherever they write them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.run import run
from wce_cli.field_hints import HINTS, hint_of
from wce_cli.fields import ALIASES, MEANT, by_field, field_of, names_of
from wce_cli.inputs.batch_keys import KEYS

X, Y, W = [[0.1, 0.9], [0.0, 0.1]], [0, 1], [0.1, 1.0]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer(*arguments: str, stdin: bytes = b"") -> str:
    ran = run("explain", *arguments, "--engine", "none", "--only", "value", "--method", "weighted-mean", stdin=stdin)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def test_no_name_means_two_fields_and_none_that_has_a_hint_means_one():
    assert sum(map(len, ALIASES.values())) == len(MEANT)
    assert not set(MEANT) & (set(ALIASES) | set(HINTS) | set(KEYS))
    assert set(ALIASES) < set(KEYS)
    for name in HINTS:
        assert "{" not in hint_of(name, str)


def test_a_name_is_found_with_the_one_it_stands_beside():
    assert (field_of("target"), field_of("labels"), field_of("colour")) == ("labels", "labels", "colour")
    assert names_of("sample_weight") == ("sample_weight", "sample_weights")
    found, problems = by_field(["input", "y", "target", "gt"], repr)
    assert found == {"logits": "input", "labels": "y"}
    assert [problem.message for problem in problems] == [
        "'y' and 'target' are both given, and mean the same",
        "'y' and 'gt' are both given, and mean the same",
    ]


@pytest.mark.parametrize("alias", sorted(MEANT))
def test_an_alias_is_an_option_a_key_and_a_keyword(alias):
    from wce_cli import explain

    values = {"logits": X, "labels": Y, "weight": W}
    values |= {
        "log_probs": {"log_probs": np.log([[0.3, 0.7], [0.5, 0.5]]).tolist()},
        "probs": {"probs": [[0.3, 0.7], [0.5, 0.5]]},
        "sample_weight": {"sample_weight": [1, 2]},
        "classes": {"classes": ["cat", "dog"]},
        "ignore_index": {"ignore_index": 1},
        "label_smoothing": {"label_smoothing": 0.1},
    }.get(MEANT[alias], {})
    if MEANT[alias] in ("probs", "log_probs"):
        del values["logits"]
    renamed = {alias if field == MEANT[alias] else field: value for field, value in values.items()}
    expected = answer(stdin=json.dumps(values).encode())
    assert answer(stdin=json.dumps(renamed).encode()) == expected
    for dash in "-_":
        words = [(f"--{name.replace('_', dash)}", value) for name, value in renamed.items()]
        written = [",".join(v) if isinstance(v, list) and isinstance(v[0], str) else json.dumps(v) for _, v in words]
        assert answer(*(word for k, (option, _) in enumerate(words) for word in (option, written[k]))) == expected
    assert repr(explain(**renamed, engines=()).value("weighted-mean")) == expected


@pytest.mark.parametrize(
    ("members", "note"),
    [
        ({"input": X, "target": Y}, "read input as logits, target as labels"),
        ({"logits": X, "y_true": Y, "input": np.zeros((2, 3, 4, 4))}, "read y_true as labels"),
        ({"probs": [[0.3, 0.7], [0.5, 0.5]], "label_ids": Y, "class_weights": W}, "label_ids as labels, class_weights"),
        ({"y_logits": X, "targets": Y, "sample_weights": [1, 1]}, "sample_weights as sample_weight"),
        ({"logits": X, "gt": Y, "ignore_label": 255}, "gt as labels, ignore_label as ignore_index"),
    ],
)
def test_an_alias_is_a_member_of_a_file_of_arrays_and_the_note_says_so(members, note):
    np.savez("b.npz", **{name: np.asarray(value) for name, value in members.items()})
    known = {field_of(name): value for name, value in members.items() if name != "input" or "logits" not in members}
    ran = run("explain", "b.npz", "--engine", "none", "--only", "methods")
    assert note in ran.err
    np.savez("ours.npz", **{name: np.asarray(value) for name, value in known.items()})
    assert ran.out == run("explain", "ours.npz", "--engine", "none", "--only", "methods").out


def test_what_a_model_was_given_is_not_what_it_returned():
    np.savez("b.npz", input=np.zeros((2, 3)), output=np.asarray(X), target=np.asarray(Y))
    ran = run("explain", "b.npz")
    assert ran.err == (
        "error: b.npz has no member logits, log_probs or probs: it holds input (2, 3) float64, output (2, 2) float64, "
        "target (2,) int64\n"
        "hint: output holds numbers from 0 to 1: --probs b.npz:output for the loss of probabilities, --logits "
        "b.npz:output if the loss took a softmax of them\n"
    )
    assert answer("b.npz", "--logits", "b.npz:output") == answer("-x", json.dumps(X), "-y", "0,1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--target", "0,1", "--labels", "0,1"), "--target and --labels"),
        (("-y", "0,1", "--y-true", "1,0"), "-y and --y-true"),
        (("--targets=0,1", "--y_true", "0,1"), "--targets and --y_true"),
        (("-y", "0,1", "--weight", "1,1", "--class-weights", "1,1"), "--weight and --class-weights"),
    ],
)
def test_a_field_by_two_names_is_refused(arguments, said):
    ran = run("explain", "-x", "0.1 0.9; 0 0.1", *arguments)
    assert ran.code == 2
    assert ran.err == f"error: {said} are both given, and mean the same\nhint: leave one of them out\n"


def test_two_names_in_a_file_are_refused_and_the_last_of_one_option_counts():
    ran = run("explain", stdin=json.dumps({"logits": X, "labels": Y, "target": Y}).encode())
    assert ran.err.startswith('error: "labels" and "target" are both given, and mean the same\n')
    np.savez("b.npz", logits=X, labels=Y, target=Y)
    ran = run("explain", "b.npz")
    assert ran.err.startswith("error: b.npz:labels and b.npz:target are both given, and mean the same\n")
    assert ran.err.endswith("\nhint: name one: --labels b.npz:labels\n")
    answer("b.npz", "--labels", "b.npz:target")
    assert answer("-x", json.dumps(X), "-y", "1,1", "-y", "0,1") == answer("-x", json.dumps(X), "--labels", "0,1")
    assert answer(stdin=json.dumps({"logits": X, "labels": Y, "target": None}).encode())


def test_the_columns_of_a_table_have_the_same_names():
    rows = "".join(f"{a},{b},{label},1\n" for (a, b), label in zip(X, Y, strict=True))
    for label, weight in (("labels", "sample_weight"), ("gt_label", "sample_weights"), ("Label_IDs", "sample_weight")):
        with open("t.csv", "w", encoding="utf-8") as file:
            file.write(f"cat,dog,{label},{weight}\n{rows}")
        assert answer("t.csv") == answer("-x", json.dumps(X), "-y", "0,1")
