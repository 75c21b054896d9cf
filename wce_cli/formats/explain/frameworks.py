"""What several frameworks returned: a column each beside the methods, and a table of all calls."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wce_cli.answers.report import Measured, MethodRow, Report
from wce_cli.formats import cells
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.look import Look

CAST = re.compile(r"\.(double|float|half|bfloat16)\(\)")
"""What one call is made with in two dtypes."""
WORTH = NEVER_DROPPED
"""All columns of a table are drawn, or none: where they do not fit, lines say the same."""


def frameworks(report: Report) -> list[str]:
    """Those that returned something, in their order."""
    return list(dict.fromkeys(one.engine for one in report.measurements if one.value is not None))


def are_listed(report: Report) -> bool:
    """Whether calls have a table of their own: PyTorch's, alone, stand within the table of methods."""
    return frameworks(report) not in ([], ["PyTorch"])


def calls_of(report: Report, framework: str) -> list[Measured]:
    """The calls of one framework that returned something, each once: in the scores' own dtype, else in float64, where
    it was made in that, too."""
    preferred = report.batch.dtype or "float64"
    found: dict[str, Measured] = {}
    for one in report.measurements:
        if one.engine == framework and one.value is not None:
            typed = CAST.sub("", one.call)
            if typed not in found or one.dtype == preferred:
                found[typed] = one
    return list(found.values())


def engine_columns(report: Report, rows: Sequence[MethodRow], look: Look) -> list[Column]:
    """A column for each framework: what it returned for the method of each row."""
    columns = []
    for framework in frameworks(report):
        calls = calls_of(report, framework)
        found = [next((one for one in calls if _is_of(report, one, row)), None) for row in rows]
        head = f"{framework} {calls[0].version}".rstrip()
        columns.append(Column(head, [cells.measured_cell(one, look) for one in found], WORTH))
    return columns


def call_columns(report: Report, look: Look) -> list[Column]:
    """Every call that returned something, with the method that it is."""
    calls = [one for framework in frameworks(report) for one in calls_of(report, framework)]
    names = [f"{one.engine} {one.version}" for one in calls]
    firsts = ["" if k and names[k - 1] == name else name for k, name in enumerate(names)]
    return [
        Column("framework", firsts, WORTH, right=False),
        Column("returned", [cells.measured_cell(one, look) for one in calls], WORTH),
        Column("= method", [method_cell(report, one, look) for one in calls], WORTH, right=False),
        Column("call", [one.call for one in calls], WORTH, right=False),
    ]


def call_lines(report: Report, look: Look) -> list[str]:
    """The same as lines, for a screen on which the table does not fit; those of a framework stand below its name."""
    lines = []
    for framework in frameworks(report):
        calls = calls_of(report, framework)
        lines.append(f"{framework} {calls[0].version}")
        lines += [f"  {cells.measured_cell(one, look)} {method_cell(report, one, look)}: {one.call}" for one in calls]
    return lines


def method_cell(report: Report, one: Measured, look: Look) -> str:
    """The method whose value a call returned; where it is not the one that the call is known for, both are named."""
    asked = [pair for pair in one.expresses if report.method(pair) is not None]
    agreeing = [pair for pair in asked if pair in one.methods]
    if agreeing:
        return _short(report, agreeing[0])
    is_ = _short(report, one.methods[0]) if one.methods else "no method"
    return look.text(f"{is_}, not {_short(report, asked[0])}") if asked else is_


def _short(report: Report, pair: str) -> str:
    """METHOD where its placements coincide, else METHOD/PLACEMENT."""
    method, own = report.method(pair.partition("/")[0]), report.method(pair)
    return method.pair if method is not None and own is not None and cells.agree(method, own) else pair


def _is_of(report: Report, one: Measured, row: MethodRow) -> bool:
    """Whether a call is the framework's way to write the method of a row, or one that coincides with it."""
    for pair in one.expresses:
        other = report.method(pair)
        if other is not None and other.method == row.method and cells.agree(other, row):
            return True
    return False
