"""What the weight does, for a person to read."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wce_cli.answers.sweep import Sweep, SweptMethod, axis_name
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.criterion import criterion_line
from wce_cli.formats.look import Look
from wce_cli.formats.text_chart import DrawnCurve, plotted
from wce_cli.loss.methods import MEANS

ROWS = 11
"""Places that are listed where a person reads, unless others are asked for."""
NEAR = 1e-12
MOST_DRAWN = 6


def listed_rows(answer: Sweep, look: Look) -> list[SweptMethod]:
    """The rows to list: those asked for; with `all` those that differ somewhere; else the first of each method."""
    asked = asked_rows(answer, look)
    if asked:
        return asked
    kept: list[SweptMethod] = []
    for row in answer.methods:
        of_method = [other for other in kept if other.method == row.method]
        if not of_method or (look.methods is not None and not any(_same_curve(one, row) for one in of_method)):
            kept.append(row)
    return kept


def drawn_rows(answer: Sweep, look: Look) -> list[SweptMethod]:
    """The curves to draw."""
    rows = asked_rows(answer, look)
    if not rows:
        rows = [row for row in listed_rows(answer, look) if row.method in MEANS]
    return rows[:MOST_DRAWN]


def _same_curve(a: SweptMethod, b: SweptMethod) -> bool:
    return all(math.isclose(x, y, rel_tol=NEAR) or (x != x and y != y) for x, y in zip(a.values, b.values, strict=True))


def head(answer: Sweep) -> str:
    """`the weight of class 0 from 0 to 2, 41 points; the batch has 0.1`"""
    low, high = (format_number(end) for end in (min(answer.places), max(answer.places)))
    where = f"from {low} to {high}" if low != high else f"at {low}"
    given = format_number(answer.axis.given)
    return f"{axis_name(answer.axis)} {where}, {counted(len(answer.places), 'point', 'points')}; the batch has {given}"


def answer_blocks(answer: Sweep, look: Look, titled: bool) -> Iterator[AnswerBlock]:
    """The answer from top to bottom."""
    if titled or answer.batch.name:
        yield blocks.name(look.name(answer.batch.name or "batch", 100))
    yield from criterion_line(answer.criterion, look)
    yield blocks.prose(head(answer))
    limit = ROWS if look.rows is None else look.rows
    chosen = spread(len(answer.places), limit)
    rows = listed_rows(answer, look)
    short = {"class": "weight", "smoothing": "ε", "scale": "scale"}[answer.axis.kind]
    columns = [Column(short, [format_number(answer.places[k], look.digits) for k in chosen], NEVER_DROPPED)]
    for position, row in enumerate(rows):
        worth = max(1, 8 - position)
        if asked_rows(answer, look) or row.pair == rows[0].pair:
            worth = max(1, NEVER_DROPPED - position)
        elif row.pair in MEANS:  # batch-mean is left out after unweighted-mean
            worth = NEVER_DROPPED - MEANS.index(row.pair)
        columns.append(Column(row.pair, [format_number(row.values[k], look.digits) for k in chosen], worth))
    if chosen:
        yield blocks.table(*columns)
    if 0 < len(chosen) < len(answer.places):
        yield blocks.prose(f"{len(chosen)} of {len(answer.places)} points; --rows all lists every one")
    if len(answer.places) > 1:
        lines = [DrawnCurve(row.pair, answer.places, row.values) for row in drawn_rows(answer, look)]
        picture = plotted(lines, look)
        if picture:
            yield blocks.chart("\n".join(picture))
    if answer.axis.kind == "smoothing" and look.methods is None:
        yield blocks.prose("Placements differ under smoothing: --method all lists them.")
    for sentence in answer.sentences:
        yield blocks.answer(sentence)
    yield from blocks.found(answer.findings)


def spread(n: int, limit: int) -> list[int]:
    """At most `limit` of n places, evenly spread, both ends among them."""
    if limit >= n:
        return list(range(n))
    if limit < 2:
        return [0][:limit]
    return [round(k * (n - 1) / (limit - 1)) for k in range(limit)]
