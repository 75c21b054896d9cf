"""What of a sweep is asked for: the curves of some pairs."""

from __future__ import annotations

from msgspec import structs

from wce_cli.answers.sweep import Sweep, SweptMethod
from wce_cli.formats.look import Look


def asked(answer: Sweep, look: Look) -> Sweep:
    """What a program is given: all places, and every pair or those asked for."""
    return structs.replace(answer, methods=tuple(asked_rows(answer, look) or answer.methods))


def asked_rows(answer: Sweep, look: Look) -> list[SweptMethod]:
    """The rows of the pairs asked for by name; none where none was, or all are."""
    if look.methods is None or "all" in look.methods:
        return []
    return list(dict.fromkeys(answer.method(pair) for pair in look.methods))
