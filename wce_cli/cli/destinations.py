"""The answers that one run is asked for: on stdout or in a file, and side files in other formats."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from msgspec import Struct

from wce_cli.cli import completion, options, terminal
from wce_cli.cli.groups import AnswerOptions
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError
from wce_cli.formats import (
    EVERY,
    OTHER_NAMES,
    QUESTIONS,
    SUFFIXES,
    VALUE,
    Format,
    formats_of,
    formatted,
    suffixes,
)
from wce_cli.formats.look import ROWS, Look
from wce_cli.inputs.guard import guard
from wce_cli.inputs.suffixes import suffix_of

if TYPE_CHECKING:
    from wce_cli.batches.batch import Batch

DEFAULT = "table"
VARIABLE = "WCE_FORMAT"
"""Holds the format where `--format` is not given."""
SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


class Destination(Struct, frozen=True):
    """A format, how it is to look, and where it goes."""

    format: Format
    look: Look
    file: str | None
    """None or - for stdout."""

    def rows(self, n: int) -> int:
        """Samples of a batch of n that it lists; none where their classes speak for them."""
        if self.look.rows is not None:
            return self.look.rows
        if self.look.by_sample and self.format.writer.rows == EVERY:
            return 0
        return n if n <= self.format.writer.rows else 0

    def samples(self, total: int) -> int:
        """Samples of several rows each that a report must list for it, of so many; 0 where nothing of them is shown."""
        writer, look = self.format.writer, self.look
        if look.only in ("methods", "value") or (writer.rows == EVERY and not look.by_sample):
            return 0
        if look.samples is not None:
            return min(max(look.samples, 1), total)  # where none is listed, findings still tell of them
        return total if total <= writer.rows else ROWS + 1

    @property
    def has_measured(self) -> bool:
        """Whether it shows what a framework returned."""
        return self.format.writer.has_measured and self.look.only != "terms"


def asked_answers(
    known: Mapping[str, Format],
    how: AnswerOptions,
    format: str | None,
    save: Sequence[str] | None,
    *,
    only: str | None = None,
    rows: str | None = None,
    by_sample: bool = False,
    sort: str = "index",
    findings: str | None = None,
    methods: Sequence[str] | None = None,
    totals: str | None = None,
) -> list[Destination]:
    """The answer itself, then the files beside it, which `--only` does not cut.

    `known` are the formats of the question that is answered; `totals` is a file that no format is written to.
    """

    counted = options.row_limit(rows) if rows is not None else None
    limit = None if by_sample else counted

    def answer(asked: Format, file: str | None, only: str | None = None) -> Destination:
        look = terminal.look(
            output=file,
            precision=how.precision,
            width=how.width,
            color=how.color,
            rows=limit if limit is not None else None if sort == "index" else asked.writer.rows,
            by_sample=by_sample,
            samples=counted if by_sample else None,
            methods=methods,
            only=only,
            findings=findings,
        )
        return Destination(asked, look, file)

    files = [("--save", file) for file in save or ()]
    guard(_targets(how.output, files if totals is None else [*files, ("--totals-out", totals)]))
    beside = [answer(known[format_of_file("--save", file, known)], file) for _, file in files]
    return [answer(_format(format, how.output, only, methods, known), how.output, only), *beside]


def samples_needed(answers: Sequence[Destination], batch: Batch) -> int:
    """How many samples of several rows each a report must list, for the answer that lists most. Raises WceError where
    they are asked for, and each is one row.
    """
    if batch.positions > 1:
        return max(answer.samples(batch.items) for answer in answers)
    if answers[0].look.by_sample:
        told = f"--by-sample lists samples of several rows, and of scores {batch.spec.layout.shape} each is one"
        raise WceError(Problem(told, "leave it out: --rows N lists the rows"))
    return 0


def outcome(answers: Sequence[Destination], reports: Sequence[Any], notes: Iterable[str]) -> Outcome:
    """Every answer as text, before any is written."""
    main, *beside = (formatted(answer.format, reports, answer.look) for answer in answers)
    files = tuple((answer.file or "", text) for answer, text in zip(answers[1:], beside, strict=True))
    return Outcome(main, answers[0].file, files, tuple(notes))


def _format(
    given: str | None, output: str | None, only: str | None, methods: Sequence[str] | None, known: Mapping[str, Format]
) -> Format:
    """The format of the answer, which can show the part of it that is asked for."""
    if only is not None:
        options.one_of("--only", only, completion.parts())
    name, said = _named(given, output, only, known)
    format = known[name or DEFAULT]
    if only == "value":
        if name not in (None, DEFAULT):
            raise WceError(Problem(f"--only value prints bare numbers, {said} does not", "leave one of them out"))
        if not methods:
            hint = "add --method weighted-mean; wce methods lists them all"
            raise WceError(Problem("--only value does not know which value: there is no --method", hint))
        return VALUE
    if only is not None and only not in format.writer.parts:
        able = [name for name, format in known.items() if only in format.writer.parts]
        hint = f"--only {only} goes with --format {options.listed(able)}"
        raise WceError(Problem(f"{said} always holds the whole report, --only {only} a part of it", hint))
    return format


def _named(
    given: str | None, output: str | None, only: str | None, known: Mapping[str, Format]
) -> tuple[str | None, str]:
    """The name of the format, None for no word about it, and what says so: `--format`, the suffix of the file,
    WCE_FORMAT.
    """
    if given is not None:
        name = given if given in known else OTHER_NAMES.get(given.lower(), given)
        _known_format(name, known)
        if output is not None:
            _agree(name, output)
        return name, f"--format {name}"
    if output not in (None, "-") and suffix_of(output):
        return format_of_file("--output", output, known), f"--output {output}"
    word = os.environ.get(VARIABLE)
    if not word or only == "value":
        return None, ""
    name = options.one_of(VARIABLE, word, dict.fromkeys(name for one in QUESTIONS for name in formats_of(one)))
    # it is set for all commands, of which not all have all formats
    return name if name in known else DEFAULT, f"{VARIABLE}={word}"


def format_of_file(option: str, file: str, known: Mapping[str, Format]) -> str:
    """The format that the suffix of a file names. Raises WceError if that is none of the command's."""
    suffix = suffix_of(file)
    name = SUFFIXES.get(suffix, "")
    if name in known:
        return name
    message = f"{option} is {file}, expected a file whose suffix is {options.listed(suffixes(known))}"
    other = "--format says what is written into a file of another name" if option == "--output" else ""
    raise WceError(Problem(message, _elsewhere(name, suffix) or other))


