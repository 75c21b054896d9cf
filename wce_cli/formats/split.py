"""What cutting a batch does to its loss, for a person to read, and for a program."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import structs

from wce_cli.digits import format_number
from wce_cli.errors import WceError, counted
from wce_cli.formats import blocks
from wce_cli.formats.blocks import Block
from wce_cli.formats.cells import MISSING
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.json import LISTED, as_text, schema_of
from wce_cli.formats.look import ROWS, Look
from wce_cli.questions.split.answer import SCHEMA, Split, SplitMethod
from wce_cli.report import missing_pair, to_plain

CSV_HEAD = (
    *("method", "placement", "part", "rank", "step", "n", "n_kept"),
    *("numerator", "denominator", "value", "gradient", "gradient_of_whole"),
)
NEAR = 1e-12
"""Up to here two numbers are one: roundings."""


def to_table(answers: Sequence[Split], look: Look | None = None) -> str:
    """The answers as text, one below the other."""
    look = look or Look()
    return "\n".join(blocks.on_screen(answer_blocks(answer, look, len(answers) > 1), look) for answer in answers)


def to_markdown(answers: Sequence[Split], look: Look | None = None) -> str:
    """The answers as Markdown."""
    look = look or Look()
    return "\n".join(blocks.in_markdown(answer_blocks(answer, look, len(answers) > 1), look) for answer in answers)


def to_json(answers: Sequence[Split], look: Look | None = None) -> str:
    """One object, or a list of them; single parts of up to 10 000, or as many as are asked for."""
    look = look or Look()
    documents = [_document(answer, look) for answer in answers]
    return as_text(documents[0] if len(documents) == 1 else documents, look, indent=2) + "\n"


def to_csv(answers: Sequence[Split], look: Look | None = None) -> str:
    """A line for each part by each pair: its numerator, its D, its value, and what its gradient is multiplied by."""
    look = look or Look()
    out = io.StringIO()
    head = ["batch"] if len(answers) > 1 else []
    lines: list[list[Any]] = [[*head, *CSV_HEAD]]
    for answer in answers:
        name = [answer.batch.name or ""] if head else []
        for row in asked_rows(answer, look) or answer.methods:
            columns = zip(answer.parts, row.numerators, row.denominators, row.values, row.gradients, strict=True)
            for part, numerator, denominator, value, gradient in list(columns)[: look.rows]:
                own = [part.part, part.rank, part.step, part.n, part.n_kept]
                numbers = [to_plain(x) for x in (numerator, denominator, value, gradient, row.gradient)]
                lines.append([*name, row.method, row.placement, *own, *numbers])
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


def split_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `to_json` writes."""
    return schema_of(Split, SCHEMA)


def _document(answer: Split, look: Look) -> dict[str, Any]:
    rows = asked_rows(answer, look) or list(answer.methods)
    listed = len(answer.parts) if look.rows is None and len(answer.parts) <= LISTED else look.rows or 0
    if listed < len(answer.parts):
        lists = ("numerators", "denominators", "values", "gradients")
        rows = [structs.replace(row, **{name: getattr(row, name)[:listed] for name in lists}) for row in rows]
    return structs.replace(answer, methods=tuple(rows), parts=answer.parts[:listed]).to_dict()


def asked_rows(answer: Split, look: Look) -> list[SplitMethod]:
    """The rows of the methods asked for by name; none where none was, or all are."""
    if look.methods is None or "all" in look.methods:
        return []
    found = []
    for pair in look.methods:
        row = answer.method(pair)
        if row is None:
            known = [one.pair for one in answer.methods]
            raise WceError(missing_pair(pair, known, answer.batch.labels == "probability"))
        found.append(row)
    return list(dict.fromkeys(found))


def first_row(answer: Split) -> SplitMethod:
    """The method that the parts are shown by: PyTorch's own mean."""
    row = answer.method("batch-mean" if answer.batch.labels == "probability" else "weighted-mean")
    assert row is not None
    return row


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


