"""`wce schema`: the JSON that is read and written, described for machines."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from wce_cli.cli import completion, options
from wce_cli.cli.outcome import Outcome

EXAMPLES = ("wce schema batch", "wce schema report", "wce schema report --output report.schema.json")
CODES = ("0 written", "2 there is no such schema")


def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="batch|report",
            help="What is read, or what is written.",
            autocompletion=completion.offering(completion.schemas),
        ),
    ],
    output: options.Output = None,
) -> Outcome:
    """Print the JSON Schema of a batch or of a report."""
    options.one_of("the schema", name, ("batch", "report"))
    if name == "batch":
        from wce_cli.inputs.document import batch_schema as described
    else:
        from wce_cli.formats.json import report_schema as described
    return Outcome(json.dumps(described(), indent=2) + "\n", output)
