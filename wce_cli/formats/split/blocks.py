"""What cutting a batch does to its loss, for a person to read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from wce_cli.answers.split import Split, SplitMethod
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.cells import MISSING, beside_the_table
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.criterion import criterion_line
from wce_cli.formats.look import ROWS, Look
from wce_cli.formats.split.asked import first_row
from wce_cli.formats.split.listed import listed_parts, not_listed
from wce_cli.formats.split.ratios import NEAR, ratio_ends, same
from wce_cli.formats.split.words import described, sentences
from wce_cli.loss.methods import METHODS
from wce_cli.loss.sums import exact_sum


def distinct_rows(answer: Split) -> list[SplitMethod]:
    """One row where placements agree."""
    kept: list[SplitMethod] = []
    for row in answer.methods:
        if not any(other.method == row.method and _same_numbers(other, row) for other in kept):
            kept.append(row)
    return kept


def _same_numbers(a: SplitMethod, b: SplitMethod) -> bool:
    pairs = ((a.value, b.value), (a.mean_of_parts, b.mean_of_parts), (a.denominator, b.denominator))
    return all(same(x, y) for x, y in pairs)


def answer_blocks(answer: Split, look: Look, titled: bool) -> Iterator[AnswerBlock]:
    """The answer from top to bottom."""
    if titled or answer.batch.name:
        yield blocks.name(look.name(answer.batch.name or "batch", 100))
    yield from criterion_line(answer.criterion, look)
    asked = asked_rows(answer, look)
    yield blocks.prose(described(answer))
    for row in asked or [first_row(answer)]:
        yield blocks.title(f"{row.pair} of each part, D = {row.formula}" if row.formula != "1" else row.pair)
        chosen = listed_parts(answer, row, ROWS if look.rows is None else look.rows)
        yield parts_table(answer, row, chosen, look)
        hidden = not_listed(answer, len(chosen))
        if hidden:
            yield blocks.prose(hidden)
    yield blocks.title(f"the whole batch, and the mean of its {counted(len(answer.parts), 'part', 'parts')}")
    yield methods_table(asked or distinct_rows(answer), look, coinciding=not asked)
    for line in sentences(answer, (asked or [first_row(answer)])[0], look):
        yield blocks.answer(line)
    for note in answer.notes:
        yield blocks.finding("note", "", note)
    shown = beside_the_table(answer.findings, look)[: look.findings]
    for one in sorted(blocks.gravest_first(shown), key=lambda one: one.code != "weights-vanish-when-split"):
        yield blocks.finding(one.severity, one.code, one.message)


def parts_table(answer: Split, row: SplitMethod, chosen: Sequence[int], look: Look) -> AnswerBlock:
    """The parts chosen: numerator, D, value, and how many times its gradient in the whole batch a sample has here."""
    parts, others = [answer.parts[part] for part in chosen], sorted(set(range(len(answer.parts))) - set(chosen))
    hidden = [answer.parts[part] for part in others]
    tails = [hidden, answer.parts] if hidden else [answer.parts]

    def numbers(values: Sequence[float], whole: float) -> list[str]:
        rest = [values[part] for part in others]
        left = [exact_sum(rest)]
        shown = [*(values[part] for part in chosen), *(left if hidden else []), whole]
        return [format_number(value, look.digits) for value in shown]

    adds = METHODS[row.method].adds_up
    blank = [""] * len(hidden[:1])
    heads = [str(one.part) for one in parts] + ([f"… {len(hidden)} more"] if hidden else []) + ["whole"]
    columns = [Column("part", heads, NEVER_DROPPED, right=False)]
    if answer.cut.ranks > 1:
        columns.append(Column("rank", [str(one.rank) for one in parts] + blank + [""], 8))
        if answer.cut.size is not None:
            columns.append(Column("step", [str(one.step) for one in parts] + blank + [""], 7))
    columns.append(Column("samples", [str(one.n) for one in parts] + [str(sum(p.n for p in t)) for t in tails], 4))
    if any(one.n != one.n_kept for one in answer.parts):
        kept = [str(one.n_kept) for one in parts] + [str(sum(p.n_kept for p in tail)) for tail in tails]
        columns.append(Column("kept", kept, 5))
    columns.append(Column("Σt", numbers(row.numerators, row.numerator), NEVER_DROPPED))
    denominators = numbers(row.denominators, row.denominator)
    if not adds and hidden:
        denominators[len(chosen)] = ""
    columns.append(Column("÷ D", denominators, NEVER_DROPPED))
    values = [format_number(value, look.digits) for value in (row.values[part] for part in chosen)]
    columns.append(
        Column("= loss", [*values, *blank, format_number(row.value, look.digits)], NEVER_DROPPED, style="bold")
    )
    every = row.ratios
    ratios = [every[part] for part in chosen]
    shown = [look.text(MISSING) if ratio is None else format_number(ratio, look.digits) for ratio in ratios]
    columns.append(Column("gradient ×", [*shown, *blank, "1"], 6))
    return blocks.table(*columns)


def methods_table(rows: Sequence[SplitMethod], look: Look, coinciding: bool = False) -> AnswerBlock:
    """Every method, of the whole batch, of the mean of the parts, and remedied; `coinciding` tells those that are the
    same in every part in one row.
    """
    groups: list[list[SplitMethod]] = []
    for row in rows:
        alike = next((group for group in groups if coinciding and _is_same_everywhere(group[0], row)), None)
        if alike is None:
            groups.append([row])
        else:
            alike.append(row)
    rows, pairs = [group[0] for group in groups], [[one.pair for one in group] for group in groups]
    told = [f"{first} (= {', '.join(others)})" if others else first for first, *others in pairs]
    note = "; ".join(" = ".join(group) for group in pairs if len(group) > 1)
    brief = [row.pair for row in rows] if note else None

    def f(values: Sequence[float | None]) -> list[str]:
        return ["–" if value is None else format_number(value, look.digits) for value in values]

    return blocks.table(
        Column("method", told, NEVER_DROPPED, right=False, brief=brief, brief_note=note),
        Column("whole", f([row.value for row in rows]), NEVER_DROPPED, style="bold"),
        Column("mean of parts", f([row.mean_of_parts for row in rows]), NEVER_DROPPED),
        Column("difference", f([_plain(row.difference, row.value) for row in rows]), 4),
        Column("factor", f([_plain(row.factor, 1.0, 1.0) for row in rows]), 7),
        Column("gradients ×", [gradient_range(row, look) for row in rows], 5, right=False),
        Column("Σt of parts ÷ D of whole", f([row.remedy for row in rows]), 3),
    )


def _is_same_everywhere(a: SplitMethod, b: SplitMethod) -> bool:
    """Whether two methods divide the same sum by the same number, in the whole batch and in each part of it."""
    numbers = ((one.numerator, one.denominator, *one.numerators, *one.denominators) for one in (a, b))
    return all(same(x, y) for x, y in zip(*numbers, strict=True))


def _plain(value: float | None, scale: float, around: float = 0.0) -> float | None:
    """A number without what is only rounding."""
    if value is None or not math.isfinite(value) or not math.isfinite(scale):
        return value
    return around if abs(value - around) <= NEAR * abs(scale) else value


def gradient_range(row: SplitMethod, look: Look) -> str:
    """The least and the most of what gradients are multiplied by, or the one number that it is for all."""
    low, high, broken = ratio_ends(row)
    if low is None or high is None:
        return "nan" if broken else look.text(MISSING)
    least, most = (format_number(end, min(look.digits, 4)) for end in (low, high))
    text = least if same(low, high) else f"{least} to {most}"
    return f"{text}, nan" if broken else text
