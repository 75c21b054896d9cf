"""A small batch that tells tied rules apart: the same kind of batch, drawn until every rule gives another number."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.answers.identify import Separating
from wce_cli.batches.batch import Batch
from wce_cli.loss.spec import IGNORE_INDEX
from wce_cli.questions.identify.evaluation import Evaluation, part_of
from wce_cli.questions.identify.rules import Rule

REFUSED_ENTRY = "per-sample"
"""The entry that no framework takes where N ≠ C: it is told from the others by its error."""
DRAWS = 300
LARGEST_PART = 64
"""Rows of the parts of a batch that is printed, or items."""
ROWS_OF_ITEM = 4
"""Rows of a sequence or image, where the batch has those."""
FOUR_DIGITS_APART = 2e-3
"""Relative difference at which two numbers differ at four digits, whatever they are."""


def can_be_separated(rule: Rule) -> bool:
    """Whether a batch that tells it from others has few enough rows to be printed."""
    part = part_of(rule)
    return part is None or part.size <= LARGEST_PART


def separating(batch: Batch, tied: list[Rule]) -> Separating | None:
    """The first of a fixed series of random batches on which all the rules differ, else the best of them.

    An empty one where no small batch gives all of them a number, as of rules of nan; None where nothing is tied.
    """
    if len(tied) < 2:
        return None
    rules = [rule for rule in tied if can_be_separated(rule)]
    found = _best(batch, rules) if len(rules) > 1 else None
    if found is None:
        return Separating({}, (), tuple(f"{tied[0].title} and {rule.title}" for rule in tied[1:]))
    fields, values = found
    titled = tuple((rule.title, value) for rule, value in zip(rules, values, strict=True))
    same = [f"{a[0]} and {b[0]}" for a, b in combinations(titled, 2) if not _apart(a[1], b[1])]
    same += [f"{rules[0].title} and {rule.title}" for rule in tied if rule not in rules]
    return Separating(fields, titled, tuple(same))


def _best(batch: Batch, rules: list[Rule]) -> tuple[dict[str, Any], list[float]] | None:
    """The batch on which the fewest pairs of rules are alike, and what each gives there; None where none gives all of
    them a number.
    """
    best: tuple[int, dict[str, Any], list[float]] | None = None
    for seed in range(DRAWS):
        fields = _drawn(batch, rules, np.random.default_rng(seed))
        values = _values(fields, rules)
        if values is None:
            continue
        together = sum(not _apart(a, b) for a, b in combinations(values, 2))
        if best is None or together < best[0]:
            best = together, fields, values
        if together == 0:
            break
    return best and best[1:]


def _apart(a: float, b: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) != math.isnan(b)
    return abs(a - b) > FOUR_DIGITS_APART * max(abs(a), abs(b)) and f"{a:.3e}" != f"{b:.3e}"


def _values(fields: dict[str, Any], rules: list[Rule]) -> list[float] | None:
    evaluation = Evaluation(Batch.build(**fields), [rule for rule in rules if rule.entry != REFUSED_ENTRY])
    with np.errstate(all="ignore"):
        values = [math.nan if rule.entry == REFUSED_ENTRY else evaluation.value(rule) for rule in rules]
    usable = [value is not None and (math.isnan(value) or 0 < abs(value) < math.inf) for value in values]
    expected = [
        math.isfinite(value or 0.0) or rule.entry == REFUSED_ENTRY for rule, value in zip(rules, values, strict=True)
    ]
    return [value for value in values if value is not None] if all(usable) and all(expected) else None


def _drawn(batch: Batch, rules: list[Rule], rng: np.random.Generator) -> dict[str, Any]:
    """A batch of the same kind: wrong predictions, unequal weights, an ignored label, scores that are far apart."""
    spec = batch.spec
    c = int(rng.integers(3, 5))
    parts = [part for rule in rules if (part := part_of(rule)) is not None]
    inner = ROWS_OF_ITEM if batch.positions > 1 or any(rule.pairing for rule in rules) else 1
    sizes = [part.size if part.of_items else -(-part.size // inner) for part in parts]
    n = (int(rng.integers(5, 8)) + max(sizes, default=0)) * inner
    spread = float(rng.choice([1.0, 3.0, 12.0, 80.0]))
    scores = np.round(rng.normal(0, spread, (n, c)), 1)
    if spec.scores != "logits":
        log_p = np.round(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True) - 0.02, 2)  # not all of 1
        scores = log_p if spec.scores == "log_probs" else np.vectorize(lambda x: float(f"{np.exp(x):.3g}"))(log_p)
    fields: dict[str, Any] = {spec.scores: _by_item(scores, inner)}
    if spec.is_soft:
        rows = np.round(rng.dirichlet(np.ones(c), n), 2)
        rows[:, -1] = np.round(1 - rows[:, :-1].sum(axis=1), 2)
        fields["labels"] = _by_item(np.abs(rows), inner)
    else:
        labels = rng.integers(0, c, n)
        labels[int(rng.integers(1, n))] = spec.ignore_index
        if rng.random() < 0.2 or spec.ignore_index in range(c):
            labels = rng.integers(0, c, n)
        fields["labels"] = _by_item(labels, inner)
        if spec.ignore_index != IGNORE_INDEX:
            fields["ignore_index"] = spec.ignore_index
    if spec.weight is not None:
        weight = np.round(rng.uniform(0.2, 3.0, c), 2)
        if rng.random() < 0.5 and not any(rule.entry == "inverse" for rule in rules):
            weight[0 if spec.is_soft else int(labels[0])] = 0.0  # tells N kept from N with w ≠ 0
        fields["weight"] = weight.tolist()
    if spec.has_sample_weight:
        fields["sample_weight"] = _by_item(np.round(rng.uniform(0.2, 3.0, n), 2), inner)
    if inner > 1 and spec.layout.shift:
        fields["shift"] = True
    if spec.label_smoothing:
        fields["label_smoothing"] = spec.label_smoothing
    return fields


def _by_item(rows: NDArray[Any], inner: int) -> Any:
    """Rows as lists; in torch's layout where each item has several of them."""
    if inner > 1:
        by_item = rows.reshape(-1, inner, *rows.shape[1:])
        rows = np.moveaxis(by_item, -1, 1) if rows.ndim > 1 else by_item
    return rows.tolist()
