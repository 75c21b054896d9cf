"""The batch of a criterion in hand and of what it is called with: `explain(criterion, x, y)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from wce_cli.criteria.known import KNOWN
from wce_cli.criteria.object_settings import criterion_of, fields_of
from wce_cli.criteria.objects import call_of, kind_of
from wce_cli.errors import Problem, WceError
from wce_cli.field_hints import HINTS
from wce_cli.fields import SCORE_KINDS
from wce_cli.questions.given_batch import GivenBatch, built, by_name


def held_batch(function: str, criterion: Any, arrays: Sequence[Any], named: Mapping[str, Any]) -> GivenBatch:
    """The batch that a criterion is called with, its settings among the fields; nothing is called yet.

    Raises WceError for what is no criterion, and with all problems of the batch.
    """
    _refuse(function, criterion)
    if len(arrays) == 1 and isinstance(arrays[0], (GivenBatch, Mapping)):
        (whole,) = arrays
        of_batch = by_name(function, whole.fields if isinstance(whole, GivenBatch) else whole)
        of_batch = {field: value for field, value in of_batch.items() if value is not None}
        arrays, named = (), {**of_batch, **by_name(function, named)}
    call, beside = call_of(criterion, arrays, named)
    fields = fields_of(call)
    given = by_name(function, beside)
    if any(kind in given for kind in SCORE_KINDS):  # whatever it takes, these are the scores as they are
        fields = {field: value for field, value in fields.items() if field not in SCORE_KINDS}
    twice = [field for field, value in given.items() if value is not None and field in fields]
    if twice:
        name = call.kind.name
        said = {"classes": f"{name} has the names of its labels as classes, sorted, and classes is given by name"}
        hint = "leave one of them out"
        raise WceError(
            [Problem(said.get(field, f"{field} is given twice, with {name} and by name"), hint) for field in twice]
        )
    whole = built({**fields, **given, "criterion": criterion_of(call)})
    spec = whole.batch.spec
    if spec.criterion is not None and "weight" in spec.criterion.fields:  # as numbers, wherever the tensor is
        own = {**spec.criterion.fields, "weight": spec.weight}
        spec = structs.replace(spec, criterion=structs.replace(spec.criterion, fields=own))
    return structs.replace(whole, batch=structs.replace(whole.batch, spec=spec), call=call)


def _refuse(function: str, criterion: Any) -> None:
    """Raise WceError for a class, and for a loss of a framework that is none of classes."""
    if isinstance(criterion, type):
        name = criterion.__name__
        raise WceError(Problem(f"{function} takes a criterion, and got the class {name}", f"make one: {name}()"))
    kind = kind_of(criterion)
    if kind.is_unknown:
        hint = HINTS["bce"] if kind.name.lower().startswith(("bce", "binary")) else f"known: {', '.join(KNOWN)}"
        raise WceError(Problem(f"{function} does not know {kind.name}", hint))