def same(a: float, b: float) -> bool:
    """Equal but for roundings; nan is nan."""
    return math.isclose(a, b, rel_tol=NEAR) or (math.isnan(a) and math.isnan(b))


def answer_blocks(answer: Split, look: Look, titled: bool) -> Iterator[Block]:
    """The answer from top to bottom."""
    if titled or answer.batch.name:
        yield blocks.title(look.name(answer.batch.name or "batch", 100))
    asked = asked_rows(answer, look)
    yield blocks.prose(described(answer))
    for row in asked or [first_row(answer)]:
        yield blocks.title(f"{row.pair} of each part, D = {row.formula}" if row.formula != "1" else row.pair)
        yield parts_table(answer, row, look)
    yield blocks.title(f"the whole batch, and the mean of its {counted(len(answer.parts), 'part', 'parts')}")
    yield methods_table(asked or distinct_rows(answer), look)
    for line in sentences(answer, (asked or [first_row(answer)])[0], look):
        yield blocks.prose(line)
    for note in answer.notes:
        yield blocks.prose(f"note: {note}")
    shown = answer.findings if look.findings is None else answer.findings[: look.findings]
    order = ("error", "caution", "note")
    for one in sorted(shown, key=lambda one: (one.code != "weights-vanish-when-split", order.index(one.severity))):
        yield blocks.prose(f"{one.severity} {one.code}: {one.message}")


def described(answer: Split) -> str:
    """`8 samples in 3 parts of 3, in an order shuffled by 5; 1 ignored`"""
    cut, parts = answer.cut, len(answer.parts)
    text = f"{counted(answer.batch.n, 'sample', 'samples')} in {counted(parts, 'part', 'parts')}"
    if cut.sizes is not None:
        text += f" of {', '.join(map(str, cut.sizes[:8]))}{', …' if len(cut.sizes) > 8 else ''}"
    elif cut.size is not None:
        text += f" of {cut.size}"
    if cut.items != answer.batch.n:
        text += f" ({counted(cut.items, 'item', 'items')} along the first axis)"
    if cut.ranks > 1:
        text += f", dealt in turn to {cut.ranks} ranks"
    if cut.shuffle is not None:
        text += f", shuffled by {cut.shuffle}"
    ignored = answer.batch.n - answer.batch.n_kept
    return text + (f"; {ignored} ignored" if ignored else "")


def parts_table(answer: Split, row: SplitMethod, look: Look) -> Block:
    """Each part: numerator, D, value, and how many times its gradient in the whole batch a sample has here."""
    limit = ROWS if look.rows is None else look.rows
    count = min(limit, len(answer.parts))
    parts, hidden = answer.parts[:count], answer.parts[count:]
    tails = [hidden, answer.parts] if hidden else [answer.parts]

    def numbers(values: Sequence[float], whole: float) -> list[str]:
        left = [math.fsum(values[count:]) if all(map(math.isfinite, values[count:])) else sum(values[count:])]
        shown = [*values[:count], *(left if hidden else []), whole]
        return [format_number(value, look.digits) for value in shown]

    adds = row.method != "sum"
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
        denominators[count] = ""
    columns.append(Column("÷ D", denominators, NEVER_DROPPED))
    values = [format_number(value, look.digits) for value in row.values[:count]]
    columns.append(
        Column("= loss", [*values, *blank, format_number(row.value, look.digits)], NEVER_DROPPED, style="bold")
    )
    ratios = [
        look.text(MISSING) if value is None else format_number(value, look.digits) for value in row.ratios[:count]
    ]
    columns.append(Column("gradient ×", [*ratios, *blank, "1"], 6))
    return blocks.table(*columns)


