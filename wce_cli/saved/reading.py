"""A saved part, read back from its document: another's word, of which nothing is unpacked that it cannot hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import structs

from wce_cli.errors import Problem, WceError
from wce_cli.loss.sums import Sums
from wce_cli.loss.totals import Totals
from wce_cli.saved.consistency import inconsistencies
from wce_cli.saved.encoded import from_json
from wce_cli.saved.part import FORMAT, Header, Saved

MOST_CLASSES = 1 << 24
MOST_TOP = 1000
"""Largest terms of a class that are kept at most."""


def saved_of(document: object, path: str) -> Saved:
    """The part that a JSON document holds. Raises WceError if it is broken, or of another format."""
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        hint = "it was saved by another version of wce" if str(found).startswith("wce.totals/") else ""
        raise WceError(Problem(f"{path} has the format {found}, expected {FORMAT}", hint))
    assert isinstance(document, dict)
    try:
        saved = _decoded(document)
    except WceError as error:
        raise WceError([Problem(f"{path}: {one.message}", one.hint) for one in error.problems]) from error
    for problem in inconsistencies(saved):
        raise WceError(Problem(f"{path}: {problem}", "it was cut off or changed by hand"))
    return _same_again(saved)


def _decoded(document: dict[str, Any]) -> Saved:
    """The structs of a document. Zeros compress to a thousandth, and a small file must not take all memory: the number
    of classes says how long an array may be, and how many of them occur how many of the largest terms there are."""
    header, totals = document.get("header"), document.get("totals")
    c = header.get("n_classes") if isinstance(header, dict) else None
    if type(c) is int and not 0 < c <= MOST_CLASSES:
        raise WceError(Problem(f"$.header.n_classes is {c}, expected 1 to {MOST_CLASSES}"))
    most = c if isinstance(c, int) else 1
    found = 1
    if "header" in document and "totals" in document:  # else it is that which is said
        from_json(Header, header, "$.header", most)
        found = int((from_json(Totals, totals, "$.totals", most).count > 0).sum())
    return from_json(Saved, document, most=max(most, found * MOST_TOP))


def _same_again(saved: Saved) -> Saved:
    """Sums that were one object before they were saved are one again, so that they are added once."""
    totals = saved.totals
    if not saved.header.has_sample_weight and _equal(totals.loss, totals.s_loss):
        totals = structs.replace(totals, s_loss=totals.loss, count_weighted=totals.count)
    return structs.replace(saved, totals=totals)


def _equal(one: Sums, other: Sums) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(other, f), equal_nan=True) for f in one.__struct_fields__)
