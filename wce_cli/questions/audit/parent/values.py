"""What rules make of a probe: the numbers that a function's answers are held to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import structs

from wce_cli.answers.audit import IGNORED
from wce_cli.batches.batch import Batch
from wce_cli.loss.sums import Floats
from wce_cli.questions.audit.child.arrays import numbers_of
from wce_cli.questions.audit.probes import Offers, Probe
from wce_cli.questions.identify.evaluation import Evaluation, case_of, part_of
from wce_cli.questions.identify.odd_ways import ENTRIES
from wce_cli.questions.identify.rules import Rule, rules

PER_SAMPLE = "per-sample"
"""The entry of a rule that raises an error wherever N ≠ C."""
NEXT_TO_NOTHING = 5e-324
"""A smoothing that changes nothing: a share of it is 0."""


def batch_of(probe: Probe, offers: Offers) -> Batch:
    """The probe as `wce` computes it, of rows that have their label beside them."""
    skipped = known(probe, offers).ignore_index
    labels = tuple(skipped if label == offers.ignored else label for label in probe.labels)
    return Batch.build(
        **fields_of(structs.replace(probe, labels=labels), structs.replace(offers, shift=0, ignored=None))
    )


def known(probe: Probe, offers: Offers) -> Probe:
    """The probe with what the function brings along itself: what its number is computed with."""
    own, c = offers.own, len(probe.logits[0]) if probe.logits else len(probe.weight or ())
    return structs.replace(
        probe,
        weight=own.weight[:c] if probe.weight is None and own.weight is not None else probe.weight,
        smoothing=probe.smoothing if offers.smoothing else own.smoothing,
        ignore_index=probe.ignore_index if own.ignore_index is None else own.ignore_index,
    )


def fields_of(probe: Probe, offers: Offers) -> dict[str, Any]:
    """The probe as a JSON batch, as the function is given it."""
    probe = known(probe, offers)
    numbers = numbers_of(structs.replace(probe, layout="rows"), offers.scores, offers.shift)
    labels: Any = numbers["labels"].tolist()
    if offers.labels == "one-hot":
        labels = numbers["one_hot"].tolist()
    scores = numbers[offers.scores]
    fields: dict[str, Any] = {offers.scores: scores.tolist(), "labels": labels}
    if probe.weight is not None:
        fields["weight"] = list(probe.weight)
    ignored = probe.ignore_index if offers.ignored is None else offers.ignored
    if ignored != IGNORED and offers.labels == "index":
        fields["ignore_index"] = ignored
    if probe.smoothing:
        fields["label_smoothing"] = probe.smoothing
    return fields


def value_of(evaluation: Evaluation, rule: Rule) -> float | None:
    """What a rule gives on a batch; None where it cannot be asked there, and a function would raise."""
    case = evaluation.case
    if rule.entry == PER_SAMPLE and case.n != case.n_classes:
        return None
    if rule.smoothing and case.n_classes == 1:  # there are no other classes to spread ε over
        return math.nan
    if rule.entry and ENTRIES[rule.entry].vectors(evaluation.class_weight, case.n) is None:
        return math.nan
    return evaluation.value(rule)


def values_on(probe: Probe, offers: Offers, listed: Sequence[Rule]) -> list[float | None]:
    """What each of some rules gives on a probe."""
    probe = known(probe, offers)
    if probe.weight is None:
        listed = [structs.replace(rule, entry="") for rule in listed]
    found: dict[Rule, float | None] = {}
    with np.errstate(all="ignore"):
        for is_odd in (False, True):
            some = [rule for rule in listed if bool(rule.smoothing) == is_odd]
            if some:
                evaluation = _evaluation(probe, offers, some)
                found.update((rule, value_of(evaluation, rule)) for rule in some)
    values = [found[rule] for rule in listed]
    return [None if value is None else offers.own.factor * value for value in values]


def _evaluation(probe: Probe, offers: Offers, listed: Sequence[Rule]) -> Evaluation:
    """The batch of a probe for some rules; where one may smooth it oddly, the totals keep what that needs."""
    if any(rule.smoothing for rule in listed) and not probe.smoothing:
        probe = structs.replace(probe, smoothing=NEXT_TO_NOTHING)
    batch = batch_of(probe, offers)
    is_square = batch.n_samples == batch.spec.n_classes
    return Evaluation(batch, [rule for rule in listed if rule.entry != PER_SAMPLE or is_square])


def terms_on(probe: Probe, offers: Offers, listed: Sequence[Rule]) -> list[Floats | None]:
    """What each of some rules gives for each sample; None where it cannot be asked there."""
    probe = known(probe, offers)
    if probe.weight is None:
        listed = [structs.replace(rule, entry="") for rule in listed]
    found: dict[Rule, Floats | None] = {}
    with np.errstate(all="ignore"):
        for is_odd in (False, True):
            some = [rule for rule in listed if bool(rule.smoothing) == is_odd]
            if some:
                evaluation = _evaluation(probe, offers, some)
                found.update((rule, _terms_of(evaluation, rule, len(probe.labels))) for rule in some)
    terms = [found[rule] for rule in listed]
    return [None if one is None else offers.own.factor * one for one in terms]


def _terms_of(evaluation: Evaluation, rule: Rule, n: int) -> Floats | None:
    if rule.entry == PER_SAMPLE and evaluation.case.n != evaluation.case.n_classes:
        return None
    if rule.entry and ENTRIES[rule.entry].vectors(evaluation.class_weight, evaluation.case.n) is None:
        return np.full(n, np.nan)
    terms: Floats = evaluation.pairs(rule)[0]
    return terms


def _is_offered(rule: Rule) -> bool:
    """Whether a function that is given one batch may compute a rule: how a loop cuts its own, and what stands beside
    what, is seen outside of it."""
    part = part_of(rule)
    return not rule.pairing and (part is None or not part.is_alone)


def listed_rules(probes: Sequence[Probe], offers: Offers, depth: int) -> list[Rule]:
    """Every rule that some probe can tell, the fewest departures first."""
    found: dict[Rule, None] = {}
    for probe in probes:
        of_probe = (rule for rule in rules(case_of(batch_of(probe, offers)), depth) if _is_offered(rule))
        if offers.smoothing and not probe.smoothing:  # those with smoothing say the rest, placement by placement
            of_probe = (rule for rule in of_probe if rule.entry == PER_SAMPLE)
        found.update(dict.fromkeys(of_probe))
    return sorted(found, key=lambda rule: len(rule.departures))
