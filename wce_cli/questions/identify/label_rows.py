"""What an odd reading makes of the label's class alone, row by row, as fast as language models need it.

`odd_readings` says what each reading makes of every class; with index labels and no smoothing one class a row is asked
for. What is shared, exp(x) and the softmax, is computed once for all readings, in memory that a core's cache holds.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from wce_cli.loss.fast.index_labels import label_losses
from wce_cli.loss.readings import READINGS, ScoreKind, read_logits
from wce_cli.loss.sums import Floats, Ints

FOLDS = 8
"""How often factors are multiplied pair by pair before the log is taken: 256 of them become one."""
HALF = 0.5


class LabelRows(Struct, frozen=True):
    """Some kept rows with index labels, and what their readings share."""

    scores: Floats
    """(m, C)"""
    label: Ints
    """(m,)"""
    powers: Floats
    """exp(x) (m, C) of logits, p of other scores."""
    p: Floats
    """What −log p is the right reading's loss of (m, C)."""
    loss: Floats
    """−log p[y] (m,)"""
    weight: Floats
    """Class weight (C,)."""
    scratch: Floats
    """Room for (m, C), for whoever asks first."""

    @property
    def target(self) -> Floats:
        """x[y] (m,)"""
        return self.of_label(self.scores)

    def of_label(self, of_class: Floats) -> Floats:
        """The number of the label's class of every row (m,)."""
        found: Floats = of_class[np.arange(len(self.label)), self.label]
        return found


class LabelReader:
    """Reads some rows at a time, into the same memory again and again."""

    def __init__(self, kind: ScoreKind, weight: Floats, most: int) -> None:
        """`most`: how many rows are read at once."""
        self.kind, self.weight = kind, weight
        self.memory = [np.empty((most, len(weight))) for _ in range(3)]

    def read(self, scores: Floats, label: Ints) -> LabelRows:
        """The rows (m, C) with their labels (m,), good until the next ones are read."""
        powers, p, scratch = (array[: len(scores)] for array in self.memory)
        at = (np.arange(len(label)), label)
        if self.kind != "logits":
            p = scores if self.kind == "probs" else np.exp(scores, out=p)
            return LabelRows(scores, label, p, p, READINGS[self.kind](scores).at(label), self.weight, scratch)
        others = _others(np.exp(scores, out=powers), at)
        loss, outside = label_losses(scores[at], others)
        np.multiply(powers, (1 / (others + powers[at]))[:, None], out=p)
        if outside is not None:
            reading = read_logits(scores[outside])
            p[outside], loss[outside] = np.exp(-reading.every()), reading.at(label[outside])
        return LabelRows(scores, label, powers, p, loss, self.weight, scratch)


def softmax_loss(rows: LabelRows, scores: Floats) -> Floats:
    """−log softmax at the label of other scores (m, C) than the rows', which are not in `rows.scratch`. (m,)"""
    at = (np.arange(len(rows.label)), rows.label)
    target = scores[at]
    others = _others(np.exp(scores, out=rows.scratch), at)
    loss, outside = label_losses(target, others)
    if outside is not None:
        loss[outside] = read_logits(scores[outside]).at(rows.label[outside])
    return loss


def binary_logit_loss(rows: LabelRows) -> Floats:
    """Σ_c log(1 + exp x[c]) − x[y], the binary cross-entropy of every class's sigmoid. (m,)"""
    summed = log_product(np.add(rows.powers, 1.0, out=rows.scratch))
    beyond = ~np.isfinite(summed)
    if beyond.any():
        summed[beyond] = np.logaddexp(0.0, rows.scores[beyond]).sum(axis=1)
    loss: Floats = summed - rows.target
    return loss


def binary_loss(rows: LabelRows) -> Floats:
    """−log p[y] − Σ_{c≠y} log(1 − p[c]). (m,)"""
    misses = np.subtract(1.0, rows.p, out=rows.scratch)
    if rows.powers is not rows.p:  # a softmax: where 1 − p would cancel, it is the sum of the others
        likely = np.flatnonzero(misses.min(axis=1) < HALF)
        top = misses[likely].argmin(axis=1)
        misses[likely, top] = _others(rows.p[likely], (np.arange(len(likely)), top))
    misses[np.arange(len(rows.label)), rows.label] = 1.0
    loss: Floats = rows.loss - log_product(misses)
    return loss


def log_product(factors: Floats) -> Floats:
    """log Π_c factors[c] of every row (m,), not finite where a product leaves float64. The factors are overwritten."""
    width = factors.shape[1]
    for _ in range(FOLDS):
        if width == 1:
            break
        half = width // 2
        factors[:, :half] *= factors[:, half : 2 * half]
        if width % 2:
            factors[:, 0] *= factors[:, width - 1]
        width = half
    summed: Floats = np.log(factors[:, :width]).sum(axis=1)
    return summed


def _others(powers: Floats, at: tuple[Ints, Ints]) -> Floats:
    """Σ over the classes but one a row (m,); the powers are as they were when it returns."""
    own = powers[at]
    powers[at] = 0.0
    others: Floats = np.add.reduce(powers, axis=1)
    powers[at] = own
    return others
