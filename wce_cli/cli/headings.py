"""The headings under which `--help` lists what a command takes; an option is declared under one of them."""

from __future__ import annotations

import shutil
from functools import partial
from typing import Any

import typer

ASKED = "What is asked"
BATCH = "The batch"
READ = "How it is read"
SHOWN = "What is shown"
GOES = "Where it goes"
HEADINGS = (ASKED, BATCH, READ, SHOWN, GOES)
"""In the order of `--help`; what is declared under none of them stands above as an argument, or is shown."""

asked = partial(typer.Option, rich_help_panel=ASKED)
batch = partial(typer.Option, rich_help_panel=BATCH)
read = partial(typer.Option, rich_help_panel=READ)
shown = partial(typer.Option, rich_help_panel=SHOWN)
goes = partial(typer.Option, rich_help_panel=GOES)

WIDEST_HELP = 80
NARROWEST_HELP = 32


def help_width() -> int:
    """The columns of `--help`: those of the terminal, within what can be read."""
    return max(NARROWEST_HELP, min(shutil.get_terminal_size().columns, WIDEST_HELP) - 2)


def write_options(parameters: list[Any], context: Any, formatter: Any) -> None:
    """The arguments and options of a command, each below its heading."""
    sections: dict[str, list[tuple[str, str]]] = {head: [] for head in ("Arguments", *HEADINGS)}
    for one in parameters:
        record = one.get_help_record(context)
        if record is not None:
            undeclared = "Arguments" if one.param_type_name == "argument" else SHOWN
            sections[getattr(one, "rich_help_panel", None) or undeclared].append(record)
    for head, records in sections.items():
        if records:
            with formatter.section(head):
                formatter.write_dl(records, col_max=formatter.width * 3 // 8)
