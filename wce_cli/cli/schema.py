"""`wce schema`: the JSON that is read and written, described for machines."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Annotated

import typer

from wce_cli.cli import completion, options
from wce_cli.cli.outcome import Outcome
from wce_cli.cli.schemas import SCHEMAS

EXAMPLES = ("wce schema batch", "wce schema report", "wce schema report --output report.schema.json")
CODES = ("0 written", "2 there is no such schema")


def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help=f"What is read, or what a command writes: {options.listed(list(SCHEMAS))}.",
            autocompletion=completion.offering(completion.schemas),
        ),
    ],
    output: options.Output = None,
) -> Outcome:
    """Print the JSON Schema of a batch, or of what a command writes."""
    path, _, own = SCHEMAS[options.one_of("the schema", name, SCHEMAS)].partition(":")
    module = import_module(path)
    described = getattr(module, own)
    if isinstance(described, type):
        from wce_cli.formats.json import schema_of

        schema = schema_of(described, module.SCHEMA)
    else:
        schema = described()
    return Outcome(json.dumps(schema, indent=2) + "\n", output)
