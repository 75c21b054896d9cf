"""The options that commands share, and what is typed into them turned into values.

Every value is taken as text and read here: a wrong one is then answered in our own words.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Annotated, TextIO

import typer

from wce_cli.cli import completion
from wce_cli.digits import DIGITS
from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.formats.look import SYMBOLS, Look

QUOTE = "quote a value that holds spaces or brackets: --logits '0.1 0.9; 0 0.1'"

File = Annotated[
    str | None,
    typer.Argument(metavar="FILE", help="A JSON batch, or a list of them; - reads stdin.", show_default=False),
]
Logits = Annotated[
    str | None,
    typer.Option(
        "--logits",
        "-x",
        metavar="ROWS",
        help="Scores before the softmax: '0.1 0.9; 0 0.1', JSON, a printed tensor, or @FILE.",
    ),
]
LogProbs = Annotated[
    str | None, typer.Option("--log-probs", metavar="ROWS", help="Log-probabilities instead of logits, as given.")
]
Probs = Annotated[
    str | None, typer.Option("--probs", metavar="ROWS", help="Probabilities instead of logits, as given.")
]
Labels = Annotated[
    str | None,
    typer.Option("--labels", "-y", metavar="LABELS", help="Class indices, class names, or probability rows."),
]
Weight = Annotated[
    str | None,
    typer.Option(
        "--weight",
        "--class-weight",
        "-w",
        metavar="WEIGHTS",
        help='One number for each class, JSON by class name ({"cat": 0.1, ...}), or balanced.',
    ),
]
SampleWeight = Annotated[
    str | None,
    typer.Option("--sample-weight", metavar="WEIGHTS", help="One number for each sample; multiplies the class weight."),
]
Classes = Annotated[
    str | None, typer.Option("--classes", metavar="NAMES", help="The names of the classes, in order: cat,dog.")
]
IgnoreIndex = Annotated[
    str | None,
    typer.Option("--ignore-index", metavar="LABEL", help="The label that means skip.  [default: -100]"),
]
LabelBase = Annotated[
    str | None, typer.Option("--label-base", metavar="N", help="Labels count from N: 1 for labels 1..C.  [default: 0]")
]
LabelSmoothing = Annotated[
    str | None, typer.Option("--label-smoothing", metavar="EPS", help="Label smoothing, 0 to 1.  [default: 0]")
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="The framework to measure: auto (torch, up to 1e7 scores), none, all, torch.",
        autocompletion=completion.offering(completion.engines),
    ),
]
Methods = Annotated[
    list[str] | None,
    typer.Option(
        "--method",
        metavar="METHOD",
        help="Show METHOD or METHOD/PLACEMENT; repeatable; all for every pair. See wce methods.",
        autocompletion=completion.offering(completion.pairs),
    ),
]
Format = Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="table or json.")]
Output = Annotated[
    str | None, typer.Option("--output", "-o", metavar="FILE", help="Write the answer to FILE instead of stdout.")
]
Rows = Annotated[
    str | None,
    typer.Option("--rows", metavar="N", help="Samples to list, or all.  [default: 20; in JSON 10000]"),
]
Precision = Annotated[str | None, typer.Option("--precision", metavar="N", help="Significant digits.  [default: 6]")]
Width = Annotated[
    str | None, typer.Option("--width", metavar="N", help="Columns to fit.  [default: those of the terminal]")
]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")]


def flag(field: str) -> str:
    """How a field is spelled on the command line: `--sample-weight`."""
    return "--" + field.replace("_", "-")


def one_of(option: str, value: str, known: Iterable[str]) -> str:
    """`value`, which must be one of the known words."""
    known = list(known)
    if value not in known:
        raise WceError(Problem(f'{option} is "{value}", expected {_listed(known)}', did_you_mean(value, known, 0)))
    return value


def whole_number(option: str, value: str, low: int | None = None, high: int | None = None) -> int:
    """`value` as an integer from `low` to `high`."""
    try:
        number = int(value)
    except ValueError:
        number = None
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        expected = "a whole number"
        if low is not None:
            expected += f" of {low} or more" if high is None else f" from {low} to {high}"
        raise WceError(Problem(f'{option} is "{value}", expected {expected}'))
    return number


def number(option: str, value: str) -> float:
    """`value` as a number."""
    try:
        return float(value)
    except ValueError:
        raise WceError(Problem(f'{option} is "{value}", expected a number')) from None


def row_limit(value: str) -> int:
    """`--rows N|all` as a number."""
    return sys.maxsize if value == "all" else whole_number("--rows", value, 0)


def look(
    *,
    output: str | None,
    precision: str | None = None,
    width: str | None = None,
    color: str = "auto",
    rows: int | None = None,
    methods: Iterable[str] | None = None,
) -> Look:
    """How the answer is to look: what was asked for, then the environment, then the terminal."""
    one_of("--color", color, ("auto", "always", "never"))
    stdout = None if output else sys.stdout
    return Look(
        width=_width(width, stdout),
        ascii=stdout is not None and not _has_our_symbols(stdout),
        color=_color(color, stdout),
        digits=DIGITS if precision is None else whole_number("--precision", precision, 1, 17),
        rows=rows,
        methods=tuple(methods) if methods else None,
    )


def _width(asked: str | None, stdout: TextIO | None) -> int | None:
    """Columns: `--width`, COLUMNS, the terminal's own; None off a terminal, where nothing has to fit."""
    if asked is not None:
        return whole_number("--width", asked, 1)
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


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
