"""frameworks-differ: several frameworks, each asked plainly, return different numbers for the same batch."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Measured
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import listed

PAGE = Page(
    code="frameworks-differ",
    severity="note",
    summary="asked for the loss in their plainest way, the frameworks return different numbers",
    meaning="The first call of each framework is its plainest: its default reduction, given the weights. They were "
    "run on this batch, and what they returned is not one number but several, each a method of its own.",
    why="None of them is wrong. A loss that is compared, a learning rate that is carried over, or a model that is "
    "ported is off by the factor between two methods, and nothing says so.",
    example="wce explain samples/two-samples.json --engine torch --engine keras",
    remedy="name the method in both places, and choose the reduction that gives it: wce methods METHOD lists the calls",
    references=(
        "https://github.com/keras-team/keras/issues/19740",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Group the frameworks by what their first call returned."""
    groups: dict[str, list[Measured]] = {}
    for one in plainest(analysis):
        assert one.value is not None
        groups.setdefault(format_number(one.value, 5), []).append(one)  # float32 has hardly six digits
    if len(groups) < 2:
        return None
    told = []
    for members in groups.values():
        first = members[0]
        names = listed([one.engine for one in members])
        verb = "returns" if len(members) == 1 else "return"
        pair = next((pair for pair in first.expresses if pair in first.methods), "")
        told.append(
            f"{names} {verb} {format_number(first.value or 0.0)}{f' ({_plain(analysis, pair)})' if pair else ''}"
        )
    return f"asked plainly, {listed(told)}"


def plainest(analysis: Analysis) -> list[Measured]:
    """The first call of each framework, if it returned something."""
    firsts: dict[str, Measured] = {}
    for one in analysis.measured:
        if one.call and one.expresses:
            firsts.setdefault(one.engine, one)
    return [one for one in firsts.values() if one.value is not None]


def _plain(analysis: Analysis, pair: str) -> str:
    """METHOD where its placements are one number, else METHOD/PLACEMENT."""
    method = analysis.value(pair.partition("/")[0])
    own = analysis.value(pair)
    return method.method if method is not None and own is not None and method.value == own.value else pair
