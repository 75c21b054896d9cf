"""What a function may return for every class of every sample, an array (N, C): data, compared element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct, structs

from wce_cli.loss.sums import Floats
from wce_cli.questions.audit.child.arrays import numbers_of
from wce_cli.questions.audit.parent.values import known
from wce_cli.questions.audit.probe_answers import AskedProbe
from wce_cli.questions.audit.probes import Offers


class Cells(Struct, frozen=True):
    """A batch, as rules of elements see it."""

    scores: Floats
    """As they are handed over (N, C)."""
    a: Floats
    """−log p (N, C)"""
    q: Floats
    """The label rows, smoothed (N, C)."""
    weight: Floats
    """(C,)"""


class Elements(Struct, frozen=True):
    """One rule of elements."""

    title: str
    of: Callable[[Cells], Floats]
    has_logits: bool = False
    """Only a rule where the scores are logits."""


def _binary(cells: Cells) -> Floats:
    """−q·log σ(x) − (1 − q)·log(1 − σ(x))"""
    made: Floats = np.logaddexp(0.0, cells.scores) - cells.q * cells.scores
    return made


def _of_label(cells: Cells) -> Floats:
    """w[y] of each row, in a column; y is the largest of the label row."""
    of_label: Floats = cells.weight[cells.q.argmax(axis=1)][:, None]
    return of_label


ELEMENTS = (
    Elements("the scores as they are", lambda cells: cells.scores),
    Elements("w·q·(−log p) of each class", lambda cells: cells.weight * cells.q * cells.a),
    Elements("w[y]·q·(−log p) of each class", lambda cells: _of_label(cells) * cells.q * cells.a),
    Elements("q·(−log p) of each class", lambda cells: cells.q * cells.a),
    Elements("q·log p of each class, with no minus", lambda cells: 0.0 - cells.q * cells.a),
    Elements("w·(−log p) of each class, whatever the label", lambda cells: cells.weight * cells.a),
    Elements("−log p of each class, whatever the label", lambda cells: cells.a),
    Elements("log p of each class, whatever the label", lambda cells: 0.0 - cells.a),
    Elements("p of each class, whatever the label", lambda cells: np.exp(-cells.a)),
    Elements("w·(binary cross-entropy) of each class's sigmoid", lambda c: c.weight * _binary(c), has_logits=True),
    Elements("w[y]·(binary cross-entropy) of each class's sigmoid", lambda c: _of_label(c) * _binary(c), True),
    Elements("binary cross-entropy of each class's sigmoid", _binary, has_logits=True),
)
"""The plainest first: where the weight is 1, the terms are the losses."""


def titled(asked: Sequence[AskedProbe], offers: Offers, close: Callable[[AskedProbe], float]) -> tuple[str, int, float]:
    """The rule of elements that most answers follow, how many do, and how far off the best of those are, relative."""
    some = [one for one in ELEMENTS if offers.scores == "logits" or not one.has_logits]
    if not offers.is_weighted:
        some = [one for one in some if not one.title.startswith(("w·", "w[y]·"))]
    best = ("", 0, 0.0)
    cells = [cells_of(one, offers) for one in asked]
    for rule in some:
        offs = [_off(one, rule, at) for one, at in zip(asked, cells, strict=True)]
        fits = [off for one, off in zip(asked, offs, strict=True) if off <= close(one)]
        if len(fits) > best[1]:
            best = (rule.title, len(fits), max(fits))
    return best


def cells_of(one: AskedProbe, offers: Offers) -> Cells:
    """The batch of a probe; a row that is ignored has no label."""
    probe = structs.replace(known(one.probe, offers), layout="rows")
    scores = numbers_of(probe, offers.scores)[offers.scores]
    numbers = numbers_of(probe, "log_probs")
    q, c = numbers["one_hot"], len(probe.logits[0])
    if probe.soft is None:
        q = q * (np.array(probe.labels) != probe.ignore_index)[:, None]
    eps = probe.smoothing or 0.0
    q = (1 - eps) * q + eps * q.sum(axis=1, keepdims=True) / c
    weight = np.ones(c) if probe.weight is None else np.array(probe.weight)
    return Cells(scores, -numbers["log_probs"], q, weight)


def _off(one: AskedProbe, rule: Elements, cells: Cells) -> float:
    """How far the answer is from a rule, of the largest element that either has."""
    with np.errstate(all="ignore"):
        expected = rule.of(cells)
    if one.answer.values is None or one.answer.shape != expected.shape:
        return np.inf
    got = np.array(one.answer.values).reshape(expected.shape)
    if not np.isfinite(got).all() or not np.isfinite(expected).all():
        return 0.0 if np.array_equal(got, expected, equal_nan=True) else np.inf
    return float(np.abs(got - expected).max() / max(np.abs(expected).max(), 1e-9))
