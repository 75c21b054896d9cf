"""Many batches, a line each: answered a piece at a time, on all cores, and printed in their order.

What is printed before a line that cannot be answered stands. Without `--keep-going` that line ends the run; with it
the errors go to stderr, each when its turn comes, and the run ends with exit code 2 when all lines are done.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from wce_cli.answers.report import Report
from wce_cli.batches.batch import Batch
from wce_cli.cli.batches import Sources
from wce_cli.cli.delivery import say
from wce_cli.cli.destinations import Destination
from wce_cli.cli.field_option import OptionValue, plain_weight
from wce_cli.cli.outcome import CANNOT_ANSWER, Outcome
from wce_cli.cli.overrides import batch_of
from wce_cli.errors import Problem, WceError, at_most, counted
from wce_cli.formats import VALUE, Joiner, joiner_of, part_of
from wce_cli.formats.cells import rounding_note
from wce_cli.inputs.fast_lines import plain_documents
from wce_cli.inputs.lines import Lines, Piece
from wce_cli.inputs.ndjson import document_of_line
from wce_cli.loss.methods import METHODS, loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.processes.pool import in_order
from wce_cli.processes.work import Work
from wce_cli.questions.explain.of_batch import explain_batch

NOTES = 100
"""Different notes that are told: every line may have one of its own."""

VALUES = 4
"""How many times as many lines are answered at once where the answer is a number or two."""

TOGETHER = 32
"""Answers that are made into text together: a report is gone before there are many, and its memory is used again."""

KEPT = 1 << 24
"""Bytes. glibc gives large memory back to the system when it is free, and asks for it anew with every piece, unless
as much was free before: it learns that from the first time."""


class ExplainedLine(Struct, frozen=True):
    """What came of one line: an answer, or an error that names it."""

    answer: Any = None
    notes: tuple[str, ...] = ()
    error: WceError | None = None


class Done(Struct, frozen=True):
    """What came of a piece: a text for each answer, a few lines at a time, and what is to be said beside them."""

    texts: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    errors: tuple[tuple[tuple[Problem, ...], tuple[str, ...]], ...]
    count: int
    several: bool


def explain_lines(
    sources: Sources,
    answers: Sequence[Destination],
    engines: Sequence[str],
    sort: str,
    top: int,
    keep_going: bool,
) -> Outcome:
    """The answers to all lines of some files, as they come. Raises WceError if one of the files is not there."""
    code = 0
    failed = 0

    def fail(error: WceError) -> None:
        nonlocal code, failed
        if not keep_going:
            raise error
        code, failed = CANNOT_ANSWER, failed + 1
        say(error.lines())

    only_values = all(answer.format is VALUE for answer in answers)
    lines = Lines(sources.paths, fail, VALUES if only_values else 1)

    def rows(n: int) -> int:
        return max(answer.rows(n) for answer in answers)

    def work(piece: Piece) -> Done:
        """Done in a worker: it sends text alone."""
        gc.collect()
        if only_values:
            found = values_by_line(piece, sources.fields, answers[0].look.methods or ())
        else:
            found = reports_by_line(piece, sources.fields, answers[0].look.methods or (), engines, rows, sort, top)
        return _done(piece, found, answers, keep_going)

    def pieces() -> Generator[tuple[str, ...], None, None]:
        joiners: list[Joiner] = []
        bytes(KEPT)
        gc.freeze()  # what is here to stay: a worker that tidies up after a piece need not look through it
        try:
            yield from _joined(
                in_order(lambda: Work(work, lambda: None), lines.pieces(), comes_at_once=lines.comes_at_once), joiners
            )
        finally:
            gc.unfreeze()
            for joiner in joiners:
                joiner.close()

    def _joined(found: Iterator[Done], joiners: list[Joiner]) -> Iterator[tuple[str, ...]]:
        told: dict[str, None] = {}
        count = 0
        for done in found:
            new = [note for note in dict.fromkeys(done.notes) if note not in told][: NOTES - len(told)]
            told.update(dict.fromkeys(new))
            say(f"note: {at_most(note)}" for note in new)
            count += done.count
            if not joiners:
                joiners += [joiner_of(answer.format, answer.look, done.several) for answer in answers]
            for texts in done.texts:
                yield tuple(joiner.add(text) for joiner, text in zip(joiners, texts, strict=True))
            for problems, context in done.errors:
                fail(WceError(problems, context))
        if failed:
            say([f"error: {failed} of {counted(count, 'batch', 'batches')} cannot be answered"])
        for k, joiner in enumerate(joiners):
            for text in joiner.end():
                yield tuple(text if k == place else "" for place in range(len(answers)))

    main, *beside = answers
    files = tuple((answer.file or "", "") for answer in beside)
    return Outcome("", main.file, files, tuple(sources.notes), pieces=pieces(), end=lambda: code)


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
) -> Iterator[ExplainedLine]:
    """The report of the batch of each line, listing `rows` of so many samples.

    A line whose batch leaves one of the `pairs` undefined is an error.
    """

    def report_of(batch: Batch) -> Report:
        report = explain_batch(batch, engines, rows(batch.n_samples), sort, top=top)
        if "all" not in pairs:
            report.only(tuple(pairs))
        return report

    return by_line(piece, fields, report_of)


def _done(piece: Piece, found: Iterator[ExplainedLine], answers: Sequence[Destination], keep_going: bool) -> Done:
    """A piece as text, up to its first error if that is where the run ends."""
    good: list[Any] = []
    texts: list[tuple[str, ...]] = []
    notes: list[str] = []
    errors = []
    count = 0
    for line in found:
        count += 1
        notes += line.notes
        if line.error is None:
            good.append(line.answer)
            if len(good) == TOGETHER:
                texts.append(_texts(good, answers, not piece.is_alone, notes))
                good = []
            continue
        errors.append((line.error.problems, line.error.context))
        if not keep_going:
            break
    if good or not texts:
        texts.append(_texts(good, answers, not piece.is_alone, notes))
    return Done(tuple(texts), tuple(dict.fromkeys(notes)), tuple(errors), count, not piece.is_alone)


def _texts(good: Sequence[Any], answers: Sequence[Destination], several: bool, notes: list[str]) -> tuple[str, ...]:
    """Some answers as text, for each of the ways to give them; what is to be noted of them comes to the `notes`."""
    if all(answer.format is VALUE for answer in answers):
        return tuple("".join(f"{value!r}\n" for values in good for value in values) for _ in answers)
    notes += [note for report in good for note in rounding_note(report)]
    return tuple(part_of(answer.format, good, answer.look, several) for answer in answers)


def _split(pairs: Sequence[str]) -> list[tuple[str, str]] | None:
    """METHOD/PLACEMENT as two words; every pair of index labels for `all`; None where one is not defined for them."""
    if "all" in pairs:
        return [(method.name, placement) for method in METHODS.values() for placement in method.placements]
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
