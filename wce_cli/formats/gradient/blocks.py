"""What every method's loss pulls at, for a person to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wce_cli.answers.gradient import Gradients, MethodGradient
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.cells import MISSING, class_cell, name_cell, share_cell, weight_letters
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.criterion import criterion_line
from wce_cli.formats.look import ROWS, Look
from wce_cli.loss.methods import TORCHS

CLASSES = 20


def shown_rows(answer: Gradients, look: Look) -> list[MethodGradient]:
    """The rows to show: those asked for, every pair, or torch's own and the mean over weights by other placements."""
    if look.methods is not None:
        return asked_rows(answer, look) or list(answer.methods)
    soft_or_smooth = answer.batch.labels == "probability" or answer.batch.label_smoothing > 0
    return [row for row in answer.methods if row.method in TORCHS and (row.placement == "class" or soft_or_smooth)]


def answer_blocks(answer: Gradients, look: Look, titled: bool) -> Iterator[AnswerBlock]:
    """The answer from top to bottom."""
    if titled or answer.batch.name:
        yield blocks.name(look.name(answer.batch.name or "batch", 100))
    yield from criterion_line(answer.criterion, look)
    rows = shown_rows(answer, look)
    limit = ROWS if look.rows is None else look.rows
    samples = answer.samples[:limit] if look.rows is not None or answer.batch.n <= ROWS else ()
    if samples:
        yield blocks.title(
            f"what the gradient of each sample's own loss is multiplied by: {weight_letters(answer.batch)} / D"
        )
        yield blocks.table(*_sample_columns(answer, rows, samples, look))
        without = [row.kind for row in rows if answer.factor(samples[0], row) is None]
        if without:
            kind = without[0]
            yield blocks.prose(
                f"Placement {kind} has no one factor here: {kind}: norm is that of a sample's gradient before the "
                "division by D, and cosine says how far it points where the unweighted one does."
            )
        if len(samples) < answer.batch.n_kept:
            yield blocks.prose(f"{answer.batch.n_kept - len(samples)} more kept samples are not listed")
    elif answer.classes:
        yield blocks.title("share of the gradient by class: the sum of the samples' norms")
        yield blocks.table(*_class_columns(answer, look))
        if len(answer.classes) > CLASSES:
            yield blocks.prose(f"{counted(len(answer.classes) - CLASSES, 'class', 'classes')} with less are not listed")
    yield blocks.title("the gradient of all samples together, and its cosine with that of unweighted-mean")
    yield blocks.table(
        Column("method", [row.pair for row in rows], NEVER_DROPPED, right=False),
        Column("D", [format_number(row.denominator, look.digits) for row in rows], 6),
        Column("norm", [format_number(row.norm, look.digits) for row in rows], 8),
        Column("cosine", [_number(row.cosine, look) for row in rows], NEVER_DROPPED),
    )
    for sentence in answer.sentences:
        yield blocks.answer(sentence)
    yield from blocks.found(answer.findings)


def _number(value: float | None, look: Look) -> str:
    return look.text(MISSING) if value is None else format_number(value, look.digits)


def _sample_columns(
    answer: Gradients, rows: Sequence[MethodGradient], samples: Sequence[Any], look: Look
) -> Iterator[Column]:
    names = answer.batch.classes
    labels = [str(one.label) if names is None else name_cell(names[one.label], look, one.label) for one in samples]
    places = [",".join(map(str, one.index)) if len(one.index) > 1 else str(one.n) for one in samples]
    yield Column("n", places, NEVER_DROPPED, right=False)
    yield Column("label", labels, 8, right=False)
    yield Column("norm", [format_number(one.norm, look.digits) for one in samples], 4)
    for position, row in enumerate(rows):
        factors = [answer.factor(one, row) for one in samples]
        if any(factor is not None for factor in factors):
            cells = [_number(factor, look) for factor in factors]
            yield Column(row.pair, cells, NEVER_DROPPED if position == 0 else max(1, 6 - position))
        elif not any(other.kind == row.kind for other in rows[:position]):
            cosines = [_number(one.pulls[row.kind].cosine, look) for one in samples]
            yield Column(
                f"{row.kind}: norm", [format_number(one.pulls[row.kind].norm, look.digits) for one in samples], 5
            )
            yield Column(f"{row.kind}: cosine", cosines, 5)


def _class_columns(answer: Gradients, look: Look) -> Iterator[Column]:
    rows = sorted(answer.classes, key=lambda row: -(row.share or 0.0))[:CLASSES]
    names = [class_cell(row.index, row.name, look) for row in rows]
    yield Column("class", names, NEVER_DROPPED, right=False)
    yield Column("samples", [str(row.count) for row in rows], 4)
    yield Column("of the loss", [share_cell(row.loss_share, look) for row in rows], 6)
    yield Column("of the gradient", [share_cell(row.share, look) for row in rows], NEVER_DROPPED)
    yield Column("without weights", [share_cell(row.unweighted_share, look) for row in rows], 5)
