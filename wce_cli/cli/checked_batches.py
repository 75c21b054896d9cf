"""What `wce check` does with each batch, and with what was typed for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, structs

from wce_cli.answers.check import Checked, Summary, summary
from wce_cli.cli import options
from wce_cli.cli.destinations import Destination
from wce_cli.cli.one_by_one import Read
from wce_cli.cli.outcome import Outcome, new_notes
from wce_cli.cli.save_expect import saved_expect
from wce_cli.digits import Written
from wce_cli.errors import Problem, WceError, counted
from wce_cli.formats import formatted, joiner_of, part_of
from wce_cli.inputs.numbers import WORD, read_numbers
from wce_cli.loss.methods import METHODS, WEIGHTED
from wce_cli.questions.check.batch_losses import BatchLosses
from wce_cli.questions.check.compare import compared, nothing_expected
from wce_cli.questions.check.expected import LISTS, read_expect
from wce_cli.questions.check.of_criterion import CRITERION, by_method

BATCHES_SEARCHED = 200
"""Failing batches of a run whose numbers are looked for among the odd rules too; that takes some 10 ms each."""
TOLD = 10
"""Batches that could not be read of which stderr says why; the answer says it of all."""


class CheckAsked(Struct, frozen=True):
    """What is asked of every batch beside what it expects itself."""

    expect: Mapping[str, Any]
    tolerance: float | None
    engines: Sequence[str]


class CheckedPart(Struct, frozen=True):
    """The outcomes of some batches, in their order, with their errors and notes."""

    summary: Summary
    texts: tuple[str, ...]
    """What each answer says of them; nothing where it has to know all batches first."""
    outcomes: tuple[Checked, ...]
    """Empty where every answer has said what it says."""
    errors: tuple[tuple[tuple[Problem, ...], tuple[str, ...]], ...]
    notes: tuple[str, ...]
    """What was taken for something else in these batches, each once."""


def checked(
    read: Read, asked: CheckAsked, depth: int, saved: list[dict[str, Any]] | None = None
) -> tuple[Checked, WceError | None]:
    """The outcome of one batch; what cannot be read is one as well, beside its error.

    `depth`: departures of the rules that a wrong number is looked for among. `saved`: where today's numbers of the
    batch are put, None for nowhere.
    """
    document, name = read.document, None
    file, place = document.origin or None, f"line {document.line}" if document.line else document.place
    try:
        if read.error is not None or read.batch is None:
            raise read.error or WceError(())
        name = read.batch.spec.name
        near = document.tolerance if asked.tolerance is None else asked.tolerance
        expect = {**(document.expect or {}), **asked.expect}
        if not expect and saved is None:
            raise WceError(nothing_expected(document.origin or "the batch"))
        losses = BatchLosses(read.batch)
        expected = read_expect(by_method(expect, losses), near)
        comparisons = compared(losses, expected, asked.engines, depth)
        if saved is not None:
            saved.append(saved_expect(losses, [one.what for one in expected]))
    except WceError as error:
        return Checked(file, place, name, "unread", (), error.told()), _placed(error, document.origin, document.place)
    outcome = outcome_of(file, place, name, comparisons)
    if outcome.is_ok and saved is None:
        return outcome, None
    return structs.replace(outcome, findings=losses.doubts()), None


def outcome_of(file: str | None, place: str, name: str | None, comparisons: Iterable[Any]) -> Checked:
    """The outcome of a batch that could be read."""
    comparisons = tuple(comparisons)
    agrees = all(one.verdict == "agrees" for one in comparisons)
    verdict: Literal["agrees", "differs", "new"] = "new" if not comparisons else "agrees" if agrees else "differs"
    return Checked(file, place, name, verdict, comparisons)


def checked_part(
    read: Read, asked: CheckAsked, depth: int, answers: Sequence[Destination], saved: list[dict[str, Any]] | None = None
) -> CheckedPart:
    """The outcome of one batch, as a part of the run."""
    outcome, error = checked(read, asked, depth, saved)
    return part([outcome], [] if error is None else [error], notes_of(read), answers)


def notes_of(read: Read) -> tuple[str, ...]:
    """The notes of one batch: what was taken for something else; none of one that cannot be read."""
    return read.batch.spec.notes if read.batch is not None else ()


def part(
    outcomes: Sequence[Checked], errors: Iterable[WceError], notes: Iterable[str], answers: Sequence[Destination]
) -> CheckedPart:
    """The outcomes of some batches as a part of the run, each answer's text of them written."""
    in_parts = [one.format.comes_in_parts for one in answers]
    texts = tuple(
        part_of(one.format, outcomes, one.look, True) if able else ""
        for one, able in zip(answers, in_parts, strict=True)
    )
    kept = () if all(in_parts) else tuple(outcomes)
    failed = tuple((error.problems, error.context) for error in errors)
    return CheckedPart(summary(outcomes), texts, kept, failed, tuple(dict.fromkeys(notes)))


