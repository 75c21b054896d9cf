"""A batch that is built once and asked about often: what was given, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from wce_cli.batches.batch import Batch, as_keyword
from wce_cli.errors import Problem, WceError, counted
from wce_cli.field_hints import HINTS, hint_of
from wce_cli.fields import MEANT, SCORE_KINDS, by_field, with_defaults

if TYPE_CHECKING:
    from wce_cli.criteria.objects import ObjectCall


class GivenBatch(Struct, frozen=True, eq=False):
    """A batch for any number of questions, read and checked once; `wce_cli.batch` makes it."""

    batch: Batch
    fields: Mapping[str, Any]
    """What it was made of, by field, as it was given."""
    sources: Mapping[str, str] = {}
    """Where each field of a file stands."""
    half_units: Mapping[str, Any] = {}
    """How far printed numbers of a file may be off, by field, as `Batch.build` takes it."""
    call: ObjectCall | None = None
    """The criterion that it was given with, and how that is called."""

    def __repr__(self) -> str:
        """Its size and what it holds, not its numbers."""
        spec, given = self.batch.spec, [field for field, value in self.fields.items() if value is not None]
        size = f"{counted(self.batch.n_samples, 'sample', 'samples')}, {counted(spec.n_classes, 'class', 'classes')}"
        return f"<batch of {size}: {', '.join(given)}>"


def built(
    fields: Mapping[str, Any], sources: Mapping[str, str] | None = None, half_units: Mapping[str, Any] | None = None
) -> GivenBatch:
    """The batch of some fields. Raises WceError with all problems."""
    batch = Batch.build(**fields, sources=sources, half_units=half_units)
    return GivenBatch(batch, fields, sources or {}, half_units or {})


def replaced(
    given: Mapping[str, Any],
    fields: Mapping[str, Any],
    sources: Mapping[str, str],
    half_units: Mapping[str, Any],
) -> GivenBatch:
    """The batch of `fields`, of which those `given` beside it take the place; scores that of scores of any kind.

    Raises WceError if a field that is there is given as None, which could mean that it stays or that it goes.
    """
    emptied = next((field for field, value in given.items() if value is None and fields.get(field) is not None), None)
    if emptied is not None:
        hint = "leave it out to keep the batch's, or make a batch without it"
        raise WceError(Problem(f"{as_keyword(emptied)}None is given, and the batch has {emptied}", hint))
    given = {field: value for field, value in given.items() if value is not None}
    if isinstance(given.get("criterion"), str):  # what it sets takes the batch's place, as what is given beside it
        from wce_cli.criteria.read import read

        criterion = read(given["criterion"])
        given = {**criterion.fields, **given, "criterion": criterion}
    gone = set(SCORE_KINDS) if set(SCORE_KINDS) & set(given) else set()
    gone |= set(given)

    def kept(values: Mapping[str, Any]) -> dict[str, Any]:
        return {field: value for field, value in values.items() if field not in gone}

    return built({**kept(fields), **given}, kept(sources), kept(half_units))


def by_name(function: str, named: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the field that each name means; None under a name that is not our own is nothing. Raises WceError for
    two names that mean the same, and where a hint is known, TypeError for a name that nobody has.
    """
    given = [name for name, value in named.items() if value is not None or name not in MEANT.keys() | HINTS.keys()]
    names, problems = by_field(given, as_keyword)
    problems += [Problem(f"{function} has no {name}=", hint_of(name, as_keyword)) for name in given if name in HINTS]
    if problems:
        raise WceError(problems)
    found = {field: named[name] for field, name in names.items()}
    with_defaults(function, found)
    return found
