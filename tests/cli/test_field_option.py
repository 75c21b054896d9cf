"""Values that were printed and pasted: the answer is never further from the true one than is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from wce_cli.batches.batch import Batch
from wce_cli.cli.field_option import read_given
from wce_cli.questions.explain.of_batch import explain_batch


def numpy_print(array: np.ndarray, dtype: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    printed = array.astype("float32" if dtype == "bfloat16" else dtype)
    with np.printoptions(precision=int(rng.choice([4, 6, 8])), suppress=bool(rng.integers(2))):
        return printed, str(printed) if rng.integers(2) else repr(printed)


def torch_print(array: np.ndarray, dtype: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(array, dtype=getattr(torch, dtype))
    torch.set_printoptions(precision=int(rng.choice([2, 4, 4, 8])))
    try:
        return tensor.double().numpy(), repr(tensor)
    finally:
        torch.set_printoptions(profile="default")


PRINTS = {"numpy": numpy_print, "torch": torch_print}


@pytest.mark.parametrize("printer", PRINTS)
@pytest.mark.parametrize("seed", range(60))
def test_the_true_answer_is_within_the_bound_of_its_print(printer, seed):
    rng = np.random.default_rng(seed)
    n, c = 6, 4
    logits = rng.normal(size=(n, c)) * rng.choice([0.5, 5.0, 100.0])
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    kind = str(rng.choice(["logits", "probs", "log_probs"]))
    fields: dict[str, Any] = {kind: {"logits": logits, "probs": p, "log_probs": np.log(np.maximum(p, 1e-300))}[kind]}
    plain: dict[str, Any] = {"label_smoothing": float(rng.choice([0.0, 0.1]))}
    if rng.integers(2):
        fields["weight"] = rng.uniform(0.1, 2, size=c)
    if rng.integers(2):
        fields["sample_weight"] = rng.uniform(0.1, 2, size=n)
    if rng.integers(2):
        fields["labels"] = rng.dirichlet(np.ones(c), size=n)
    else:
        plain["labels"] = np.where(rng.random(n) < 0.2, -100, rng.integers(c, size=n))
    # numpy says no dtype in str(): one that is wide enough to read the digits back by, or none at all.
    dtype = str(rng.choice(["float32", "float64"] if printer == "numpy" else ["float32", "float64", "bfloat16"]))
    true, read, half_units = {}, {}, {}
    for field, array in fields.items():
        true[field], text = PRINTS[printer](array, dtype, rng)
        given = read_given(field, text)
        read[field] = given.value
        if given.half_units is not None:
            half_units[field] = given.half_units
    with np.errstate(all="ignore"):
        ours = explain_batch(Batch.build(**plain, **read, half_units=half_units))
        theirs = explain_batch(Batch.build(**plain, **true))
    for mine, exact in zip(ours.methods, theirs.methods, strict=True):
        if math.isfinite(mine.value) and math.isfinite(exact.value):
            left_open = mine.rounding or 0.0
            assert abs(mine.value - exact.value) <= left_open * (1 + 1e-9) + 1e-12 * max(1.0, abs(exact.value)), (
                mine.pair
            )
        elif math.isfinite(exact.value):
            assert mine.rounding == math.inf, mine.pair


def test_what_was_typed_has_no_half_units():
    for text in ("0.1 0.9; 0 0.1", "[[0.1, 0.9], [0, 0.1]]", "np.array([[0.1, 0.9]])", "torch.tensor([[0.1234, 0.9]])"):
        assert read_given("logits", text).half_units is None


@pytest.mark.parametrize(
    ("field", "text", "note"),
    [
        ("logits", "[tensor([0.1000, 0.9000]), tensor([0.3000, 0.7000])]", "2 samples × 2 classes from a tensor repr"),
        ("logits", "[tensor([0.1000, 0.9000])]", "1 sample × 2 classes from a tensor repr"),
        ("logits", "tensor([0.1000, 0.9000])", "1 sample × 2 classes from a tensor repr"),
        ("labels", "[tensor(0), tensor(1)]", "2 labels from a tensor repr"),
    ],
)
def test_the_note_counts_what_was_read(field, text, note):
    assert read_given(field, text).note.startswith(f"--{field}: read {note}")
