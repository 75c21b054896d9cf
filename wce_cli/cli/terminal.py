"""How an answer is to look: what was asked for, then the environment, then the terminal."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TextIO

from wce_cli.cli import options
from wce_cli.digits import ASKED, DIGITS
from wce_cli.formats.foot import command_line
from wce_cli.formats.look import FINDINGS, SYMBOLS, Look

TYPED: ContextVar[tuple[str, ...]] = ContextVar("typed", default=())
"""The words of the command line that is answered, as they were typed."""


def _finding_limit(value: str) -> int | None:
    """`--findings N|all` as a number; None for all."""
    return None if value == "all" else options.whole_number("--findings", value, 0)


def look(
    *,
    output: str | None,
    precision: str | None = None,
    width: str | None = None,
    color: str = "auto",
    rows: int | None = None,
    by_sample: bool = False,
    samples: int | None = None,
    methods: Iterable[str] | None = None,
    only: str | None = None,
    findings: str | None = None,
) -> Look:
    """How the answer is to look: what was asked for, then the environment, then the terminal."""
    options.one_of("--color", color, ("auto", "always", "never"))
    digits = DIGITS if precision is None else options.whole_number("--precision", precision, 1, 17)
    ASKED.set(digits)
    stdout = sys.stdout if output in (None, "-") else None
    return Look(
        width=_width(width, stdout),
        ascii=stdout is not None and not _has_our_symbols(stdout),
        encoding="ascii" if stdout is None else _known(stdout.encoding),
        color=_color(color, stdout),
        digits=digits,
        rows=rows,
        by_sample=by_sample,
        samples=samples,
        methods=tuple(methods) if methods else None,
        only=only,
        findings=FINDINGS if findings is None else _finding_limit(findings),
        call=command_line(TYPED.get()),
    )


def _known(encoding: str | None) -> str:
    """An encoding that Python knows, or ascii."""
    try:
        return codecs.lookup(encoding or "ascii").name
    except LookupError:
        return "ascii"


def _width(asked: str | None, stdout: TextIO | None) -> int | None:
    """Columns: `--width`, COLUMNS, the terminal's own; None off a terminal, where nothing has to fit."""
    if asked is not None:
        return options.whole_number("--width", asked, 1)
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    if stdout is not None and stdout.isatty():
        try:
            return os.get_terminal_size(stdout.fileno()).columns or 80
        except OSError:
            return 80
    return None


def _color(asked: str, stdout: TextIO | None) -> bool:
    """NO_COLOR beats all; FORCE_COLOR=0 means off."""
    if os.environ.get("NO_COLOR") or asked == "never":
        return False
    if asked == "always":
        return True
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return stdout is not None and stdout.isatty() and os.environ.get("TERM") != "dumb"


def _has_our_symbols(stream: TextIO) -> bool:
    try:
        "".join(SYMBOLS).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
