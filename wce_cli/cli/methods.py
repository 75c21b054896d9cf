"""`wce methods`: what a sum of losses can be divided by, and who does."""

from __future__ import annotations

from typing import Annotated

import typer

from wce_cli.cli import completion, options, terminal
from wce_cli.cli.outcome import Outcome

EXAMPLES = ("wce methods", "wce methods weighted-mean", "wce methods label-mix")
CODES = ("0 shown", "2 there is no such method")


def methods(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="A method or a placement.",
            show_default=False,
            autocompletion=completion.offering(completion.methods),
        ),
    ] = None,
    width: options.Width = None,
    color: options.Color = "auto",
) -> Outcome:
    """List the methods, or show one and who uses it.

    A placement says how the class weight enters a term, a method what the sum of the terms is divided by.
    """
    from wce_cli.errors import Problem, WceError, did_you_mean
    from wce_cli.formats import pages
    from wce_cli.loss.methods import METHODS, PLACEMENTS

    look = terminal.look(output=None, width=width, color=color)
    if name is None:
        return Outcome(pages.methods_page(METHODS.values(), PLACEMENTS.values(), look))
    method, _, placement = name.partition("/")
    for part in filter(None, (method, placement)):
        if part not in METHODS and part not in PLACEMENTS:
            raise WceError(Problem(f'there is no method "{part}"', did_you_mean(part, [*METHODS, *PLACEMENTS])))
    shown = [
        pages.method_page(METHODS[part], PLACEMENTS, look)
        if part in METHODS
        else pages.placement_page(PLACEMENTS[part], look)
        for part in filter(None, (method, placement))
    ]
    return Outcome("\n".join(shown))
