"""The samples of a large batch, written as they are made: a million rows are never in memory together."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence

from msgspec import structs

from wce_cli.answers.report import Report, TermRow
from wce_cli.batches.batch import Batch
from wce_cli.cli.destinations import Destination
from wce_cli.cli.outcome import Outcome
from wce_cli.formats import Joiner, formatted, joiner_of, part_of
from wce_cli.questions.explain.of_batch import TERMS_LISTED
from wce_cli.questions.explain.rows import row_chunks


def lists_many(answers: Sequence[Destination], batches: Sequence[Batch], sort: str) -> bool:
    """Whether more samples are listed than a report holds, and every answer that does can be written bit by bit.

    In another order than their own all samples have to be there first.
    """
    many = [
        answer
        for answer in answers
        if answer.look.only != "methods" and any(_listed(answer, batch) > TERMS_LISTED for batch in batches)
    ]
    return sort == "index" and bool(many) and all(answer.format.comes_in_parts for answer in many)


def first_rows(answers: Sequence[Destination], batch: Batch) -> int:
    """The samples that the report itself must hold: for answers that are written as a whole."""
    return max((_listed(answer, batch) for answer in answers if not _is_streamed(answer)), default=0)


def listing(
    answers: Sequence[Destination],
    batches: Sequence[Batch],
    explained: Sequence[tuple[Report, float | None]],
    notes: Iterable[str],
    saved: Sequence[tuple[str, str]] = (),
) -> Outcome:
    """The outcome whose answers list many samples, written bit by bit; `saved`: files beside them, with their text."""
    main, *beside = answers
    files = tuple((name, "") for name in (*(answer.file or "" for answer in beside), *(name for name, _ in saved)))
    pieces = _pieces(answers, batches, explained, [text for _, text in saved])
    return Outcome("", main.file, files, tuple(notes), pieces=pieces)


def _pieces(
    answers: Sequence[Destination],
    batches: Sequence[Batch],
    explained: Sequence[tuple[Report, float | None]],
    saved: Sequence[str],
) -> Generator[tuple[str, ...], None, None]:
    nothing = ("",) * len(saved)
    reports, several = [report for report, _ in explained], len(batches) > 1
    joiners = [joiner_of(answer.format, answer.look, several) for answer in answers]
    try:
        for joiner in joiners:
            joiner.settle(reports)
        whole = ["" if _is_streamed(answer) else formatted(answer.format, reports, answer.look) for answer in answers]
        yield (*whole, *saved)
        for batch, (report, shared) in zip(batches, explained, strict=True):
            for texts in _of_batch(answers, joiners, batch, report, shared, several):
                yield (*texts, *nothing)
        for k, (answer, joiner) in enumerate(zip(answers, joiners, strict=True)):
            for text in joiner.end() if _is_streamed(answer) else ():
                yield (*(text if k == place else "" for place in range(len(answers))), *nothing)
    finally:
        for joiner in joiners:
            joiner.close()


def _of_batch(
    answers: Sequence[Destination],
    joiners: Sequence[Joiner],
    batch: Batch,
    report: Report,
    shared: float | None,
    several: bool,
) -> Iterator[tuple[str, ...]]:
    """The pieces that a batch adds to each answer: some of its samples at a time; one where none is listed."""
    listed = [_listed(answer, batch) if _is_streamed(answer) else 0 for answer in answers]

    def added(rows: Sequence[TermRow]) -> tuple[str, ...]:
        texts = []
        for answer, joiner, n in zip(answers, joiners, listed, strict=True):
            some = rows[: max(0, n - rows[0].n)] if rows else ()
            text = ""
            if _is_streamed(answer) and (some or not (rows or n)):
                part = structs.replace(report, terms=tuple(some), terms_shown=n)
                text = joiner.add(part_of(answer.format, [part], answer.look, several))
            texts.append(text)
        return tuple(texts)

    yield added(())
    for rows in row_chunks(batch, max(listed), shared):
        yield added(rows)


def _is_streamed(answer: Destination) -> bool:
    return answer.format.comes_in_parts and answer.look.only != "methods"


def _listed(answer: Destination, batch: Batch) -> int:
    return min(answer.rows(batch.n_samples), batch.n_samples)
