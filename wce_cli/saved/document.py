"""The document of a saved part: written with a checksum, and read back if that is still the checksum of what it says.

The checksum is the SHA-256 of every value in header, totals and facts under its field: numbers to the last bit, names,
the order of lists. How the document is written has no part in it: spaces, the order of keys and the compression of
arrays may change, a digit may not. It tells what was edited or damaged; it is no seal, anybody can compute it anew.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct, structs

from wce_cli.digits import floats_as_written
from wce_cli.errors import Problem, WceError, counted
from wce_cli.loss.facts import Facts
from wce_cli.loss.largest_terms import Top
from wce_cli.loss.sums import Sums
from wce_cli.loss.totals import Totals
from wce_cli.saved.encoded import ARRAY_SCHEMA, bytes_of, from_json, to_json
from wce_cli.saved.part import Header, Saved

FORMAT = "wce.totals/1"
MOST_CLASSES = 1 << 24
MOST_TOP = 1000
"""Largest terms of a class that are kept at most."""
MOST_NUMBERS = 1 << 26
"""Largest terms of all classes that can be read back."""
AGAIN = "save the totals again: --totals-out"


class TotalsDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a batch: its sums by class, and what was asked of it."""

    format: Literal["wce.totals/1"]
    checksum: str
    """`checksum_of` the part."""
    header: Header
    totals: Totals
    facts: Facts


class _Sized(Struct, frozen=True):
    n_classes: Annotated[int, Meta(ge=1, le=MOST_CLASSES)]


class _Beginning(Struct, frozen=True):
    """The number of classes, which says how long an array may be."""

    header: _Sized


def document_of(saved: Saved) -> dict[str, Any]:
    """The JSON document of a part."""
    document: dict[str, Any] = {"format": FORMAT, "checksum": checksum_of(saved), **to_json(saved)}
    return document


def checksum_of(saved: Saved) -> str:
    """The checksum of what a part holds, as hexadecimal digits. Raises OverflowError for a number beyond 64 bits."""
    return sha256(msgspec.msgpack.encode(saved, enc_hook=bytes_of, order="sorted")).hexdigest()


def saved_of(document: object, path: str) -> Saved:
    """The part that a JSON document holds. Raises WceError if it is broken, or of another format."""
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        hint = "it was saved by another version of wce" if str(found).startswith("wce.totals/") else ""
        raise WceError(Problem(f"{path} has the format {found}, expected {FORMAT}", hint))
    try:
        c = from_json(_Beginning, document).header.n_classes
        # zeros compress to a thousandth, and a small file must not take all memory
        read = from_json(TotalsDocument, document, max(c, min(c * MOST_TOP, MOST_NUMBERS)))
        _refuse_other_lengths(read, "$", c)
    except WceError as error:
        raise WceError([Problem(f"{path} {one.message}", AGAIN) for one in error.problems]) from error
    saved = Saved(read.header, read.totals, read.facts)
    if read.checksum != _checksum_if_any(saved):
        raise WceError(Problem(f"{path} was edited or damaged: its checksum is another one", AGAIN))
    return _same_again(saved)


def totals_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `--totals-out` writes, made from the types."""
    template = "#/$defs/{name}"
    (described,), parts = msgspec.json.schema_components(
        [TotalsDocument], ref_template=template, schema_hook=lambda _: ARRAY_SCHEMA
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        **described,
        "$defs": floats_as_written(parts),
    }


def _refuse_other_lengths(value: object, place: str, c: int) -> None:
    """Raise WceError for an array that is not one number a class; of the largest terms there may be any number."""
    if isinstance(value, np.ndarray) and value.size != c:
        raise WceError(
            Problem(f"{place}: {counted(value.size, 'number', 'numbers')}, expected {c}, one for each class")
        )
    if isinstance(value, Struct) and not isinstance(value, Top):
        for name in value.__struct_fields__:
            _refuse_other_lengths(getattr(value, name), f"{place}.{name}", c)
    if isinstance(value, tuple):
        for i, item in enumerate(value):
            _refuse_other_lengths(item, f"{place}[{i}]", c)


def _checksum_if_any(saved: Saved) -> str | None:
    try:
        return checksum_of(saved)
    except OverflowError:
        return None


def _same_again(saved: Saved) -> Saved:
    """Sums that were one object before they were saved are one again, so that they are added once."""
    totals = saved.totals
    if not saved.header.has_sample_weight and _equal(totals.loss, totals.s_loss):
        totals = structs.replace(totals, s_loss=totals.loss, count_weighted=totals.count)
    return structs.replace(saved, totals=totals)


def _equal(one: Sums, other: Sums) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(other, f), equal_nan=True) for f in one.__struct_fields__)
