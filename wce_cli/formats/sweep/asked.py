"""What of a sweep is asked for: the curves of some pairs."""

from __future__ import annotations

from msgspec import structs

from wce_cli.answers.sweep import Sweep
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.look import Look


def asked(answer: Sweep, look: Look) -> Sweep:
    """What a program is given: all places, and every pair or those asked for."""
    return structs.replace(answer, methods=tuple(asked_rows(answer, look) or answer.methods))