class Whole:
    """A whole run, which grows part by part."""

    def __init__(self, answers: Sequence[Destination]) -> None:
        self.answers = answers
        self.summary = summary(())
        self.errors: list[WceError] = []
        self.notes: dict[str, None] = {}
        self._joiners = [joiner_of(one.format, one.look, True) for one in answers]
        self._texts: list[list[str]] = [[] for _ in answers]
        self._outcomes: list[Checked] = []

    def add(self, one: CheckedPart) -> None:
        """Add the next part."""
        self.summary += one.summary
        self.errors += [WceError(problems, context) for problems, context in one.errors]
        self._outcomes += one.outcomes
        new_notes(one.notes, self.notes)
        for joiner, texts, text in zip(self._joiners, self._texts, one.texts, strict=True):
            texts.append(joiner.add(text))

    def outcome(self) -> Outcome:
        """Every answer as text, before any is written."""
        main, *beside = (
            "".join([*texts, *joiner.end(self.summary)])
            if answer.format.comes_in_parts
            else formatted(answer.format, self._outcomes, answer.look)
            for answer, joiner, texts in zip(self.answers, self._joiners, self._texts, strict=True)
        )
        files = tuple((answer.file or "", text) for answer, text in zip(self.answers[1:], beside, strict=True))
        return Outcome(main, self.answers[0].file, files)


def _placed(error: WceError, origin: str, place: str) -> WceError:
    """The error with its place in the file; where it does not say which file it is about, that stands below it."""
    where = f"{place}: " if place else ""
    problems = [Problem(f"{where}{one.message}", one.hint, one.field) for one in error.problems]
    context = list(error.context)
    if origin and not any(origin in line for line in (*context, *(one.message for one in problems))):
        context.append(f"in {origin}")
    return WceError(problems, context)


def lines_of(errors: Sequence[WceError]) -> Iterator[str]:
    """Errors for stderr, of very many the first; each hint once, below all."""
    hints: dict[str, None] = {}
    for error in errors[:TOLD]:
        lines = error.lines()
        yield from (line for line in lines if not line.startswith("hint: "))
        hints |= dict.fromkeys(line for line in lines if line.startswith("hint: "))
    if len(errors) > TOLD:
        yield f"error: {counted(len(errors) - TOLD, 'more batch was', 'more batches were')} not checked"
    yield from hints


def _expectation(text: str) -> str:
    """The hint for a method without a number, a number without a method, or both in other words."""
    words = re.split(r"[\s:=]+", text.strip(" =:"))
    method = next((word for word in words if word.partition("/")[0] in METHODS), WEIGHTED)
    return f"--expect {method}={next(filter(WORD.fullmatch, words), 'NUMBER')}"


def typed_expect(typed: Sequence[str], *, has_criterion: bool = False) -> dict[str, Any]:
    """`METHOD=VALUE`, each number as it was typed; a list for `loss` and `term`. One alone is that of the criterion
    where one was typed."""
    found: dict[str, Any] = {}
    for text in typed:
        is_alone = has_criterion and WORD.fullmatch(text.strip())
        method, equals, value = (CRITERION, "=", text) if is_alone else text.partition("=")
        if not equals or not value.strip():
            raise WceError(Problem(f'--expect is "{text}", expected METHOD=VALUE', _expectation(text)))
        method = method.strip()
        if method in found:
            raise WceError(Problem(f"--expect names {method} twice"))
        if method.partition("/")[0] in LISTS:
            numbers = read_numbers("--expect", value).values
            found[method] = [Written(one) if isinstance(one, str) else one for one in numbers]
        else:
            options.number(f"--expect {method}", value)
            found[method] = Written(value.strip())
    return found
