"""The options that commands share, and what is typed into them turned into values.

Every value is taken as text and read here: a wrong one is then answered in our own words.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from typing import Annotated, Any

import typer

from wce_cli.cli import completion, headings
from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.fields import FIELDS, Kind
from wce_cli.formats import suffixes

QUOTE = "quote a value that holds spaces or brackets: --logits '0.1 0.9; 0 0.1'"

Files = Annotated[
    list[str] | None,
    typer.Argument(
        rich_help_panel=headings.BATCH,
        metavar="[FILE]...",
        help="A JSON batch, or a list of them (- reads stdin); or arrays: .npy, .npz, .safetensors, .pt, .csv, whose "
        "members are named logits, labels, ...; several of those are the parts of one batch.",
        show_default=False,
    ),
]
LabelColumn = Annotated[
    str | None,
    headings.read("--label-column", metavar="NAME", help="The column of a .csv that holds the labels, or its number."),
]
Engines = Annotated[
    list[str] | None,
    headings.shown(
        "--engine",
        metavar="ENGINE",
        help="A framework to measure: auto (torch, up to 1e7 scores), none, all that are installed, torch, keras, "
        "scikit-learn, optax, onnxruntime, tensorflow, paddle; repeatable.",
        autocompletion=completion.offering(completion.engines),
    ),
]
Methods = Annotated[
    list[str] | None,
    headings.shown(
        "--method",
        metavar="METHOD",
        help="Show METHOD or METHOD/PLACEMENT; repeatable; all for every pair. See wce methods.",
        autocompletion=completion.offering(completion.pairs),
    ),
]
Output = Annotated[
    str | None, headings.goes("--output", "-o", metavar="FILE", help="Write the answer to FILE instead of stdout.")
]
TotalsOut = Annotated[
    str | None,
    headings.goes(
        "--totals-out",
        metavar="FILE",
        help="Save the sums of the batch to FILE, a part that wce explain adds to others, with any weight.",
    ),
]
Only = Annotated[
    str | None,
    headings.shown(
        "--only",
        metavar="PART",
        help="Show terms or methods alone, or the bare value of each --method.",
        autocompletion=completion.offering(completion.parts),
    ),
]
Top = Annotated[
    str | None,
    headings.shown("--top", metavar="K", help="The largest terms that a large batch is shown with.  [default: 5]"),
]
Sort = Annotated[
    str,
    headings.shown(
        "--sort",
        metavar="ORDER",
        help="Order of the samples: index, or the largest loss or term first.",
        autocompletion=completion.offering(completion.sorts),
    ),
]
BySample = Annotated[
    bool,
    headings.shown(
        "--by-sample",
        help="List samples that are several rows each: sequences, images. --rows counts these then, and a .csv has one "
        "a line.",
    ),
]
Findings = Annotated[
    str | None,
    headings.shown(
        "--findings",
        metavar="N",
        help="Findings to print, or all.  [default: 5; in JSON all]",
        autocompletion=completion.offering(completion.limits),
    ),
]
KeepGoing = Annotated[
    bool,
    headings.read("--keep-going", help="Answer the other lines of .ndjson where one is wrong; exit 2 at the end."),
]
Precision = Annotated[str | None, headings.shown("--precision", metavar="N", help="Significant digits.  [default: 6]")]
Width = Annotated[
    str | None, headings.shown("--width", metavar="N", help="Columns to fit.  [default: those of the terminal]")
]
Color = Annotated[
    str,
    headings.shown(
        "--color",
        metavar="WHEN",
        help="auto, always or never.",
        autocompletion=completion.offering(completion.colors),
    ),
]


COMPLETED: dict[Kind, Any] = {"class weight": completion.offering(completion.weights)}
"""What a shell offers on TAB for a field, by what it holds."""


def of_field(name: str) -> Any:
    """The option of a field of the batch, as the field is declared."""
    field = FIELDS[name]
    declared = headings.read if field.kind in ("integer", "flag") else headings.batch
    if field.kind == "flag":
        return Annotated[bool | None, declared(f"{flag(name)}/--no-{flag(name)[2:]}", help=f"{field.help}.")]
    default = "" if field.default is None else f"  [default: {field.default:g}]"
    is_default = field.typed.lstrip().startswith("[")
    said = f"{field.help}.{field.typed}" if is_default else f"{field.help}{field.typed}."
    return Annotated[
        str | None,
        declared(
            flag(name),
            *field.also,
            metavar=field.metavar,
            help=f"{said}{default}",
            autocompletion=COMPLETED.get(field.kind),
        ),
    ]


def rows_of(listed: str, default: str) -> Any:
    """The option that says how many rows are listed: of what, and how many where it is not given."""
    return headings.shown(
        "--rows",
        metavar="N",
        help=f"{listed} to list, or all.  [default: {default}]",
        autocompletion=completion.offering(completion.limits),
    )


def format_of(known: Collection[str]) -> Any:
    """The option that chooses among the formats of a command."""
    names = list(known)
    return headings.goes(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{listed(names)}.  [default: the suffix of -o, WCE_FORMAT, or table]",
        autocompletion=completion.offering(lambda: names),
    )


def save_of(known: Collection[str]) -> Any:
    """The option that asks for files beside the answer."""
    return headings.goes(
        "--save",
        metavar="FILE",
        help=f"Write FILE as well, in the format of its suffix: {listed(suffixes(known))}; repeatable.",
    )


def flag(field: str) -> str:
    """How a field is spelled on the command line: `--sample-weight`."""
    return "--" + field.replace("_", "-")


def one_of(option: str, value: str, known: Iterable[str]) -> str:
    """`value`, which must be one of the known words."""
    known = list(known)
    if value not in known:
        raise WceError(Problem(f'{option} is "{value}", expected {listed(known)}', did_you_mean(value, known, 0)))
    return value


def whole_number(option: str, value: str, low: int | None = None, high: int | None = None) -> int:
    """`value` as an integer from `low` to `high`."""
    from wce_cli.inputs.diagnosis import number_hint
    from wce_cli.inputs.pasted_noise import plain

    try:
        number = int(plain(value)) if "_" not in value else None
    except ValueError:
        number = None
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        expected = "a whole number"
        if low is not None:
            expected += f" of {low} or more" if high is None else f" from {low} to {high}"
        raise WceError(Problem(f'{option} is "{value}", expected {expected}', number_hint(value)))
    return number


def number(option: str, value: str) -> float:
    """`value` as a number."""
    from wce_cli.inputs.diagnosis import number_hint
    from wce_cli.inputs.pasted_noise import plain

    try:
        return float(plain(value) if "_" not in value else "")
    except ValueError:
        raise WceError(Problem(f'{option} is "{value}", expected a number', number_hint(value))) from None


def row_limit(value: str) -> int:
    """`--rows N|all` as a number."""
    return sys.maxsize if value == "all" else whole_number("--rows", value, 0)


def listed(words: list[str]) -> str:
    """`a, b or c`."""
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
