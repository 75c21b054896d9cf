"""A list with one loss an item: what each sequence or image comes to by itself."""

from __future__ import annotations

from collections.abc import Iterator

from wce_cli.loss.methods import SUM
from wce_cli.loss.sums import Floats
from wce_cli.questions.identify.evaluation import Evaluation
from wce_cli.questions.identify.part_means import Summands
from wce_cli.questions.identify.parts import KEPT, ROWS, WEIGHTS
from wce_cli.questions.identify.rules import Rule, rules
from wce_cli.questions.identify.twists import TWISTS

Candidate = tuple[str, tuple[str, ...], Floats]
"""Title, departures, what it gives for each entry."""

BY = {"": "", ROWS: " / N", KEPT: " / N kept", WEIGHTS: " / Σw"}
"""What the sum of an item is divided by, as it is written: nothing, or what a part is divided by."""


def losses_of_items(evaluation: Evaluation, depth: int) -> Iterator[Candidate]:
    """What each item gives by each way to read, weigh and smooth, added up and divided by its own N, N kept or Σw."""
    case = evaluation.case
    letters = "w·ℓ" if case.is_weighted else "ℓ"
    for rule in rules(case, depth):
        if rule.is_by_sample:
            sign = TWISTS[rule.twist].of(1.0, 1) if rule.twist else 1.0
            odd = rule.title.split("; ")[1:] + [rule.placement] * (rule.placement != "class")
            for title, values in _divided(evaluation, letters, evaluation.summands(rule)):
                yield "; ".join([title, *odd]), rule.departures, sign * values
    if case.is_weighted:
        for title, values in _divided(evaluation, "ℓ", _unweighted(evaluation)):
            yield f"{title}, not weighted", (), values


def _divided(evaluation: Evaluation, letters: str, sums: Summands) -> Iterator[tuple[str, Floats]]:
    for divisor, written in BY.items():
        if divisor == WEIGHTS and not evaluation.case.is_weighted:
            continue  # N kept says it
        found = sums.of_parts(divisor or ROWS, evaluation.item_size)
        if found is not None:
            yield f"Σ {letters}{written} of each item (sequence, image)", found[0] / found[1] if divisor else found[0]


def _unweighted(evaluation: Evaluation) -> Summands:
    case = evaluation.case
    if case.fits_memory:
        kept = evaluation.pairs(Rule(SUM, "class"))[2].kept
        return Summands.of(evaluation.unweighted(), None, kept, 1, False)
    sums = evaluation.items
    return Summands.of(sums.loss.values(), None, sums.n_kept, case.positions, False)
