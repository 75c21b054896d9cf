"""How far an answer may be off because its inputs were printed rounded.

Every printed number may be off by half a unit of its last digit: a score by δ, a number of a probability label by κ,
a class weight by ω, a sample weight by σ. A prime marks the true numbers. All methods are one sum, of terms from which
λ times their weight is taken:

    L' − L = (N' − λ·D') / D',    N − λ·D = Σₙ sₙ Σ_c w[c]·r[c],    r[c] = v[c]·x[c] − λ·u[c]

    placement    v          x    u                   λ = L where D is a sum of weights: what moves both cancels.
    class        q          a    1 at y              λ = 0 where D is a count, and N alone moves.
    sample       1 at y     ℓ    1 at y
    label-mix    q          ℓ    q

The moves of the factors of s·w·r are told apart, so that the weight of a class moves all its rows one way:

    Σ (|s|+σ)(|w|+ω)·Δr  +  Σₙ σ·|Σ_c w·r|  +  Σ_c ω·|Σₙ s·r|  +  Σ σ·ω·|r|,    Δr = (|v|+κ)·Δx + κ·|x − λ|
    Δℓ = Σ_c (|q|+κ)·Δa + κ·|a|

D' is at least |D| less what D moves by: the same sum with x = 0 and λ = −1, or the count of rows whose weight may be 0
or not. Of a D that is bent where a weight is 0 no bound is known, unless the weights are exact. Where another class may
be the argmax of a label row, its weight steps from w[y] to that one's. What a single loss may move by, Δa, is a matter
of its row: `precision.row_bounds`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS, LossValue
from wce_cli.loss.placements import PLACEMENTS
from wce_cli.loss.sums import Floats
from wce_cli.precision.row_bounds import RoundedRows, rounded_rows, times


class Moves(Struct, frozen=True):
    """How far Σₙ sₙ Σ_c w[c]·r[c] may move."""

    by_row: float = 0.0
    """All but the moves of the class weight alone."""
    by_class: Floats | float = 0.0
    """Σₙ s·r by class (C,), which those multiply."""

    def __add__(self, other: Moves) -> Moves:
        return Moves(self.by_row + other.by_row, self.by_class + other.by_class)

    def total(self, omega: Floats) -> float:
        """The sum of both, for the errors ω of the class weight (C,)."""
        return self.by_row + float((omega * np.abs(self.by_class))[omega > 0].sum())


class Reach(Struct, frozen=True):
    """How far the sums of one placement may move."""

    numerator: Moves = Moves()
    """N"""
    centred: Moves = Moves()
    """N − L·D, of a D that sums the weights."""
    weights: Moves = Moves()
    """That D."""
    losses: float = 0.0
    """Σℓ"""
    doubtful: int = 0
    """Rows whose weight may be 0, and may not be."""
    doubtful_counted: int = 0
    """Those of them whose weight is not 0 as it stands there."""
    is_open: bool = False
    """Whether a loss may be infinite, or not be."""

    def __add__(self, other: Reach) -> Reach:
        return Reach(
            self.numerator + other.numerator,
            self.centred + other.centred,
            self.weights + other.weights,
            self.losses + other.losses,
            self.doubtful + other.doubtful,
            self.doubtful_counted + other.doubtful_counted,
            self.is_open or other.is_open,
        )


@np.errstate(all="ignore")
def rounding_errors(batch: Batch, values: Sequence[LossValue]) -> Mapping[str, float]:
    """By pair: a bound of how far its value can be off, from the half-units of the spec; ∞ where there is none.

    Empty where all inputs are exact. Sums of errors, not a probable error: no input within the printed digits goes
    further. A value that is NaN or infinite whatever the digits is left out.
    """
    spec = batch.spec
    if not spec.half_units:
        return {}
    omega = spec.half_units.get("weight", np.zeros(spec.n_classes))
    means = {value.placement: value.value for value in values if METHODS[value.method].kind == "weights"}
    reach = dict.fromkeys(PLACEMENTS, Reach())
    for block in batch.blocks():
        rows = rounded_rows(block, spec)
        for name in PLACEMENTS:
            reach[name] = reach[name] + _reach(rows, name, means.get(name, 0.0), spec.n_classes)
    bounds = {value.pair: _error(value, reach[value.placement], omega) for value in values}
    return {pair: bound for pair, bound in bounds.items() if bound is not None}


def _error(value: LossValue, reach: Reach, omega: Floats) -> float | None:
    """|L' − L| of one value: what its numerator may move by, over the smallest denominator there may be."""
    moved, least, d_moves = reach.numerator.total(omega), abs(value.denominator), 0.0
    method = METHODS[value.method]
    if not method.is_weighted:
        moved = reach.losses
    elif method.kind == "weights":
        moved, d_moves = reach.centred.total(omega), reach.weights.total(omega)
        least -= d_moves
    elif method.kind == "nonzero":
        moved, d_moves = moved + abs(value.value) * reach.doubtful, float(reach.doubtful)
        least -= reach.doubtful_counted
    elif method.kind == "bent" and reach.weights.total(omega) > 0:
        d_moves = least = math.inf
        least = -least
    if math.isfinite(value.value):
        bound = moved / least if least > 0 else math.inf
        return math.inf if math.isnan(bound) else bound
    is_open = (math.isinf(value.value) and reach.is_open) or (d_moves > 0 and least <= 0)
    return math.inf if is_open else None


