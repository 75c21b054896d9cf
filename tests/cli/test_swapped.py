"""Scores and labels in each other's place, from every kind of source: the hint, typed, answers."""

from __future__ import annotations

import json
import shlex

import numpy as np
import pytest
import torch

import wce_cli
from tests.run import hint, run
from wce_cli.errors import WceError

X, Y = np.array([[0.1, 0.9], [0.0, 0.1], [1.0, 2.0]]), np.array([0, 1, 1])
LOOKS = "each looks like the other: "


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(suffix: str, **arrays: np.ndarray) -> None:
    for name, array in arrays.items():
        if suffix == ".npy":
            np.save(f"{name}.npy", array)
        else:
            torch.save(torch.from_numpy(np.asarray(array)), f"{name}{suffix}")


@pytest.mark.parametrize("suffix", [".npy", ".pt"])
@pytest.mark.parametrize(("x", "y"), [(X, Y), (X[:1], Y[:1]), (X[0], Y[0]), (X, Y.astype(np.int32)), (X, Y[:, None])])
@pytest.mark.parametrize("command", ["explain", "check", "identify"])
def test_files_in_each_others_place(command, x, y, suffix):
    save(suffix, x=x, y=y)
    beside = {"explain": (), "check": ("--expect", "sum=1"), "identify": ("0.5",)}[command]
    told = hint(command, *beside, "-x", f"y{suffix}", "-y", f"x{suffix}")
    assert told == f"{LOOKS}--logits x{suffix} --labels y{suffix}"
    if y.ndim < 2:
        answered = run(command, *beside, *shlex.split(told.removeprefix(LOOKS)))
        assert answered.code in (0, 1)


def test_members_in_each_others_place():
    np.savez("a.npz", logits=Y, labels=X)
    torch.save({"logits": torch.from_numpy(Y), "labels": torch.from_numpy(X)}, "a.pt")
    for file in ("a.npz", "a.pt"):
        told = hint("explain", file)
        assert told == f"{LOOKS}--logits {file}:labels --labels {file}:logits"
        assert run("explain", *shlex.split(told.removeprefix(LOOKS))).code == 0


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("0", "0.1 0.9"),
        ("1", "[[0.1, 0.9]]"),
        ("[1]", "[[0.1, 0.9]]"),
        ("[1]", "0.1 0.9 2"),
        ("0,1,1", "0.1 0.9; 0 0.1; 1 2"),
        ("0;1;1", "0.1 0.9; 0 0.1; 1 2"),
        ("2,1", "0.1 0.9; 0 0.1"),
    ],
)
def test_typed_values_in_each_others_place(x, y):
    assert hint("explain", "-x", x, "-y", y) == f"{LOOKS}swap --logits and --labels"


@pytest.mark.parametrize(
    ("x", "y"), [("0.5", "0.1 0.9"), ("7,5", "0.1 0.9; 0 0.1"), ("0,1,1", "0.1 0.9; 0 0.1"), ("0", "0"), ("-1", "1 2")]
)
def test_what_is_no_class_index_is_not_said_to_be_labels(x, y):
    assert "swap" not in run("explain", "-x", x, "-y", y).err


@pytest.mark.parametrize(
    ("x", "y"), [(Y.tolist(), X.tolist()), (torch.from_numpy(Y), torch.from_numpy(X)), (Y[0], X[0]), (1, [0.1, 0.9])]
)
def test_in_python_and_in_a_document(x, y):
    with pytest.raises(WceError) as caught:
        wce_cli.explain(x, y)
    assert str(caught.value).endswith(f"hint: {LOOKS}swap logits= and labels=")
    batch = {"logits": np.asarray(x).tolist(), "labels": np.asarray(y).tolist()}
    ran = run("explain", stdin=json.dumps(batch).encode())
    assert ran.err.endswith(f"hint: {LOOKS}swap logits and labels\n")


def test_of_two_files_of_arrays_the_one_of_fewer_axes_holds_the_labels():
    save(".npy", x=X, y=Y)
    for files in (("x.npy", "y.npy"), ("y.npy", "x.npy")):
        assert hint("explain", *files).endswith("labels have an option of their own: --labels y.npy")
