"""Plain documents → their comparisons, by stacks, where every number is the expected one; most of a long run is so.

Of any other document nothing is said here: it is asked by itself, where there are words for what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from wce_cli.answers.check import Comparison
from wce_cli.digits import Written
from wce_cli.loss.methods import METHODS
from wce_cli.questions.check.compare import agreeing, agrees
from wce_cli.questions.check.expected import held
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.lines.values import plain_values

NUMBER_BEGINS = b"-0123456789"
"""What the text of a number in JSON begins with."""
WHATS = {
    written: (method.name if placement == "class" else f"{method.name}/{placement}", (method.name, placement))
    for method in METHODS.values()
    for placement in method.placements
    for written in (f"{method.name}/{placement}", *([method.name] if placement == "class" else []))
}
"""Every way to write METHOD or METHOD/PLACEMENT: the short one, and both as words."""


def plain_comparisons(
    documents: Sequence[Any],
    weight: Sequence[float] | None,
    typed: Mapping[str, Any],
    tolerance: float | None,
) -> list[tuple[Comparison, ...] | None]:
    """What `compared` says of each document that gives all its numbers; None for every other.

    `documents` are those of `inputs.fast_lines`, None among them. `weight`, `typed` (what is expected of all of
    them) and `tolerance` were typed.
    """
    expected = [None if document is None else _expected(document, typed, tolerance) for document in documents]
    pairs = {what: WHATS[what][1] for entries in expected for what in entries or ()}
    places = {what: place for place, what in enumerate(pairs)}
    asking = [document if entries else None for document, entries in zip(documents, expected, strict=True)]
    found = plain_values(asking, weight, list(pairs.values()))
    return [
        None if values is None or entries is None else _agreeing(entries, values, places)
        for entries, values in zip(expected, found, strict=True)
    ]


def _agreeing(
    entries: Mapping[str, PrintedNumber], values: Sequence[float], places: Mapping[str, int]
) -> tuple[Comparison, ...] | None:
    comparisons = []
    for what, number in entries.items():
        value = values[places[what]]
        if not agrees(number, value):
            return None
        comparisons.append(agreeing(what, "wce", number, value))
    return tuple(comparisons)


def _expected(document: Any, typed: Mapping[str, Any], tolerance: float | None) -> dict[str, PrintedNumber] | None:
    """What a document expects by METHOD[/PLACEMENT], if that is finite numbers and nothing else."""
    near = document.get("tolerance") if tolerance is None else tolerance
    if near is not None and not 0 <= near < math.inf:
        return None
    found: dict[str, PrintedNumber] = {}
    for key, raw in (document.get("expect") or {}).items():
        text = bytes(raw)
        if key not in WHATS or text[0] not in NUMBER_BEGINS:
            return None
        found[WHATS[key][0]] = held(Written(text.decode("ascii")), near)
    for key, number in typed.items():
        if key not in WHATS or not isinstance(number, Written):
            return None
        found[WHATS[key][0]] = held(number, near)
    return found
