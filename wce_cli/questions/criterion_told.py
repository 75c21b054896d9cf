"""What is said of a criterion that was called: which method its number is, and whether its settings say the same."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import structs

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.identify import SAME
from wce_cli.answers.report import CriterionPart, Measured, Report
from wce_cli.batches.batch import Batch
from wce_cli.criteria.known import KNOWN
from wce_cli.criteria.object_settings import OWN
from wce_cli.criteria.objects import ObjectCall, subject_of
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.loss.methods import BATCH, SUM, torchs_mean
from wce_cli.loss.sums import Floats
from wce_cli.precision.dtype import allowed
from wce_cli.questions.check.expected import computed
from wce_cli.questions.check.naming import Named, Namer
from wce_cli.questions.criterion import returned as returned_by_settings
from wce_cli.questions.criterion_call import CriterionAnswer, returned_by
from wce_cli.questions.explain.report import ENGINE_ROUNDING, agreed
from wce_cli.questions.identify.number import PrintedNumber, printed_number

TORCHS_CLASSES = "It takes the classes on axis 1: x.movedim(-1, 1)"
BESIDE = "What it is made with is given beside it: weight=, ignore_index=, label_smoothing="
WROTE = "It wrote into what it was called with; all other numbers here are of what stood there before"


def with_returned(
    call: ObjectCall, batch: Batch, errors: Mapping[str, Any], report: Report, analysis: Analysis
) -> Report:
    """A report with what the criterion of its batch returns, which is called here, once everything else is known.

    `errors`: what numpy does of an overflow where that was called from.
    """
    with np.errstate(**errors):
        returned = returned_by(call.function, call.arguments, call.keywords)
    return structs.replace(report, criterion=told(call, returned, batch, analysis))


def by_settings(analysis: Analysis, batch: Batch) -> CriterionPart | None:
    """What the settings of a known criterion say, those of a class of the user's own that comes from one as well."""
    criterion = analysis.spec.criterion
    if criterion is None:
        return None
    return returned_by_settings(structs.replace(criterion, reason=criterion.reason.removeprefix(OWN)), analysis, batch)


@np.errstate(all="ignore")
def told(
    call: ObjectCall, returned: CriterionAnswer, batch: Batch, analysis: Analysis, *, is_named: bool = True
) -> CriterionPart:
    """What a criterion returned, beside what its settings say. `is_named`: whether the rule is looked for that gives a
    number which no method gives.
    """
    part = by_settings(analysis, batch) or CriterionPart(call.text, None, None, None)
    if returned.reason:
        said = f"{'raised' if returned.is_error else 'returned'} {returned.reason}"
        on_axis_1 = (TORCHS_CLASSES,) if returned.is_error and _is_beside_axis_1(batch) else ()
        found = CriterionPart(part.text, None, None, f"it {said}", told=(f"{part.text} {said}", *on_axis_1))
    elif returned.values is not None:
        found = structs.replace(part, told=(_each(returned, part, batch, analysis),))
    else:
        found = _one(returned, part, batch, analysis, is_named=is_named)
    if returned.changed:
        found = structs.replace(found, told=(*found.told, WROTE))
    if call.kind.is_own and not returned.reason:
        is_bare = found.pair is None and call.kind.known is None and batch.spec.weight is None
        found = structs.replace(found, told=(*found.told, *[BESIDE] * is_bare, _audit(call)))
    return found


def _one(
    returned: CriterionAnswer, part: CriterionPart, batch: Batch, analysis: Analysis, *, is_named: bool
) -> CriterionPart:
    """Of one number: the method that it is, the one of the settings or another."""
    assert returned.value is not None
    value, dtype = returned.value, computed_in(returned, batch)
    methods = _methods(value, dtype, part.pair, analysis)
    pair, others = _nearest(value, part.pair, methods, analysis)
    found = structs.replace(
        part, value=value, pair=pair, reason=None if pair else part.reason, loss=_loss(pair, analysis), given=None
    )
    told = []
    if pair is None and not is_named:
        told.append(f"{part.text} returned {format_number(value)}")
    elif pair is None:
        number, off = computed(printed_number(value), dtype), within(value, dtype, batch, analysis)
        named = Namer(batch, 1).named(part.pair or "", number, off)
        told.append(f"{part.text} returned {format_number(value)}{_which(named, number)}")
        found = structs.replace(found, reason=part.reason or named.sentence or None)
    if part.pair is not None and pair != part.pair and (asked := analysis.value(part.pair)) is not None:
        told.append(f"{_by(part, batch)} it would be {format_number(asked.value)} ({part.pair})")
    if others:
        told.append(f"In {dtype} {' and '.join(others)} are not told from it")
    return structs.replace(found, told=tuple(told))


