"""`wce findings`: what the findings below a table mean."""

from __future__ import annotations

from typing import Annotated

import typer

from wce_cli.cli import completion, options, terminal
from wce_cli.cli.outcome import Outcome

EXAMPLES = ("wce findings", "wce findings weight-cancels", "wce findings zero-denominator --width 60")
CODES = ("0 shown", "2 there is no such finding")


def findings(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            help="The code of a finding.",
            show_default=False,
            autocompletion=completion.offering(completion.findings),
        ),
    ] = None,
    width: options.Width = None,
    color: options.Color = "auto",
) -> Outcome:
    """List the findings, or show what one means.

    Findings are the notes, cautions and errors that stand below a table.
    """
    from wce_cli.cli import reference
    from wce_cli.errors import Problem, WceError, did_you_mean
    from wce_cli.findings import FINDINGS

    look = terminal.look(output=None, width=width, color=color)
    if code is None:
        return Outcome(reference.findings_page([page for page, _ in FINDINGS.values()], look))
    if code not in FINDINGS:
        raise WceError(
            Problem(f'there is no finding "{code}"', did_you_mean(code, FINDINGS) or "wce findings lists them all")
        )
    return Outcome(reference.finding_page(FINDINGS[code][0], look))