def factors(rows: RoundedRows, placement: str) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """v, Δv, x, Δx, u of some rows: what the pairs of `loss.terms` are made of, s·Σ_c w·v·x and s·Σ_c w·u."""
    one, exact = rows.at_label, np.zeros_like(rows.at_label)
    return {
        "class": (rows.q, rows.dq, rows.a, rows.da, one),
        "sample": (one, exact, rows.loss, rows.dloss, one),
        "label-mix": (rows.q, rows.dq, rows.loss, rows.dloss, rows.q),
    }[placement]


def _reach(rows: RoundedRows, placement: str, mean: float, n_classes: int) -> Reach:
    v, dv, x, dx, u = factors(rows, placement)
    jump = rows.jump if placement == "sample" else np.zeros_like(rows.jump)
    size, size_w = np.abs(rows.s) + rows.ds, np.abs(rows.w) + rows.dw

    def moves(x: Floats, dx: Floats, centre: float) -> Moves:
        r, far = v * x - centre * u, np.abs(x - centre)
        dr = (np.abs(v) + dv) * dx + times(dv, far)
        by_row = (
            (size * size_w * dr).sum()
            + times(rows.ds, np.abs((rows.w * r).sum(axis=1, keepdims=True))).sum()
            + times(rows.ds * rows.dw, np.abs(r)).sum()
            + times(size * jump, far + dx).sum()
        )
        by_class: Floats = np.bincount(rows.classes.ravel(), (rows.s * r).ravel(), n_classes).astype(np.float64)
        return Moves(float(by_row), by_class)

    nothing = np.zeros_like(rows.s)
    weight = (rows.w * u).sum(axis=1, keepdims=True)
    off = (rows.dw * np.abs(u) + (size_w * dv if placement == "label-mix" else 0)).sum(axis=1, keepdims=True) + jump
    doubtful = ((off > 0) & (np.abs(weight) <= off)) | ((rows.ds > 0) & (np.abs(rows.s) <= rows.ds))
    return Reach(
        numerator=moves(x, dx, 0.0),
        centred=moves(x, dx, mean),
        weights=moves(nothing, nothing, -1.0),
        losses=float(rows.dloss.sum()),
        doubtful=int(doubtful.sum()),
        doubtful_counted=int((doubtful & (weight * rows.s != 0)).sum()),
        is_open=bool(np.isinf(rows.da).any()),
    )
