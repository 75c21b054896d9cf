"""Is it still the number? The expected numbers of a batch beside what its methods and the frameworks give."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from wce_cli.answers.check import Comparison
from wce_cli.answers.report import Measured
from wce_cli.batches.batch import Batch
from wce_cli.digits import format_number
from wce_cli.engines import AUTO, measure_all
from wce_cli.errors import Problem, counted
from wce_cli.loss.methods import LossValue
from wce_cli.questions.check.batch_losses import BatchLosses
from wce_cli.questions.check.expected import AS_ASKED, Expected
from wce_cli.questions.explain.report import ENGINE_ROUNDING
from wce_cli.questions.identify.chance import EDGE
from wce_cli.questions.identify.number import PrintedNumber

PRINTED = "the inputs were printed rounded"
DIGITS_SHOWN = (6, 17)
"""Significant digits of a number that is not the expected one: as many as that has, within these."""


def check_batch(
    batch: Batch, expected: Sequence[Expected], engines: Iterable[str] = (), depth: int = 1
) -> tuple[Comparison, ...]:
    """Every expected number beside what `wce` computes, and beside what `engines` return for the methods they express.

    `depth`: departures of the rules that are tried for a number which is not what it should be.
    Raises WceError if a method is undefined for these labels.
    """
    return compared(BatchLosses(batch), expected, engines, depth)


def compared(
    losses: BatchLosses, expected: Sequence[Expected], engines: Iterable[str] = (), depth: int = 1
) -> tuple[Comparison, ...]:
    """As `check_batch`, for what a batch gives."""
    found = [_list(losses, one, depth) if one.is_list else _value(losses, one, depth) for one in expected]
    return (*found, *_measured(losses, tuple(engines), expected, depth))


def agrees(expected: PrintedNumber, got: float, slack: float = 0.0) -> bool:
    """Whether a number is within the tolerance of the expected one; nan is nan, and infinity itself."""
    if not math.isfinite(expected.value) or not math.isfinite(got):
        return expected.value == got or (math.isnan(expected.value) and math.isnan(got))
    return abs(got - expected.value) <= max(expected.tolerance, slack) + EDGE * min(expected.unit, expected.tolerance)


def agreeing(
    what: str, by: str, number: PrintedNumber, got: float, tolerance: float | None = None, why: str | None = None
) -> Comparison:
    """The comparison of two numbers that agree, within what the digits leave open unless something else is said."""
    tolerance, why = number.tolerance if tolerance is None else tolerance, number.why if why is None else why
    return Comparison(what, by, "agrees", number.text, got, _difference(number, got), tolerance, why)


def _value(losses: BatchLosses, one: Expected, depth: int) -> Comparison:
    (number,) = one.numbers
    assert number is not None
    value = losses.value(one.what)
    if number.why == AS_ASKED:
        return _beside(losses, one.what, "wce", number, value.value, 0.0, "", depth)
    printed, rounded = losses.rounding.get(one.what, 0.0), losses.allowed(one.what, one.dtype)
    why = PRINTED if printed >= rounded else f"the rounding of {one.dtype}"
    return _beside(losses, one.what, "wce", number, value.value, max(printed, rounded), why, depth)


def _measured(
    losses: BatchLosses, engines: Sequence[str], expected: Sequence[Expected], depth: int
) -> Iterator[Comparison]:
    """What frameworks returned, for the methods that their calls express; one that returned nothing says why."""
    numbers = {one.what: one.numbers[0] for one in expected if not one.is_list}
    by_engine: dict[str, list[Measured]] = {}
    for one in measure_all(engines, losses.batch) if engines else ():
        by_engine.setdefault(one.engine, []).append(one)
    for measured in by_engine.values():
        if all(one.value is None for one in measured):
            by = f"{measured[0].engine} {measured[0].version} {measured[0].dtype}".rstrip()
            if AUTO not in engines:
                yield Comparison("", by, "not compared", "", message=f"{by} was not compared: {measured[0].reason}")
        for one in measured:
            for what in _expected_of(losses, one, numbers):
                number = numbers[what]
                if number is not None and one.value is not None:
                    by = f"{one.engine} {one.version} {one.dtype}".rstrip()
                    slack, why = (
                        ENGINE_ROUNDING.get(one.dtype, 5e-2) * losses.scale(what),
                        f"the rounding of {one.dtype}",
                    )
                    yield _beside(losses, what, by, number, one.value, slack, why, depth, one.call)


def _expected_of(losses: BatchLosses, one: Measured, numbers: Iterable[str]) -> Iterator[str]:
    """The expected methods that a call expresses, or that are one with those for these labels."""
    for what in numbers:
        own = losses.values.get(what)
        for pair in one.expresses:
            other = losses.values.get(pair)
            same = own is not None and other is not None and own.method == other.method
            if what == pair or (same and own is not None and other is not None and _fraction(own) == _fraction(other)):
                yield what
                break


def _fraction(value: LossValue) -> tuple[float, float]:
    return value.numerator, value.denominator


def _beside(
    losses: BatchLosses,
    what: str,
    by: str,
    number: PrintedNumber,
    got: float,
    slack: float,
    why: str,
    depth: int,
    call: str = "",
) -> Comparison:
    """The comparison of two numbers; where wce's differs, with the rule that gives the expected one."""
    tolerance, reason = (slack, why) if slack > number.tolerance else (number.tolerance, number.why)
    if agrees(number, got, slack):
        return agreeing(what, by, number, got, tolerance, reason)
    source = "got" if by == "wce" else f"{by} returned"
    said = f"expected {number.text} as {what}, {source} {beside(number, got)}"
    if call:
        said += f" from {call}"
    value = losses.values.get(what)
    if math.isfinite(number.value) and not math.isfinite(got) and value is not None:
        message = f"{said}, which cannot be compared: {losses.why_not_finite(value)}"
        return Comparison(what, by, "not compared", number.text, got, None, tolerance, reason, message=message)
    difference = _difference(number, got)
    if by != "wce":  # the rule of the expected number is wce's to say, and what it returned is the framework's
        return Comparison(what, by, "differs", number.text, got, difference, tolerance, reason, 1, 1, message=said)
    named = losses.namer(depth).named(what, number, 0.0 if why == PRINTED else slack)
    said += f"; {named.sentence}" if named.sentence else ""
    return Comparison(
        what, by, "differs", number.text, got, difference, tolerance, reason, 1, 1, None, named.rule, named.also, said
    )


