"""What of a gradient is asked for: the rows of some pairs, and as many samples as are to be listed."""

from __future__ import annotations

from msgspec import structs

from wce_cli.answers.gradient import Gradients
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.look import Look


def asked(answer: Gradients, look: Look) -> Gradients:
    """What a program is given: every pair, or those asked for."""
    rows = tuple(asked_rows(answer, look) or answer.methods)
    return structs.replace(answer, methods=rows, samples=answer.samples[: look.rows])