def _nearest(
    value: float, asked: str | None, methods: Sequence[str], analysis: Analysis
) -> tuple[str | None, tuple[str, ...]]:
    """The method of those that agree with a number: the one that the settings name, else the nearest, of those that are
    the same the one that people mean; and those of another value, which a short dtype does not tell from it.
    """
    likely = (asked, torchs_mean(analysis.spec.is_soft), BATCH)
    losses = {pair: loss for pair in methods if (loss := _loss(pair, analysis)) is not None}
    if asked in losses:
        return asked, ()
    known = sorted(losses, key=lambda pair: likely.index(pair) if pair in likely else len(likely))
    if not known or not math.isfinite(value):
        return (known[0] if known else None), ()
    off = {pair: abs(losses[pair] - value) for pair in known}
    least = min(off.values())
    pair = next(one for one in known if off[one] <= least + SAME * abs(value))
    others: list[str] = []
    for one in known:
        if not any(math.isclose(losses[one], losses[other], rel_tol=SAME) for other in (pair, *others)):
            others.append(one)
    return pair, tuple(others)


def _by(part: CriterionPart, batch: Batch) -> str:
    """Under what the criterion would return its method."""
    if batch.spec.layout.shift or _is_beside_axis_1(batch):
        return "As the batch is read here"
    return f"{part.given[:1].upper()}{part.given[1:]}" if part.given else "By its settings"


def _is_beside_axis_1(batch: Batch) -> bool:
    """Whether the criterion is PyTorch's, which has the classes on axis 1, and the scores have them on another."""
    criterion, layout = batch.spec.criterion, batch.spec.layout
    is_torchs = criterion is not None and KNOWN[criterion.name].package == "torch"
    return is_torchs and len(layout.shape) > 1 and layout.class_axis != 1


def _loss(pair: str | None, analysis: Analysis) -> float | None:
    value = None if pair is None else analysis.value(pair)
    return None if value is None else value.value


def _which(named: Named, number: PrintedNumber) -> str:
    """`, which is batch-mean: Σw·ℓ/N`: what a sentence says of a number, said behind it."""
    if named.rule is None:  # no rule gives 0.38
        return f", which {named.sentence.replace(f' {number.text}', '')}" if named.sentence else ""
    head, *odd = named.rule.split("; ")
    rule = f"{head}, but {', and '.join(odd)}" if odd else head
    return f", which {named.sentence.removeprefix(number.text).strip().replace(named.rule, rule, 1)}"


def _each(returned: CriterionAnswer, part: CriterionPart, batch: Batch, analysis: Analysis) -> str:
    """Of several numbers: whether they are one a sample, and what they add up to."""
    assert returned.values is not None
    if not is_by_sample(returned.values, batch):
        return f"{part.text} returned numbers of shape {returned.values.shape}, and not one, nor one a sample"
    total, count = float(returned.values.sum()), counted(returned.values.size, "number", "numbers")
    methods = _methods(total, computed_in(returned, batch), SUM, analysis)
    which = next((f", which is {one}" for one in methods if one.partition("/")[0] == SUM), "")
    return f"{part.text} returned {count}, one a sample: they add up to {format_number(total)}{which}"


def is_by_sample(values: Floats, batch: Batch) -> bool:
    """Whether there is one number a sample, in the layout of the labels or in a row."""
    return values.shape in (batch.sample_shape, (batch.n_samples,))


def computed_in(returned: CriterionAnswer, batch: Batch) -> str:
    """The dtype that a number was computed in, as far as that is known: its own, or that of the scores if that rounds
    more. A number of Python's may be the .item() of a float32.
    """
    own = returned.dtype
    if own not in ENGINE_ROUNDING:
        value = returned.value
        short = value is not None and (float(np.float32(value)) == value or not math.isfinite(value))
        own = "float32" if short else "float64"
    scores = batch.spec.dtypes.get(batch.spec.scores, own)
    return max((own, scores), key=lambda dtype: ENGINE_ROUNDING.get(dtype, 0.0))


def _methods(value: float, dtype: str, pair: str | None, analysis: Analysis) -> tuple[str, ...]:
    """The methods whose value it is, as those of a framework that is measured."""
    measured = Measured("", "", "", dtype, value, () if pair is None else (pair,))
    return agreed(measured, analysis.values, analysis.facts.reach).methods


def within(value: float, dtype: str, batch: Batch, analysis: Analysis) -> float:
    """How far a rule may be from a number: as the nearest method, computed in its dtype."""
    near = [one for one in analysis.values if one.denominator and math.isfinite(one.value)]
    if not near or not math.isfinite(value):
        return 0.0
    nearest = min(near, key=lambda one: abs(one.value - value))
    scale = analysis.facts.reach / abs(nearest.denominator)
    return allowed(batch, nearest, dtype, scale) if math.isfinite(scale) else 0.0


def _audit(call: ObjectCall) -> str:
    """What tells more of somebody's own function than one batch can."""
    subject = subject_of(call.function)
    target = subject if inspect.isroutine(subject) else type(subject)
    name = getattr(target, "__qualname__", "<unknown>")
    if name.isidentifier():
        beside = "" if target is subject else ", kwargs={…}"
        return f"audit({name}{beside}) says which rule it follows on other batches"
    return "audit('file.py:name') says which rule a function follows on other batches"
