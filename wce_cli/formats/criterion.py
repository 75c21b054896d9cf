"""What is said of the loss that somebody holds: the number that it returns, or why that is not sure."""

from __future__ import annotations

from collections.abc import Iterator

from wce_cli.answers.report import CriterionPart, MethodRow, Report
from wce_cli.digits import format_number
from wce_cli.formats import blocks
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.cells import is_criterions
from wce_cli.formats.look import Look

WIDTH = 120
"""Characters of a line of code that a sentence quotes: a weight of a thousand classes is no reading."""


def criterion_returns(report: Report, row: MethodRow, look: Look) -> str:
    """`F.cross_entropy(x, y, weight=w) returns 0.692279 (weighted-mean)`; empty of a method that is not the one."""
    one = report.criterion
    if one is None or not is_criterions(report, row):
        return ""
    value = format_number(row.value if one.value is None else one.value, look.digits)
    given = f", {one.given}," if one.given else ""
    return f"{_code(one, look)}{given} returns {value} ({row.pair})"


def criterion_unsaid(report: Report, look: Look) -> str:
    """Why the criterion is no method for sure; empty where it is one, and where there is none."""
    one = report.criterion
    return "" if one is None or one.pair is not None else _unsaid(one, look)


def _unsaid(one: CriterionPart, look: Look) -> str:
    if one.told:
        return _told(one, look)
    returned = "" if one.value is None else f" returned {format_number(one.value, look.digits)}"
    if returned:
        return f"{_code(one, look)}{returned}. {look.message(f'Which method that is cannot be said: {one.reason}.')}"
    return f"Which method {_code(one, look)} is cannot be said: {look.message(one.reason or '')}."


def criterion_line(one: CriterionPart | None, look: Look, then: str = "") -> Iterator[AnswerBlock]:
    """The sentence of an answer that is about more than the criterion; none where there is none. `then`: what is said
    of its number.
    """
    if one is None:
        return
    if one.pair is None or one.loss is None:
        yield blocks.formulas(_unsaid(one, look))
        return
    given = f", {one.given}," if one.given else ""
    value = format_number(one.loss, look.digits)
    yield blocks.formulas(f"{_code(one, look)}{given} returns {value} ({one.pair}){look.text(then)}.")


def criterion_told(report: Report, look: Look) -> str:
    """What calling the criterion told beside its number, behind the sentence that has that; empty where nothing did."""
    one = report.criterion
    return "" if one is None or one.pair is None else _told(one, look)


def _told(one: CriterionPart, look: Look) -> str:
    return " ".join(f"{look.message(said)}." for said in one.told)


def _code(one: CriterionPart, look: Look) -> str:
    return look.name(one.text, WIDTH)
