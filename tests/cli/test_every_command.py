"""Every file that is wrong, through every command that takes a batch: one refusal, the same from all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from tests.cli.test_broken_files import VARIANTS, WRITERS, broken
from tests.run import run

N, C = 7, 3
LOGITS = np.random.default_rng(0).normal(size=(N, C))
LABELS = np.array([0, 1, 2, 0, 1, 2, 0])
PROBS = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
ONE_HOT = np.eye(C, dtype=np.int64)[LABELS]

COMMANDS: dict[str, tuple[str, ...]] = {
    "explain": ("explain", "--engine", "none"),
    "terms": ("explain", "--only", "terms", "--sort", "loss"),
    "json": ("explain", "--format", "json", "--label-smoothing", "0.1"),
    "split": ("split", "--size", "2"),
    "shuffled": ("split", "--size", "2", "--shuffle", "1"),
    "gradient": ("gradient",),
    "sweep": ("sweep", "--class", "0"),
    "sweep smoothing": ("sweep", "--smoothing"),
    "identify": ("identify", "1.3197"),
    "identify deep": ("identify", "1.3197", "--depth", "2", "--separate"),
    "losses": ("identify", "--loss-values", "1 2 3 4 5 6 7"),
    "gradients": ("identify", "--gradient-values", "0.1 " * (N * C)),
    "check": ("check", "--expect", "batch-mean=1.3197"),
    "save": ("check", "--expect", "loss=1 2 3 4 5 6 7"),
}


def changed(array: np.ndarray, n: Any, value: Any, dtype: Any = None) -> np.ndarray:
    found = array.astype(dtype or array.dtype)
    found[n] = value
    return found


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "half": ({"labels": changed(LABELS, 3, 0.5, float)}, "labels[3] is 0.5, expected a whole number"),
    "nan": ({"labels": changed(LABELS, 3, np.nan, float)}, "labels[3] is nan, expected a whole number"),
    "infinite": ({"labels": changed(LABELS, 3, np.inf, np.float32)}, "labels[3] is inf, but"),
    "the number of classes": ({"labels": changed(LABELS, 3, C)}, "labels[3] is 3, but"),
    "one of 32 bits": ({"labels": changed(LABELS, [2, 6], 77, np.int32)}, "labels[2] is 77, but"),
    "below 0": ({"labels": changed(LABELS, 3, -1)}, "labels[3] is -1, but"),
    "torch's skip in 8 bits": ({"labels": changed(LABELS, 3, 256 - 100, np.uint8)}, "labels[3] is 156, but"),
    "nothing fits": ({"labels": LABELS + 2**40}, "labels[0] is 1099511627776, but"),
    "probability": ({"probs": changed(PROBS, (2, 1), 1.5)}, "probs[2][1] is 1.5, expected a probability from 0 to 1"),
    "negative": ({"probs": changed(PROBS, (2, 1), -0.1)}, "probs[2][1] is -0.1, expected a probability from 0 to 1"),
    "two hot": ({"labels": changed(ONE_HOT, (4, 0), 1)}, "row 4 of the labels has a 1 in 2 places"),
    "none hot": ({"labels": changed(ONE_HOT, 4, 0)}, "row 4 of the labels has no 1"),
    "too few": ({"labels": LABELS[:-1]}, "7 samples (3 classes) but 6 labels"),
    "too many weights": ({"weight": np.ones(C + 1)}, "4 weights for 3 classes"),
    "sample weights": ({"sample_weight": np.ones(N + 1)}, "sample_weight has shape (8,), expected one for each"),
}


def fields(change: Mapping[str, Any]) -> dict[str, np.ndarray]:
    scores = {} if "probs" in change else {"logits": LOGITS}
    return {**scores, "labels": LABELS, **change}


def save_torch(path: str, given: Mapping[str, np.ndarray]) -> None:
    torch.save({name: torch.from_numpy(array) for name, array in given.items()}, path)


def save_half(path: str, given: Mapping[str, np.ndarray]) -> None:
    """Labels in bfloat16, which numpy has not."""
    save_torch(path, given)
    saved = torch.load(path)
    torch.save({**saved, "labels": saved["labels"].to(torch.bfloat16)}, path)


FORMATS: dict[str, Callable[[str, Mapping[str, np.ndarray]], Any]] = {
    "a.npz": lambda path, given: np.savez(path, **given),
    "packed.npz": lambda path, given: np.savez_compressed(path, **given),
    "a.safetensors": lambda path, given: safetensors.numpy.save_file(dict(given), path),
    "a.pt": save_torch,
    "half.pt": save_half,
    "a.json": lambda path, given: Path(path).write_text(json.dumps({k: v.tolist() for k, v in given.items()})),
}


def files(name: str, given: Mapping[str, np.ndarray]) -> list[str]:
    """The arguments that name a batch which was written in a format."""
    if name != "single.npy":
        FORMATS[name](name, given)
        return [name]
    words = []
    for field, array in given.items():
        np.save(f"{field}.npy", array)
        words += [f"--{field.replace('_', '-')}", f"{field}.npy"]
    return words


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


TYPED = ("-x", "2 1 0; 0 1 2; 1 1 1; 0 3 1; 2 0 1; 1 0 0", "-y", "0,1,-100,1,2,0", "-w", "1,0.25,3")
SCREENS = (
    ("split", "--size", "1"),
    ("gradient",),
    ("gradient", "--label-smoothing", "0.1"),
    ("gradient", "--rows", "0"),
    ("gradient", "--method", "all"),
    ("sweep", "--class", "0"),
    ("sweep", "--smoothing"),
    ("sweep", "--scale"),
)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("command", SCREENS, ids=" ".join)
def test_every_width_is_kept_to_and_ascii_too(command, width):
    for encoding in ("utf-8", "ascii"):
        ran = run(command[0], *TYPED, *command[1:], "--width", str(width), encoding=encoding)
        assert (ran.code, ran.err) == (0, "")
        assert max(map(len, ran.out.splitlines())) <= width
        assert "\\" not in ran.out


@pytest.mark.parametrize("name", [*FORMATS, "single.npy"])
def test_what_is_wrong_with_a_batch_is_said_alike_by_every_command(name):
    assert run("explain", *files(name, fields({})), "--engine", "none").code == 0
    for change, said in WRONG.values():
        if name == "half.pt" and said.startswith("labels[0]"):
            continue  # bfloat16 has not so many digits
        arguments = files(name, fields(change))
        if name == "half.pt" and said.startswith("row "):
            continue  # integers are meant
        for command in COMMANDS.values():
            ran = run(command[0], *arguments, *command[1:])
            errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
            assert ran.code == 2, (command, said, ran.err, ran.out)
            assert len(errors) == 1, (command, ran.err)
            assert errors[0].startswith(f"error: {said}"), (command, ran.err)
            assert ran.out == "" or command[0] == "check", command


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_labels_that_begin_elsewhere_and_labels_that_wrap_around(command):
    arguments = files("single.npy", fields({}))
    ran = run(command[0], *arguments, *(word if word != "0" else "1" for word in command[1:]), "--label-base", "1")
    assert (ran.code, ran.err.count("error: ")) == (2, 1), ran.err
    assert "error: labels[0] is 0, but logits has 3 classes (1..3) (and 2 more)\n" in ran.err
    for value, ignored in ((2**64 - 100, "-100"), (2**63 + 1, "1"), (2**60 + 1, str(2**60))):
        arguments = files("single.npy", fields({"labels": changed(LABELS, 3, value, np.uint64)}))
        ran = run(command[0], *arguments, *command[1:], "--ignore-index", ignored)
        assert ran.code == 2, (ignored, ran.out)
        assert "error: labels[3] is " in ran.err


@pytest.mark.parametrize("kind", ["rows", "fortran", "images", "parts"])
def test_the_first_that_is_wrong_and_the_count_are_those_of_the_whole_file(kind):
    """Each command reads some rows at a time: what it says is not about those alone."""
    x, y = np.zeros((60_000, 100), np.float32), np.zeros(60_000, np.int64)
    y[[20_001, 20_002, 59_999]] = 100, -3, 555
    if kind == "images":
        x, y = x.reshape(600, 100, 100), y.reshape(600, 100)
    arguments = ["a.npz"]
    if kind == "parts":
        for k in range(3):
            np.savez(f"part{k}.npz", logits=x[20_000 * k :][:20_000], labels=y[20_000 * k :][:20_000])
        arguments = [f"part{k}.npz" for k in range(3)]
    else:
        np.savez("a.npz", logits=np.asfortranarray(x) if kind == "fortran" else x, labels=y)
    place = "labels[200][1]" if kind == "images" else "labels[20001]"
    for name in ("explain", "gradient", "sweep", "identify", "check"):
        command = COMMANDS[name]
        ran = run(command[0], *arguments, *command[1:])
        assert ran.code == 2, (name, ran.err)
        assert f"error: {place} is 100, but logits has 100 classes (0..99) (and 2 more)\n" in ran.err, name
        assert ("  labels[20001] is labels[1] of part1.npz:labels\n" in ran.err) == (kind == "parts")


@pytest.mark.filterwarnings("ignore")  # torch's, about old files
@pytest.mark.parametrize("name", WRITERS)
def test_any_bytes_are_an_answer_or_a_refusal_of_every_command(name, tmp_path):
    WRITERS[name](name)
    np.save("y.npy", np.arange(7) % 5)
    content = Path(name).read_bytes()
    arguments = ["--logits", name, "--labels", "y.npy"] if name == "x.npy" else [name]
    commands = [command for key, command in COMMANDS.items() if key not in ("explain", "json", "identify deep")]
    for seed in range(VARIANTS):
        Path(name).write_bytes(broken(content, np.random.default_rng(1000 + seed)))
        command = commands[seed % len(commands)]
        ran = run(command[0], *arguments, *command[1:])
        assert ran.code in (0, 1, 2), (seed, command, ran.err)
        assert "Traceback" not in ran.err, (seed, command, ran.err)
        if ran.code == 2:
            assert ran.err.count("\n") <= 14, (seed, command, ran.err)
