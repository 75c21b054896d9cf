"""What `wce check` does with each batch, and with what was typed for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs

from wce_cli.cli import options
from wce_cli.cli.batches import Read
from wce_cli.cli.saving import saved_expect
from wce_cli.digits import Written
from wce_cli.errors import Problem, WceError, counted
from wce_cli.inputs.numbers import read_numbers
from wce_cli.questions.check.answer import Checked
from wce_cli.questions.check.compare import compared, nothing_expected
from wce_cli.questions.check.expected import LISTS, read_expect
from wce_cli.questions.check.given import Given

SEARCHED = 200
"""Failing batches of a run whose numbers are looked for among the odd rules too; that takes some 10 ms each."""
TOLD = 10
"""Batches that could not be read of which stderr says why; the answer says it of all."""


def checked_each(
    reads: Iterator[Read],
    asked: Mapping[str, Any],
    tolerance: float | None,
    engines: Sequence[str],
    saved: list[dict[str, Any]] | None,
    errors: list[WceError],
) -> Iterator[Checked]:
    """The outcome of each batch as it is read; what cannot be read is one as well, and among the `errors`.

    `saved`: where today's numbers of each batch are put, None for nowhere.
    """
    failed = 0
    for read in reads:
        document, name = read.document, None
        file, place = document.origin or None, f"line {document.line}" if document.line else document.place
        try:
            if read.error is not None or read.batch is None:
                raise read.error or WceError(())
            name = read.batch.spec.name
            near = document.tolerance if tolerance is None else tolerance
            expected = read_expect({**(document.expect or {}), **asked}, near)
            if not expected and saved is None:
                raise WceError(nothing_expected(document.origin or "the batch"))
            given = Given(read.batch)
            comparisons = compared(given, expected, engines, depth=1 if failed < SEARCHED else 0)
            if saved is not None:
                saved.append(saved_expect(given, [one.what for one in expected]))
        except WceError as error:
            errors.append(_placed(error, document.origin, document.place))
            yield Checked(file, place, name, "unread", (), error.problems)
            continue
        agrees = all(one.verdict == "agrees" for one in comparisons)
        failed += not agrees
        yield Checked(file, place, name, "agrees" if agrees else "differs", comparisons)


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
        bare = [structs.replace(problem, hint="") for problem in error.problems]
        yield from WceError(bare, error.context).lines()
        hints |= dict.fromkeys(WceError(error.problems).lines()[len(bare) :])
    if len(errors) > TOLD:
        yield f"error: {counted(len(errors) - TOLD, 'more batch was', 'more batches were')} not checked"
    yield from hints


def typed_expect(typed: Sequence[str]) -> dict[str, Any]:
    """`METHOD=VALUE`, each number as it was typed; a list for `loss` and `term`."""
    found: dict[str, Any] = {}
    for text in typed:
        method, equals, value = text.partition("=")
        if not equals or not value.strip():
            raise WceError(Problem(f'--expect is "{text}", expected METHOD=VALUE', "--expect weighted-mean=0.692279"))
        method = method.strip()
        if method in found:
            raise WceError(Problem(f"--expect names {method} twice"))
        if method.partition("/")[0] in LISTS:
            numbers = read_numbers("--expect", value)
            found[method] = [Written(one) if isinstance(one, str) else one for one in numbers]
        else:
            options.number(f"--expect {method}", value)
            found[method] = Written(value.strip())
    return found
