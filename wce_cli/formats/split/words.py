"""What cutting a batch does to its loss, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wce_cli.answers.split import Split, SplitMethod
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats.look import Look
from wce_cli.loss.methods import METHODS

NEAR = 1e-12
"""Up to here two numbers are one: roundings."""


def described(answer: Split) -> str:
    """`8 samples in 3 parts of 3, in an order shuffled by 5; 1 ignored`"""
    cut, parts = answer.cut, len(answer.parts)
    text = f"{counted(answer.batch.n, 'sample', 'samples')} in {counted(parts, 'part', 'parts')}"
    if cut.sizes is not None:
        text += f" of {', '.join(map(str, cut.sizes[:8]))}{', …' if len(cut.sizes) > 8 else ''}"
    elif cut.size is not None:
        is_full = len({part.n for part in answer.parts}) == 1 and cut.items >= cut.size * cut.ranks
        text += f" of {cut.size}" if is_full else f" of up to {cut.size}"
    if cut.items != answer.batch.n:
        text += f" ({counted(cut.items, 'item', 'items')} along the first axis)"
    if cut.ranks > 1:
        text += f", dealt in turn to {cut.ranks} ranks"
    if cut.shuffle is not None:
        text += f", shuffled by {cut.shuffle}"
    ignored = answer.batch.n - answer.batch.n_kept
    return text + (f"; {ignored} ignored" if ignored else "")


def same(a: float, b: float) -> bool:
    """Equal but for roundings; nan is nan."""
    return math.isclose(a, b, rel_tol=NEAR) or (math.isnan(a) and math.isnan(b))


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

    who = f"Accumulating loss / {k}, or averaging over {k} ranks," if k > 1 else "One part"
    if answer.cut.ranks > 1 and k > answer.cut.ranks:
        who = f"Accumulating loss / {k // answer.cut.ranks} on each of {answer.cut.ranks} ranks that are averaged,"
    if same(row.mean_of_parts, row.value):
        yield f"{who} gives {f(row.mean_of_parts)} by {row.pair}, as the whole batch does."
    else:
        factor = "" if row.factor is None else f", {format_number(row.factor, look.digits)} times as much"
        yield f"{row.pair} of the whole batch is {f(row.value)}. {who} gives {f(row.mean_of_parts)}{factor}."
    low, high, broken = ratio_ends(row)
    if low is not None and high is not None:
        if broken:
            if METHODS[row.method].kind in ("count", "bent"):
                yield f"A part whose D = {row.formula} is 0 has no gradient that is a number."
            else:
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
    if row.formula == "1":
        return f"Remedy: add the parts up instead of averaging them: {remedied}."
    ranks = f", {answer.cut.ranks}," if answer.cut.ranks > 1 else ""
    return (
        f"Remedy: divide Σt of each part by D of all parts, {row.formula} = "
        f"{format_number(row.denominator, look.digits)}, and add: {remedied}. Accumulating: count D before the first "
        f"backward, and leave out the / k. Data parallel: all_reduce D, and multiply by the number of ranks{ranks} "
        "what is averaged over them."
    )
