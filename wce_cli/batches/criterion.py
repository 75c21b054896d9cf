"""The loss that somebody holds, beside the batch: what it says of the fields, and where they say otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import numpy as np
from msgspec import structs

from wce_cli.batches.field_reader import Gathering
from wce_cli.criteria.read import read
from wce_cli.errors import Problem, WceError, as_written
from wce_cli.fields import BatchFields
from wce_cli.loss.spec import Criterion

SAME = 1e-6
"""A weight of 0.1 is that of torch.tensor([0.1]), which is float32."""


def with_criterion(
    fields: BatchFields, sources: Mapping[str, str], spelled: Callable[[str], str]
) -> tuple[BatchFields, dict[str, str]]:
    """The fields with those that a criterion sets and nobody gives, and where each came from; the criterion is read.

    A field that is given stays, with a note where the criterion says otherwise. Raises WceError if it cannot be read.
    """
    given: Any = fields["criterion"]
    if not isinstance(given, (str, Criterion)):
        raise WceError(Problem(f"criterion is {as_written(given)}, expected a line of code", field="criterion"))
    criterion = read(given) if isinstance(given, str) else given
    known: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    found, places, notes = dict(known), dict(sources), list(criterion.notes)
    for field, value in criterion.fields.items():
        if field not in known:
            found[field] = value
            places[field] = sources.get("criterion", spelled("criterion"))
        elif known[field] is not value and not _are_same(known[field], value):
            notes.append(f"{field} is given, and takes the place of the criterion's")
    unsaid = {field: code for field, code in criterion.unsaid.items() if not _is_given(field, known, criterion)}
    found["criterion"] = structs.replace(criterion, unsaid=unsaid, notes=tuple(notes))
    return cast("BatchFields", found), places


def say_unsaid(g: Gathering, criterion: Criterion) -> None:
    """Note what a criterion says of the batch, and as a problem each value that stands neither in it nor beside it."""
    g.notes += criterion.notes
    g.problems += unsaid_problems(criterion, (), g.spelled)


def unsaid_problems(criterion: Criterion, known: Collection[str], spelled: Callable[[str], str]) -> list[Problem]:
    """A problem for each value that a criterion does not say, and that is not `known`."""
    return [
        Problem(
            f"criterion has {code} as its {field.replace('_', ' ')}, whose value is not in the line",
            f"{spelled(field)} gives it",
            field,
        )
        for field, code in criterion.unsaid.items()
        if not _is_given(field, known, criterion)
    ]


def _is_given(field: str, known: Collection[str], criterion: Criterion) -> bool:
    """Whether the value of a field is known, or what it may be made of: a sample weight is often w[y]."""
    return field in known or (field == "sample_weight" and "weight" in known and "weight" not in criterion.takes)


def _are_same(one: Any, other: Any) -> bool:
    """Whether two values of a field are the same numbers, in whatever dtype."""
    if any(isinstance(value, (Mapping, str)) for value in (one, other)):
        return type(one) is type(other) and bool(one == other)
    try:
        a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    except (TypeError, ValueError):
        return False
    return a.shape == b.shape and np.allclose(a, b, rtol=SAME, atol=0, equal_nan=True)
