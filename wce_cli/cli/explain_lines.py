"""Many batches, a line each: answered a piece at a time, on all cores, and printed in their order.

What is printed before a line that cannot be answered stands. Without `--keep-going` that line ends the run; with it
the errors go to stderr, each when its turn comes, and the run ends with exit code 2 when all lines are done.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from wce_cli.cli.batches import Sources
from wce_cli.cli.delivery import say, say_notes
from wce_cli.cli.destinations import Destination, samples_needed
from wce_cli.cli.line_answers import ExplainedLine, reports_by_line, values_by_line
from wce_cli.cli.outcome import CANNOT_ANSWER, Outcome, new_notes
from wce_cli.errors import Problem, WceError, counted
from wce_cli.formats import VALUE, Joiner, joiner_of, part_of
from wce_cli.formats.cells import rounding_note
from wce_cli.inputs.lines import Lines, Piece
from wce_cli.processes.pool import in_order
from wce_cli.processes.work import Work

VALUES = 4
"""How many times as many lines are answered at once where the answer is a number or two."""

TOGETHER = 32
"""Answers that are made into text together: a report is gone before there are many, and its memory is used again."""

KEPT = 1 << 24
"""Bytes. glibc gives large memory back to the system when it is free, and asks for it anew with every piece, unless
as much was free before: it learns that from the first time."""


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
            samples = partial(samples_needed, answers)
            pairs = answers[0].look.methods or ()
            found = reports_by_line(piece, sources.fields, pairs, engines, rows, sort, top, samples)
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
            say_notes(new_notes(done.notes, told))
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