def methods_table(rows: Sequence[SplitMethod], look: Look) -> Block:
    """Every method, of the whole batch, of the mean of the parts, and remedied."""

    def f(values: Sequence[float | None]) -> list[str]:
        return ["–" if value is None else format_number(value, look.digits) for value in values]

    return blocks.table(
        Column("method", [row.pair for row in rows], NEVER_DROPPED, right=False),
        Column("whole", f([row.value for row in rows]), NEVER_DROPPED, style="bold"),
        Column("mean of parts", f([row.mean_of_parts for row in rows]), NEVER_DROPPED),
        Column("difference", f([_plain(row.difference, row.value) for row in rows]), 4),
        Column("factor", f([_plain(row.factor, 1.0, 1.0) for row in rows]), 7),
        Column("gradients ×", [gradient_range(row, look) for row in rows], 5, right=False),
        Column("Σt of parts ÷ D of whole", f([row.remedy for row in rows]), 3),
    )


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
    text = format_number(low, 4) if same(low, high) else f"{format_number(low, 4)} to {format_number(high, 4)}"
    return f"{text}, nan" if broken else text


def ratio_ends(row: SplitMethod) -> tuple[float | None, float | None, bool]:
    """The least and the most of the parts' finite ratios, and whether there are others; parts without a kept sample
    have none.
    """
    ratios = [ratio for ratio in row.ratios if ratio is not None]
    finite = [ratio for ratio in ratios if math.isfinite(ratio)]
    broken = len(finite) < len(ratios)
    return (min(finite), max(finite), broken) if finite else (None, None, broken)


def sentences(answer: Split, row: SplitMethod, look: Look) -> Iterator[str]:
    """What the reader came for: the two numbers, the gradients, and what to divide by instead."""
    k = len(answer.parts)

    def f(value: float) -> str:
        return format_number(value, look.digits)

    who = f"Accumulating loss / {k}, or averaging over {k} ranks" if k > 1 else "One part"
    if answer.cut.ranks > 1 and k > answer.cut.ranks:
        who = f"Accumulating loss / {k // answer.cut.ranks} on each of {answer.cut.ranks} ranks that are averaged"
    if same(row.mean_of_parts, row.value):
        yield f"{who} gives {f(row.mean_of_parts)} by {row.pair}, as the whole batch does."
    else:
        factor = "" if row.factor is None else f", {format_number(row.factor, look.digits)} times as much"
        yield f"{row.pair} of the whole batch is {f(row.value)}. {who}, gives {f(row.mean_of_parts)}{factor}."
    low, high, broken = ratio_ends(row)
    if low is not None and high is not None:
        if broken:
            yield "A part whose kept samples weigh 0 together makes every gradient nan."
        elif same(low, high):
            what = "is that of the whole batch" if same(low, 1.0) else f"is {f(low)} times that of the whole batch"
            yield f"Every gradient {what}" + ("." if same(low, 1.0) else ": one factor, a matter of the learning rate.")
        else:
            yield (
                f"A sample's gradient is multiplied by 1 / ({k} · D) of its own part instead of 1 / D: by "
                f"{f(low)} to {f(high)} times what the whole batch gives it. No learning rate makes up for that: the "
                "direction changes."
            )
    if not same(row.mean_of_parts, row.value) or broken:
        yield remedy(answer, row, look)


def remedy(answer: Split, row: SplitMethod, look: Look) -> str:
    """What to divide by, and that it gives the number of the whole batch."""
    if len(answer.parts) == 1:
        return "There is one part: nothing to remedy."
    remedied = format_number(row.remedy, look.digits)
    if row.method == "sum":
        return f"Remedy: add the parts up instead of averaging them: {remedied}."
    ranks = f", {answer.cut.ranks}," if answer.cut.ranks > 1 else ""
    return (
        f"Remedy: divide Σt of each part by D of all parts, {row.formula} = "
        f"{format_number(row.denominator, look.digits)}, and add: {remedied}. Accumulating: count D before the first "
        f"backward, and leave out the / k. Data parallel: all_reduce D, and multiply by the number of ranks{ranks} "
        "what is averaged over them."
    )
