"""Saved totals on the command line: parts of one batch that are added up, and answered without their samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from msgspec import structs

from wce_cli.answers.report import Measured
from wce_cli.cli.destinations import Destination, outcome
from wce_cli.cli.field_option import read_given
from wce_cli.cli.options import flag
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError, counted
from wce_cli.inputs.json import read_bytes
from wce_cli.inputs.totals import as_text, read_saved
from wce_cli.questions.explain.from_saved import as_asked, explain_saved
from wce_cli.saved.part import Saved

STILL_OPEN = ("weight", "classes", "label_smoothing", "criterion")
"""What saved totals can still be asked with."""
NOT_MEASURED = (Measured("PyTorch", "", "", "", None, (), reason="saved totals hold no samples to measure"),)


def read_parts(paths: Sequence[str]) -> Saved:
    """All of the saved parts as one."""
    whole = read_saved(paths[0])
    for path in paths[1:]:
        try:
            whole = whole + read_saved(path)
        except WceError as error:
            raise WceError(error.problems, (*error.context, f"in {path}")) from error
    return whole


def _repeated(paths: Sequence[str]) -> Iterator[str]:
    """A line for each part that is there twice: by accident, mostly, and it cannot be told from two equal batches."""
    seen: dict[bytes, str] = {}
    for path in paths:
        digest = sha256(read_bytes(path)).digest()
        if digest in seen:
            again = "is there" if seen[digest] == path else f"holds the totals of {seen[digest]}"
            yield f"{path} {again} again: its samples count twice"
        seen.setdefault(digest, path)


def of_parts(
    answers: Sequence[Destination],
    paths: Sequence[str],
    typed: Mapping[str, str | None],
    *,
    needs: Mapping[str, bool],
    has_engines: bool,
    top: int | None,
    totals_out: str | None,
) -> Outcome:
    """The answer for saved totals. `needs`: options that are about samples, and whether they were given."""
    for problem in _unanswerable(answers, typed, needs):
        raise WceError(problem)
    whole, notes = _with_top(read_parts(paths), top)
    given = {field: read_given(field, text) for field, text in typed.items() if text is not None}
    asked = {field: one.value for field, one in given.items()}
    criterion = asked.pop("criterion", None)
    if criterion is not None:
        asked = {field: value for field, value in criterion.fields.items() if field in STILL_OPEN} | asked
        notes += criterion.notes
    measured = NOT_MEASURED if has_engines else ()
    report = explain_saved(whole, **asked, criterion=criterion, spelled=flag, measured=measured)
    notes = [f"{counted(len(paths), 'part', 'parts')} of saved totals", *_repeated(paths), *notes]
    answer = outcome(
        answers, [report], (*notes, *(one.note for one in given.values() if one.note), *report.batch.notes)
    )
    beside = () if totals_out is None else ((totals_out, as_text(as_asked(whole, **asked, spelled=flag))),)
    return structs.replace(answer, files=(*answer.files, *beside))


def _unanswerable(
    answers: Sequence[Destination], typed: Mapping[str, str | None], needs: Mapping[str, bool]
) -> Iterator[Problem]:
    """What was asked that needs samples."""
    for field, text in typed.items():
        if text is not None and field not in STILL_OPEN:
            hint = f"they can be asked with another {', '.join(map(flag, STILL_OPEN))}"
            yield Problem(f"{flag(field)} needs the samples, and saved totals hold none", hint)
    for option, given in needs.items():
        if given:
            yield Problem(f"{option} needs the samples, and saved totals hold none", "leave it out")
    for number, answer in enumerate(answers):
        if answer.format.name == "csv" and answer.look.only != "methods":
            option = f"--save {answer.file}" if number else "csv"
            hint = "--only methods --format csv writes the methods" if number else "add --only methods"
            yield Problem(f"{option} has one row a sample, and saved totals hold none", hint)


def _with_top(whole: Saved, asked: int | None) -> tuple[Saved, list[str]]:
    """As many of the largest terms as are asked for, and a note if fewer are known."""
    top = whole.facts.top
    if asked is None or not top.size:
        return whole, []
    notes = []
    if asked > top.size and whole.totals.n_kept > top.size:
        notes = [f"--top {asked}: the parts were saved with the {top.size} largest terms of each class"]
    facts = structs.replace(whole.facts, top=structs.replace(top, size=min(asked, top.size)))
    return structs.replace(whole, facts=facts), notes
