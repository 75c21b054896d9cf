"""`wce methods`: what a sum of losses can be divided by, and who does."""

from __future__ import annotations

from typing import Annotated

import typer

from wce_cli.cli import completion, options, terminal
from wce_cli.cli.outcome import Outcome

EXAMPLES = ("wce methods", "wce methods weighted-mean", "wce methods keras")
CODES = ("0 shown", "2 there is no such method")


def methods(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="A method, a placement, or a framework that was measured.",
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
    from wce_cli.answers.pairs import reduction_hint
    from wce_cli.cli import reference
    from wce_cli.engines import ENGINES
    from wce_cli.engines.examples import batches_of, days_of, rows_of
    from wce_cli.errors import Problem, WceError, did_you_mean
    from wce_cli.frameworks import engine_called
    from wce_cli.loss.methods import METHODS
    from wce_cli.loss.placements import PLACEMENTS

    look = terminal.look(output=None, width=width, color=color)
    if name is None:
        return Outcome(reference.methods_page(METHODS.values(), PLACEMENTS.values(), look))
    name = engine_called(name)
    method, _, placement = name.partition("/")
    shown = []
    for part in () if name in ENGINES else filter(None, (method, placement)):
        if part in METHODS:
            shown.append(reference.method_page(METHODS[part], PLACEMENTS, look))
        elif part in PLACEMENTS:
            shown.append(reference.placement_page(PLACEMENTS[part], look))
        else:
            known = [*METHODS, *PLACEMENTS, *ENGINES]
            hint = reduction_hint(part) or did_you_mean(part, known)
            raise WceError(Problem(f'there is no method "{part}"', hint))
    rows = rows_of(name)
    if rows:
        shown.append(reference.measured_page(rows, batches_of(rows), days_of(name), look))
    return Outcome("\n".join(shown))