def _agree(name: str, output: str) -> None:
    """Refuse a file that is named as one of another format; any text may be called .txt."""
    of_file = SUFFIXES.get(suffix_of(output), DEFAULT)
    if of_file not in (name, DEFAULT):
        hint = "leave --format out, or give the file another suffix"
        raise WceError(Problem(f"--format is {name}, and --output {output} has the suffix of {of_file}", hint))


def _known_format(given: str, known: Mapping[str, Format]) -> None:
    """Refuse another format; one that other commands have is no slip of the keyboard for one of these."""
    hint = _elsewhere(given, given)
    if given not in known and hint:
        raise WceError(Problem(f'--format is "{given}", expected {options.listed(list(known))}', hint))
    options.one_of("--format", given, known)


def _elsewhere(name: str, said: str) -> str:
    """Which command has a format, by the word that was said; empty for none."""
    owner = next((command for command in QUESTIONS if name in formats_of(command)), "")
    return owner and f"{said} goes with other answers, as those of wce {owner}"


def _targets(output: str | None, files: Iterable[tuple[str, str]]) -> list[tuple[str, str | int]]:
    """Where the answers go, by the option that says so; stdout as its descriptor. No two go to one file."""
    to_stdout = output in (None, "-")
    stdout = _descriptor(sys.stdout) if to_stdout else None
    targets: list[tuple[str, str | int]] = [] if stdout is None else [("stdout", stdout)]
    asked = [] if output is None or to_stdout else [("--output", output)]
    for option, file in [*asked, *files]:
        if not file:
            raise WceError(Problem(f"{option} is empty, expected a file"))
        if file == "-":
            hint = "--format FORMAT says what is written to stdout" if option == "--save" else ""
            raise WceError(Problem(f"{option} is -, expected a file", hint))
        if file.endswith(SEPARATORS):
            raise WceError(Problem(f"{option} is {file}, a folder, expected a file"))
        several = file.split(",")
        if option == "--save" and len(several) > 1 and all(suffix_of(one) in SUFFIXES for one in several):
            hint = " ".join(f"--save {one.strip()}" for one in several)
            raise WceError(Problem(f"--save is {file}, expected one file", hint))
        for other, taken in targets:
            from wce_cli.cli.files import same_file

            if same_file(file, taken):
                both = f"{other} and {option}" if other != option else f"two of {option}"
                raise WceError(Problem(f"{both} are one file, {file}", "give each answer its own"))
        targets.append((option, file))
    return targets


def _descriptor(stream: TextIO | None) -> int | None:
    """The descriptor of a stream; None of one that is closed, or that Python made up."""
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None
