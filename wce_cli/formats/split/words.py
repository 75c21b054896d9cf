"""What cutting a batch does to its loss, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from wce_cli.answers.split import Split, SplitMethod
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats.cells import item_word
from wce_cli.formats.look import Look
from wce_cli.formats.split.ratios import ratio_ends, same
from wce_cli.formats.split.remedy import remedy
from wce_cli.loss.methods import METHODS


def described(answer: Split) -> str:
    """`8 samples in 3 parts of 3, shuffled by 5; 1 ignored`, `256 samples, 8 items of 32, in 4 parts of 2 items`"""
    cut, parts = answer.cut, len(answer.parts)
    each = answer.batch.n // max(cut.items, 1)
    whole, word = counted(answer.batch.n, "sample", "samples"), item_word(answer.batch)
    if each > 1:
        whole += f", {counted(cut.items, word, f'{word}s')} of {each},"
    text = f"{whole} in {counted(parts, 'part', 'parts')}"
    of = ""
    if cut.sizes is not None:
        of = f" of {', '.join(map(str, cut.sizes[:8]))}{', …' if len(cut.sizes) > 8 else ''}"
    elif cut.size is not None:
        is_full = len({part.n for part in answer.parts}) == 1 and cut.items >= cut.size * cut.ranks
        of = f" of {cut.size}" if is_full else f" of up to {cut.size}"
    text += f"{of} {word}{'' if of == ' of 1' else 's'}" if of and each > 1 else of
    if cut.ranks > 1:
        text += f", dealt in turn to {cut.ranks} ranks"
    if cut.shuffle is not None:
        text += f", shuffled by {cut.shuffle}"
    ignored = answer.batch.n - answer.batch.n_kept
    return text + (f"; {ignored} ignored" if ignored else "")


def sentences(answer: Split, row: SplitMethod, look: Look) -> Iterator[str]:
    """What the reader came for: the two numbers, the gradients, and what to divide by instead."""
    k = len(answer.parts)

    def f(value: float) -> str:
        return format_number(value, look.digits)

    who = f"Accumulating loss / {k}" if k > 1 else "One part"
    if answer.cut.ranks > 1:
        steps = k // answer.cut.ranks
        who = f"Averaging over {k} ranks" if steps == 1 else f"Accumulating loss / {steps}, averaged over the ranks,"
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
    told = remedy(answer, row, look)
    if told:
        yield told
