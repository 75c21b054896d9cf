"""Values as people type and paste them: JSON, `0.1 0.9; 0 0.1`, and what a framework prints of a tensor.

Nothing is evaluated: text is cut into brackets, separators, strings and words, and only what is a number, a name
or the frame of a printed array is understood. A printed array is rounded, so how far its numbers may be off is
kept beside them. What left values out, or could mean two things, is refused.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import structs

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.diagnosis import Diagnosis, of_print, of_value, too_large
from wce_cli.inputs.mapping import bare_items, counts, no_duplicates, of_pairs, read_mapping, unwrapped
from wce_cli.inputs.pasted_noise import plain, value_alone
from wce_cli.inputs.repr_reader import ReprReader
from wce_cli.inputs.typed import Typed


def read_inline(place: str, text: str, field: str = "") -> Typed:
    """A typed value. A whole number stays an int: `1,0` are labels, `1.0,0.0` is a probability row.

    `place` names it in errors; `field`, where it is known, what it is for: scores are numbers, a weight may be given
    by class name. Raises WceError if the value is empty, left out, cut off, or could mean two things.
    """
    cleaned = plain(text)
    if field == "weight":
        items = bare_items(place, cleaned)
        if items is not None:
            return Typed(items, "a mapping without braces")
    cleaned = value_alone(cleaned)
    if not cleaned:
        raise WceError(Problem(f"{place} is empty", field=place))
    try:
        typed = _understood(place, text.strip(), cleaned, _read_weight if field == "weight" else read_inline)
    except WceError as error:
        _refuse_if(place, of_print(cleaned), error)
        raise
    if not isinstance(typed.value, np.ndarray):
        _refuse_if(place, of_value(field, cleaned, typed.value))
    return typed


def _understood(place: str, raw: str, cleaned: str, read_value: Callable[[str, str], Typed]) -> Typed:
    for candidate in dict.fromkeys((raw, cleaned)):  # as it stands first: a look-alike in a name belongs to the name
        if candidate[:1] in ("[", "{"):
            value = _from_json(place, candidate)
            if value is not None:
                return Typed(value)
    wrapped = unwrapped(cleaned)
    if wrapped.startswith("{"):
        form = "a mapping without JSON's quotes" if wrapped == cleaned else "a dict repr"
        typed = _of_items(read_mapping(place, wrapped, read_value), form)
        return structs.replace(typed, value=Counter(typed.value)) if counts(cleaned) else typed
    if wrapped != cleaned:
        return _of_pairs(place, ReprReader(place, wrapped).read())
    return ReprReader(place, cleaned).read()


def _from_json(place: str, text: str) -> Any:
    """The JSON of a text, or None where it has to be read more kindly."""

    def number(digits: str) -> float:
        value = float(digits)
        if np.isinf(value):
            raise WceError(too_large(place, digits))
        return value

    try:
        return json.loads(text, object_pairs_hook=lambda pairs: no_duplicates(place, pairs), parse_float=number)
    except json.JSONDecodeError:
        return None
    except RecursionError as error:
        raise WceError(Problem(f"{place} is nested too deep", field=place)) from error
    except ValueError as error:
        raise WceError(Problem(f"{place} holds a number too long to read", field=place)) from error


def _of_items(items: dict[str, Typed], form: str) -> Typed:
    """A mapping of values that were each typed or printed."""
    rounded = " and ".join(dict.fromkeys(one.rounded for one in items.values() if one.rounded))
    return Typed(
        {key: one.value for key, one in items.items()},
        "a mapping of prints" if rounded else form,
        rounded,
        {key: one.half_units.max() for key, one in items.items() if isinstance(one.half_units, np.ndarray)} or None,
    )


def _of_pairs(place: str, pairs: Typed) -> Typed:
    """`[('cat', 0.1), ('dog', 1)]` as a mapping."""
    mapping = of_pairs(place, pairs.value)
    half_units = pairs.half_units  # a name and a number in turn
    by_key = dict(zip(mapping, half_units[1::2].tolist(), strict=True)) if isinstance(half_units, np.ndarray) else None
    return Typed(mapping, "a dict repr", pairs.rounded, by_key)


def _read_weight(place: str, text: str) -> Typed:
    """A value of a weight's mapping: a number, whatever names it."""
    return read_inline(place, text, "sample_weight")


def _refuse_if(place: str, found: Diagnosis | None, error: WceError | None = None) -> None:
    if found is not None:
        raise WceError(Problem(f"{place} {found.message}", found.hint, place)) from error


def as_vector(value: Any, even_fractions: bool = True) -> Any:
    """A column typed as rows of one number, `0; 1; 1`, as the list that is meant.

    Labels with a point, `1.0; 0.0`, are not: beside scores of one column they are its probability rows.
    """
    if isinstance(value, list) and len(value) > 1 and all(isinstance(row, list) and len(row) == 1 for row in value):
        column = [row[0] for row in value]
        return column if even_fractions or not any(isinstance(item, float) for item in column) else value
    return value
