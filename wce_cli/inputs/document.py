"""The JSON document of a batch: its keys and their types, checked by pydantic and described as a schema.

pydantic sees the frame only: that keys are known, that a name is a string. The arrays are Any to it and are
checked as arrays when the batch is built, where a problem can be named by its index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import ConfigDict, Strict, StrictInt, StrictStr, TypeAdapter, ValidationError, WithJsonSchema

from wce_cli.digits import NUMBER_SCHEMA
from wce_cli.errors import Problem, did_you_mean


def _nested(*leaves: dict[str, Any]) -> dict[str, Any]:
    """Lists of lists of leaves, to the depth that batches have."""
    schema: dict[str, Any] = {"anyOf": list(leaves)}
    for _ in range(6):
        schema = {"anyOf": [*leaves, {"type": "array", "items": schema}]}
    return schema


Numbers = Annotated[Any, WithJsonSchema(_nested(NUMBER_SCHEMA))]
Labels = Annotated[Any, WithJsonSchema(_nested(NUMBER_SCHEMA, {"type": "string"}))]
Names = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]})]
Number = Annotated[float, Strict()]
ClassWeight = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": NUMBER_SCHEMA},
                {"type": "object", "additionalProperties": NUMBER_SCHEMA},
                {"const": "balanced"},
                {"type": "null"},
            ]
        }
    ),
]


@dataclass(frozen=True)
class BatchDocument:
    """One batch, as a JSON object."""

    __pydantic_config__ = ConfigDict(extra="forbid", title="wce batch")

    logits: Numbers = None
    log_probs: Numbers = None
    probs: Numbers = None
    labels: Labels = None
    weight: ClassWeight = None
    sample_weight: Numbers = None
    classes: Names = None
    ignore_index: StrictInt | None = None
    label_smoothing: Number | None = None
    name: StrictStr | None = None
    source: StrictStr | None = None
    question: StrictStr | None = None
    reported: list[Any] | None = None
    expect: dict[str, Any] | None = None
    tolerance: Number | None = None


KEYS = tuple(field.name for field in fields(BatchDocument))
READ_BY_EXPLAIN = KEYS[: KEYS.index("question")]
"""The keys that make the batch; the others are left alone here."""

_ADAPTER: TypeAdapter[Any] = TypeAdapter(BatchDocument)

_EXPECTED = {
    "string_type": "expected a string",
    "int_type": "expected an integer",
    "int_from_float": "expected an integer",
    "float_type": "expected a number",
    "list_type": "expected a list",
    "dict_type": "expected an object",
}


def frame_problems(document: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the keys of a batch document and with its single values; arrays are not looked at."""
    try:
        _ADAPTER.validate_python(dict(document))
    except ValidationError as error:
        return [_problem(dict(item)) for item in error.errors(include_url=False)]
    return []


def batch_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `wce explain` reads: a batch, or a list of batches."""
    batch = _ADAPTER.json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wce batch document",
        "anyOf": [{"$ref": "#/$defs/Batch"}, {"type": "array", "items": {"$ref": "#/$defs/Batch"}}],
        "$defs": {"Batch": batch},
    }


def _problem(item: dict[str, Any]) -> Problem:
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in item["loc"]).removeprefix(".")
    field = str(item["loc"][0]) if item["loc"] else ""
    if item["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return Problem(f'"{path}" is no key of a batch', did_you_mean(field, KEYS), field)
    shown = repr(item["input"]) if not isinstance(item["input"], str) else f'"{item["input"]}"'
    shown = {"True": "true", "False": "false", "None": "null"}.get(shown, shown)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return Problem(f"{path} is {shown}, {_EXPECTED.get(item['type'], item['msg'].lower())}", field=field)
