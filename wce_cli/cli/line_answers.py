"""The answers to the lines of a piece: values of what is plain all together, and of any other line alone; reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from wce_cli.answers.report import Report
from wce_cli.batches.batch import Batch
from wce_cli.cli.field_option import OptionValue, plain_weight
from wce_cli.cli.overrides import batch_of
from wce_cli.errors import Problem, WceError
from wce_cli.inputs.fast_lines import plain_documents
from wce_cli.inputs.lines import Piece
from wce_cli.inputs.ndjson import document_of_line
from wce_cli.loss.methods import METHODS, loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.of_batch import explain_batch


class ExplainedLine(Struct, frozen=True):
    """What came of one line: an answer, or an error that names it."""

    answer: Any = None
    notes: tuple[str, ...] = ()
    error: WceError | None = None


def by_line(piece: Piece, fields: Mapping[str, OptionValue], answer: Callable[[Batch], Any]) -> Iterator[ExplainedLine]:
    """What `answer` says of the batch of each line, or the error that there is instead."""
    for position, (number, line) in enumerate(piece.lines(), piece.position):
        try:
            batch = batch_of(document_of_line(piece.shown, number, line), fields, None if piece.is_alone else position)
        except WceError as error:
            yield ExplainedLine(error=error)
            continue
        try:
            yield ExplainedLine(answer(batch), batch.spec.notes)
        except WceError as error:
            place = f"{piece.shown}:{number}"
            placed = [Problem(f"{place}: {one.message}", one.hint, one.field) for one in error.problems]
            yield ExplainedLine(error=WceError(placed, error.context))


def values_by_line(piece: Piece, fields: Mapping[str, OptionValue], pairs: Sequence[str]) -> Iterator[ExplainedLine]:
    """The values of some pairs (`all` for every one) for the batch of each line: of what is plain, by stacks."""
    from wce_cli.questions.lines.values import plain_values

    wanted, typed = _split(pairs), plain_weight(fields)

    lines = list(piece.lines())
    if wanted is None or typed is False:
        found: list[list[float] | None] = [None] * len(lines)
    else:
        found = plain_values(plain_documents([line for _, line in lines]), typed, wanted)
    for position, (values, (number, line)) in enumerate(zip(found, lines, strict=True), piece.position):
        if values is not None:
            yield ExplainedLine(values)
        else:
            alone = Piece(piece.shown, number, line, position, piece.is_alone)
            yield from by_line(alone, fields, lambda batch: _values(batch, pairs))


def reports_by_line(
    piece: Piece,
    fields: Mapping[str, OptionValue],
    pairs: Sequence[str],
    engines: Sequence[str],
    rows: Callable[[int], int],
    sort: str,
    top: int,
    samples: Callable[[Batch], int],
) -> Iterator[ExplainedLine]:
    """The report of the batch of each line, listing `rows` of so many samples, and as many of several rows each as
    `samples` says.

    A line whose batch leaves one of the `pairs` undefined is an error.
    """

    def report_of(batch: Batch) -> Report:
        report = explain_batch(batch, engines, rows(batch.n_samples), sort, top=top, samples=samples(batch))
        if "all" not in pairs:
            report.only(tuple(pairs))
        return report

    return by_line(piece, fields, report_of)


def _split(pairs: Sequence[str]) -> list[tuple[str, str]] | None:
    """METHOD/PLACEMENT as two words; every pair of plain rows for `all`; None where one is not defined for them."""
    if "all" in pairs:
        return [
            (method.name, place) for method in METHODS.values() if not method.by_item for place in method.placements
        ]
    split = [(method, placement or "class") for method, _, placement in (pair.partition("/") for pair in pairs)]
    known = all(method in METHODS and placement in METHODS[method].placements for method, placement in split)
    return list(dict.fromkeys(split)) if known else None


def _values(batch: Batch, pairs: Sequence[str]) -> list[float]:
    values = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
    by_pair = {(value.method, value.placement): value.value for value in values}
    if "all" in pairs:
        return list(by_pair.values())
    wanted = _split(pairs)
    if wanted is None or any(pair not in by_pair for pair in wanted):
        explain_batch(batch, (), 0).only(tuple(pairs))  # raises, and knows why
    return [by_pair[pair] for pair in wanted or ()]