def _list(losses: BatchLosses, one: Expected, depth: int) -> Comparison:
    """One number a sample."""
    got = losses.listed(one.what)
    count = len(one.numbers)
    if count != len(got):
        samples = counted(len(got), "sample", "samples")
        message = f"expected {counted(count, 'number', 'numbers')} as {one.what}, and the batch has {samples}"
        return Comparison(one.what, "wce", "not compared", f"{count} numbers", count=count, message=message)
    slacks = losses.allowed_by_row(one.what, one.dtype) if one.dtype else [0.0] * count
    off = [
        (n, number, mine, slack)
        for n, (number, mine, slack) in enumerate(zip(one.numbers, got, slacks, strict=True))
        if number is not None and not _agrees_there(number, mine, 0.0 if number.why == AS_ASKED else slack)
    ]
    if not off:
        return Comparison(one.what, "wce", "agrees", f"{count} numbers", count=count)
    n, number, mine, slack = off[0]
    is_rounded = bool(slack) and number.why != AS_ASKED
    text = "nothing: it is ignored" if mine is None else beside(number, mine)
    more = f" ({len(off)} of {count} differ)" if len(off) > 1 else ""
    said = f"expected {number.text} as {one.what} of sample {losses.batch.spec.layout.name(n)}, got {text}{more}"
    named = losses.namer(depth).listed(one.numbers, max(slacks))
    said += f"; {named.sentence}" if named.sentence else ""
    return Comparison(
        one.what,
        "wce",
        "differs",
        number.text,
        mine,
        None if mine is None else _difference(number, mine),
        slack if is_rounded else number.tolerance,
        f"the rounding of {one.dtype}" if is_rounded else number.why,
        count,
        len(off),
        n,
        named.rule,
        named.also,
        said,
    )


def _agrees_there(number: PrintedNumber, got: float | None, slack: float) -> bool:
    """An ignored sample has no loss; torch prints 0 for it."""
    return number.value == 0 if got is None else agrees(number, got, slack)


def _difference(number: PrintedNumber, got: float) -> float | None:
    difference = got - number.value
    return difference if math.isfinite(difference) else None


def beside(number: PrintedNumber, got: float) -> str:
    """A number as it is shown beside the expected one: in as many digits, and more where those would be the same."""
    least, most = DIGITS_SHOWN
    digits = sum(character.isdigit() for character in number.text.lower().partition("e")[0].lstrip("-−0."))
    for wanted in range(min(max(digits, least), most), most + 1):
        text = format_number(got, wanted)
        if text != number.text:
            break
    return text


def nothing_expected(where: str) -> Problem:
    """Why a batch without expectations is no pass."""
    return Problem(
        f"{where} has no expect, and there is no --expect: nothing would be checked",
        "--expect weighted-mean=VALUE holds it to a number; --save-expect OUT.json writes a copy of one JSON file that "
        "expects today's",
    )
