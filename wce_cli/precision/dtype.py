"""How far a number may be off that a framework computed, by the dtype it came in.

u is what the dtype rounds (`digits.UNITS`); D is what the loss is divided by; t and w are the terms and their weights.

    float64, float32     four roundings of what the loss is made of, x[y] and a logsumexp among it:
                         4u · (Σ|t| + Σ|w|·(1 + |logsumexp|)) / |D|.  Torch's float32 was at most 2.8u of it off.
    float16, bfloat16    so many would be as large as the differences between methods. Each rounding is uniform within
                         ±u of what is rounded, so four standard deviations of what torch's own sums round:
                         σ² = u²/3 · (Σ(|t| + |w|)² + (2 + m/3)·(Σ|t|)² + m/3·(|L|·Σ|w|)²) / D²,  m = min(N, 16).
                         The first is that of the losses, the others of adding up: torch adds 16 numbers one after
                         another, then those sums. The last only where D is a sum of weights too. Torch was at most
                         3.4σ off.

The inputs of the 16-bit dtypes are looked at as well: who gives the batch in full and computed in bfloat16 has rounded
it, so the number may be off by what that moves it. Of a batch that is in bfloat16 itself, it moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec import Struct, structs

from wce_cli.batches.batch import Batch
from wce_cli.digits import UNITS
from wce_cli.loss.methods import METHODS, SUM, UNWEIGHTED, LossValue, loss_values
from wce_cli.loss.spec import Block, Spec
from wce_cli.loss.sums import Floats, exact_sum
from wce_cli.loss.terms import Terms, block_terms, listed_numbers, pairs
from wce_cli.loss.totals import Totals, block_totals

HALF = ("float16", "bfloat16")
ROUNDINGS = 4
LEAST_ROUNDING = 1e-12
"""Of a float64 in place of 4u: other code than ours adds in another order, and torch does not sum exactly."""
DEVIATIONS = 4
ONE_BY_ONE = 16
"""Numbers that torch adds one after another."""


class Sizes(Struct, frozen=True):
    """The magnitudes that roundings are relative to, by kept row (n,)."""

    term: Floats
    weight: Floats
    logsumexp: Floats


def allowed(batch: Batch, value: LossValue, dtype: str, scale: float) -> float:
    """How far a number of `dtype` may be from `value`. `scale`: what float32 and float64 are held by."""
    if dtype not in HALF:
        return _per_scale(dtype) * scale
    parts = [sizes(terms, batch.spec, value.method, value.placement) for terms in _terms(batch)]
    n = sum(len(part.term) for part in parts)
    each = math.hypot(*(_root_of_squares(part.term + part.weight) for part in parts))
    term = exact_sum(np.array([part.term.sum() for part in parts]))
    added = min(n, ONE_BY_ONE) / 3
    rounded = [each, math.sqrt(2 + added) * term]
    if METHODS[value.method].adds_weights:
        weight = exact_sum(np.array([part.weight.sum() for part in parts]))
        rounded.append(math.sqrt(added) * value.value * weight)
    off = 0.0
    if value.denominator:
        off = DEVIATIONS * UNITS[dtype] * (math.hypot(*rounded) / math.sqrt(3) / abs(value.denominator))
    moved = abs(_rounded_value(batch, dtype, value) - value.value)
    return sum(part for part in (off, moved) if math.isfinite(part))


def allowed_by_row(batch: Batch, what: str, dtype: str) -> list[float]:
    """How far each number of a list, `loss` or `term`, may be off: each is a sum of one."""
    kind, _, placement = what.partition("/")
    method, placement = (UNWEIGHTED if kind == "loss" else SUM), placement or "class"
    found: list[float] = []
    for block in batch.blocks():
        terms = block_terms(block, batch.spec)
        part = sizes(structs.replace(terms, kept=np.ones_like(terms.kept)), batch.spec, method, placement)
        if dtype in HALF:
            rounded_sizes = np.hypot(part.term + part.weight, math.sqrt(2 + 1 / 3) * part.term)
            off = DEVIATIONS * UNITS[dtype] * (rounded_sizes / math.sqrt(3))
            spec = _rounded_spec(batch.spec, dtype)
            rounded = block_terms(_rounded_block(block, dtype), spec)
            moved = np.abs(listed_numbers(rounded, what, spec) - listed_numbers(terms, what, batch.spec))
            off = off + np.where(np.isfinite(moved), moved, 0.0)
        else:
            off = _per_scale(dtype) * (part.term + part.weight * (1 + part.logsumexp))
        found += np.where(np.isfinite(off), off, 0.0).tolist()
    return found


def scale_of(batch: Batch, value: LossValue) -> float:
    """What the rounding of a loss is relative to: (Σ|t| + Σ|w|·(1 + |logsumexp|)) / |D|; 0 where D is 0."""
    parts = (sizes(terms, batch.spec, value.method, value.placement) for terms in _terms(batch))
    whole = [part.term + part.weight * (1 + part.logsumexp) for part in parts]
    total = exact_sum(np.array([part[np.isfinite(part)].sum() for part in whole]))
    return total / abs(value.denominator) if value.denominator else 0.0


def sizes(terms: Terms, spec: Spec, method: str, placement: str) -> Sizes:
    """What the rounding of a method is relative to, row by row."""
    is_weighted = METHODS[method].is_weighted
    weight = np.abs(spec.class_weight) if is_weighted else np.ones(spec.n_classes)
    s = np.abs(terms.sample_weight) if is_weighted else np.ones_like(terms.sample_weight)
    asked = structs.replace(terms, sample_weight=s)
    by_placement = pairs(asked, weight, spec.label_smoothing)
    mixed = by_placement["label-mix" if placement == "class" else placement][1]
    assert mixed is not None
    logsumexp = np.zeros(len(s)) if terms.logsumexp is None else np.abs(terms.logsumexp)
    kept = terms.kept
    return Sizes(np.abs(by_placement[placement][0])[kept], mixed[kept], logsumexp[kept])


def rounded_to(dtype: str, numbers: Floats) -> Floats:
    """The nearest numbers of a 16-bit dtype, the even one of two.

    >>> rounded_to("bfloat16", np.array([0.1, 1 + 2**-8, 1e39])).tolist()
    [0.10009765625, 1.0, inf]
    """
    with np.errstate(over="ignore"):
        if dtype == "float16":
            return numbers.astype(np.float16).astype(np.float64)
        bits = np.ascontiguousarray(numbers, dtype=np.float32).view(np.uint32).astype(np.uint64)
    finite = np.isfinite(numbers)
    bits = np.where(finite, (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000, bits)
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def _root_of_squares(sizes: Floats) -> float:
    """√Σx² of sizes x ≥ 0, whose squares may be beyond float64."""
    largest = float(sizes.max(initial=0.0))
    if not 0.0 < largest < math.inf:
        return largest
    return largest * math.sqrt(float(((sizes / largest) ** 2).sum()))


def _per_scale(dtype: str) -> float:
    return max(ROUNDINGS * UNITS[dtype], LEAST_ROUNDING)


def _terms(batch: Batch) -> Iterator[Terms]:
    return (block_terms(block, batch.spec) for block in batch.blocks())


def _rounded_value(batch: Batch, dtype: str, value: LossValue) -> float:
    """The loss of the batch as it is after its numbers are rounded."""
    spec = _rounded_spec(batch.spec, dtype)
    totals: Totals | None = None
    for block in batch.blocks():
        part = block_totals(block_terms(_rounded_block(block, dtype), spec), spec.n_classes, spec.layout.positions)
        totals = part if totals is None else totals + part
    if totals is None:
        return value.value
    found = loss_values(totals, spec.class_weight, spec.label_smoothing)
    return next((one.value for one in found if one.pair == value.pair), value.value)


def _rounded_spec(spec: Spec, dtype: str) -> Spec:
    return spec if spec.weight is None else structs.replace(spec, weight=rounded_to(dtype, spec.weight))


def _rounded_block(block: Block, dtype: str) -> Block:
    labels = block.labels
    return structs.replace(
        block,
        scores=rounded_to(dtype, block.scores),
        labels=rounded_to(dtype, labels.astype(np.float64)) if labels.dtype.kind == "f" else labels,
        sample_weight=rounded_to(dtype, block.sample_weight),
    )
