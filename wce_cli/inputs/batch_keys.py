"""The JSON document of a batch: its keys and their types, checked by msgspec and described as a schema.

msgspec sees the frame only: that a name is a string, an ignore_index an integer. The arrays are Any to it and
are checked as arrays when the batch is built, where a problem can be named by its index. (pydantic does this
too, at ten times the import: it would be a third of the run on a small batch.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from wce_cli.digits import NUMBER_SCHEMA
from wce_cli.errors import MOST, Problem, as_written, did_you_mean
from wce_cli.field_hints import hint_of
from wce_cli.fields import FIELDS, IN_FILES, Kind, by_field

NULL = {"type": "null"}


def _described(*alternatives: dict[str, Any]) -> msgspec.Meta:
    """Any value to msgspec, but one of these in the schema; null means not given."""
    return msgspec.Meta(extra_json_schema={"anyOf": [*alternatives, NULL]})


def _nested(*leaves: dict[str, Any]) -> dict[str, Any]:
    """Lists of lists of leaves, to the depth that batches have."""
    schema: dict[str, Any] = {"anyOf": list(leaves)}
    for _ in range(6):
        schema = {"anyOf": [*leaves, {"type": "array", "items": schema}]}
    return schema


Numbers = Annotated[Any, _described(_nested(NUMBER_SCHEMA))]
Labels = Annotated[Any, _described(_nested(NUMBER_SCHEMA, {"type": "string"}))]
Names = Annotated[Any, _described({"type": "array", "items": {"type": "string"}})]
ClassWeight = Annotated[
    Any,
    _described(
        {"type": "array", "items": NUMBER_SCHEMA},
        {"type": "object", "additionalProperties": NUMBER_SCHEMA},
        {"const": "balanced"},
    ),
]

Expectation = Annotated[Any, _described(_nested(NUMBER_SCHEMA))]

JSON_TYPES: dict[Kind, Any] = {
    "scores": Numbers,
    "labels": Labels,
    "class weight": ClassWeight,
    "sample weight": Numbers,
    "names": Names,
    "integer": int | None,
    "number": float | None,
    "flag": bool | None,
    "code": str | None,
}
"""What a field of each kind may be in JSON."""
KEYS_BESIDE: dict[str, Any] = {
    "name": str | None,
    "source": str | None,
    "question": str | None,
    "reported": list[Any] | None,
    "expect": dict[str, Expectation] | float | None,
    "tolerance": float | None,
}
"""The keys of a document beside its fields."""
READ_BY_EXPLAIN = (*IN_FILES, "name", "source")
"""The keys that make the batch; the others are left alone here."""


def _key(name: str) -> Any:
    """The type of a field's key, with what the schema says of it."""
    said = FIELDS[name]
    return Annotated[JSON_TYPES[said.kind], msgspec.Meta(description=said.help)]


BatchDocument = msgspec.defstruct(
    "BatchDocument",
    [
        *((name, _key(name), None) for name in IN_FILES),
        *((name, held, None) for name, held in KEYS_BESIDE.items()),
    ],
    namespace={"__doc__": "One batch, as a JSON object."},
    module=__name__,
    forbid_unknown_fields=True,
    frozen=True,
)
"""A batch document to msgspec, made from the declaration of its fields."""

KEYS = BatchDocument.__struct_fields__

_IN_WORDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
LOSS_KEY_HINT = (
    '"expect": {"weighted-mean": 0.6923} is a number for wce check; wce identify 0.6923 FILE names the rule of one'
)
KEY_HINTS = dict.fromkeys(("loss", "losses", "value", "expected", "reported_loss"), LOSS_KEY_HINT)
"""What to write for keys that people have beside the fields of a batch."""


def by_keys(document: Mapping[str, Any]) -> tuple[dict[str, str], list[Problem]]:
    """The key that each field has, and what is wrong with the keys; null under an alias is nothing."""
    return by_field((key for key, value in document.items() if key in KEYS or value is not None), _quoted)


def _quoted(key: str) -> str:
    return f'"{key}"'


def frame_problems(document: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the keys of a batch document and with its single values; arrays are not looked at."""
    problems = list[Problem]()
    for key, value in document.items():
        if key not in KEYS:
            is_told = len(problems) < MOST
            hint = (KEY_HINTS.get(key) or hint_of(key, _quoted) or did_you_mean(key, KEYS)) if is_told else ""
            problems.append(Problem(f'"{key}" is no key of a batch', hint, key))
            continue
        # msgspec reads no half of a surrogate pair, which JSON may hold
        whole = value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
        try:
            msgspec.convert({key: whole}, BatchDocument)  # one at a time: msgspec stops at the first problem
        except msgspec.ValidationError as error:
            types = str(error).split("`")[1].split(" | ")  # Expected `float | null`, got …
            expected = " or ".join(_IN_WORDS[one] for one in types if one != "null")
            problems.append(Problem(f"{key} is {as_written(value)}, expected {expected}", field=key))
    return problems


def batch_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `wce explain` reads: a batch, or a list of batches."""
    _, parts = msgspec.json.schema_components([BatchDocument], ref_template="#/$defs/{name}")
    batch = {"$ref": "#/$defs/BatchDocument"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wce batch document",
        "anyOf": [batch, {"type": "array", "items": batch}],
        "$defs": parts,
    }
