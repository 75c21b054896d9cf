"""The answers that one run is asked for: on stdout or in a file, and side files in other formats."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from msgspec import Struct

from wce_cli.cli import completion, options, terminal
from wce_cli.cli.files import same_file
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError
from wce_cli.formats import CHECKED, FORMATS, IDENTIFIED, OTHER_NAMES, VALUE, Format, formatted
from wce_cli.formats.look import Look
from wce_cli.inputs.guard import guard

DEFAULT = "table"
VARIABLE = "WCE_FORMAT"
"""Holds the format where `--format` is not given."""


class Answer(Struct, frozen=True):
    """A format, how it is to look, and where it goes."""

    format: Format
    look: Look
    file: str | None
    """None or - for stdout."""

    def rows(self, n: int) -> int:
        """Samples of a batch of n that it lists; none where their classes speak for them."""
        if self.look.rows is not None:
            return self.look.rows
        return n if n <= self.format.rows else 0

    @property
    def has_measured(self) -> bool:
        """Whether it shows what a framework returned."""
        return self.format.has_measured and self.look.only != "terms"


def asked_answers(
    *,
    format: str | None,
    output: str | None,
    only: str | None,
    beside: Mapping[str, str | None],
    rows: str | None,
    sort: str,
    findings: str | None,
    precision: str | None,
    width: str | None,
    color: str,
    methods: Sequence[str] | None,
    known: Mapping[str, Format] = FORMATS,
    totals: str | None = None,
) -> list[Answer]:
    """The answer itself, then the side files `beside` by format; `--only` cuts the answer alone.

    `known` are the formats of the question that is answered; `totals` is a file that no format is written to.
    """

    def answer(asked: Format, file: str | None, only: str | None = None) -> Answer:
        look = terminal.look(
            output=file,
            precision=precision,
            width=width,
            color=color,
            rows=options.row_limit(rows) if rows is not None else None if sort == "index" else asked.rows,
            methods=methods,
            only=only,
            findings=findings,
        )
        return Answer(asked, look, file)

    files = {name: file for name, file in beside.items() if file is not None}
    guard(_targets(output, files if totals is None else {**files, "totals": totals}))
    main = answer(_format(format, only, methods, known), output, only)
    return [main, *(answer(known[name], file) for name, file in files.items())]


def outcome(answers: Sequence[Answer], reports: Sequence[Any], notes: Iterable[str]) -> Outcome:
    """Every answer as text, before any is written."""
    main, *beside = (formatted(answer.format, reports, answer.look) for answer in answers)
    files = tuple((answer.file or "", text) for answer, text in zip(answers[1:], beside, strict=True))
    return Outcome(main, answers[0].file, files, tuple(notes))


def _format(given: str | None, only: str | None, methods: Sequence[str] | None, known: Mapping[str, Format]) -> Format:
    """The format of the answer: `--format`, else WCE_FORMAT, else a table; checked against `--only`."""
    if only is not None:
        options.one_of("--only", only, completion.parts())
    given = given if given is None or given in known else OTHER_NAMES.get(given.lower(), given)
    name, said = given, f"--format {given}"
    if given is not None:
        _known_format(given, known)
    elif os.environ.get(VARIABLE) and only != "value":
        said = f"{VARIABLE}={os.environ[VARIABLE]}"
        name = options.one_of(VARIABLE, os.environ[VARIABLE], {**FORMATS, **IDENTIFIED, **CHECKED})
        name = name if name in known else DEFAULT  # it is set for all commands, of which not all have all formats
    format = known[name or DEFAULT]
    if only == "value":
        if name not in (None, DEFAULT):
            raise WceError(Problem(f"--only value prints bare numbers, {said} does not", "leave one of them out"))
        if not methods:
            hint = "add --method weighted-mean; wce methods lists them all"
            raise WceError(Problem("--only value does not know which value: there is no --method", hint))
        return VALUE
    if only is not None and only not in format.parts:
        able = [name for name, known in FORMATS.items() if only in known.parts]
        hint = f"--only {only} goes with --format {options.listed(able)}"
        raise WceError(Problem(f"{said} always holds the whole report, --only {only} a part of it", hint))
    return format


def _known_format(given: str, known: Mapping[str, Format]) -> None:
    """Refuse another format; one that other commands have is no slip of the keyboard for one of these."""
    owner = next((name for name, formats in (("explain", FORMATS), ("check", CHECKED)) if given in formats), "")
    if given not in known and owner:
        message = f'--format is "{given}", expected {options.listed(list(known))}'
        raise WceError(Problem(message, f"{given} goes with other answers, as those of plain wce {owner}"))
    options.one_of("--format", given, known)


def _targets(output: str | None, files: Mapping[str, str]) -> dict[str, str | int]:
    """Where the answers go, by the option that says so; stdout as its descriptor. No two go to one file."""
    to_stdout = output in (None, "-")
    stdout = _descriptor(sys.stdout) if to_stdout else None
    targets: dict[str, str | int] = {} if stdout is None else {"stdout": stdout}
    asked = {} if output is None or to_stdout else {"--output": output}
    for option, file in {**asked, **{f"--{name}-out": file for name, file in files.items()}}.items():
        if not file:
            raise WceError(Problem(f"{option} is empty, expected a file"))
        if file == "-":
            name = option.removeprefix("--").removesuffix("-out")
            hint = "" if name == "totals" else f"--format {name} writes to stdout"
            raise WceError(Problem(f"{option} is -, expected a file", hint))
        for other, taken in targets.items():
            if same_file(file, taken):
                raise WceError(Problem(f"{other} and {option} are one file, {file}", "give each answer its own"))
        targets[option] = file
    return targets


def _descriptor(stream: TextIO | None) -> int | None:
    """The descriptor of a stream; None of one that is closed, or that Python made up."""
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError):
        return None
