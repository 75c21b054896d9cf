"""The frame of a batch document, and the schema that describes it: both must say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from wce_cli.inputs.batch_keys import KEYS, batch_schema, frame_problems

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.json"))
SCHEMA = Draft202012Validator(batch_schema())

GOOD = [
    {},
    {"logits": [[1, 2.5]], "labels": [0]},
    {"logits": [["NaN", "-Infinity"]], "labels": ["cat"], "classes": ["cat", "dog"]},
    {"probs": [0.5, 0.5], "labels": 0, "weight": {"cat": 1, "dog": "Infinity"}},
    {"log_probs": [[[[-1]]]], "labels": [[[0]]], "weight": "balanced", "sample_weight": [[[2]]]},
    {"ignore_index": -1, "label_smoothing": 0.1, "name": "n", "source": "s", "question": "q"},
    {
        "ignore_index": None,
        "label_smoothing": 0,
        "name": None,
        "reported": [{"value": 1}],
        "expect": {},
        "tolerance": 1,
    },
]
BAD = [
    ({"wieght": [1]}, '"wieght" is no key of a batch', "did you mean 'weight'?"),
    ({"name": 3}, "name is 3, expected a string", ""),
    ({"source": ["s"]}, 'source is ["s"], expected a string', ""),
    ({"ignore_index": "-1"}, 'ignore_index is "-1", expected an integer', ""),
    ({"ignore_index": 1.5}, "ignore_index is 1.5, expected an integer", ""),
    ({"ignore_index": True}, "ignore_index is true, expected an integer", ""),
    ({"label_smoothing": "0.1"}, 'label_smoothing is "0.1", expected a number', ""),
    ({"label_smoothing": False}, "label_smoothing is false, expected a number", ""),
    ({"reported": {"value": 1}}, 'reported is {"value": 1}, expected a list', ""),
    ({"expect": [1]}, "expect is [1], expected a number or an object", ""),
    ({"tolerance": "small"}, 'tolerance is "small", expected a number', ""),
]


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(batch_schema())
    assert batch_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", SAMPLES, ids=[path.name for path in SAMPLES])
def test_every_sample_fits_the_schema(path):
    SCHEMA.validate(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("document", GOOD)
def test_what_fits_the_frame_fits_the_schema(document):
    assert frame_problems(document) == []
    SCHEMA.validate(document)
    SCHEMA.validate([document, document])


@pytest.mark.parametrize(("document", "message", "hint"), BAD)
def test_what_does_not_fit_the_frame_does_not_fit_the_schema(document, message, hint):
    (problem,) = frame_problems(document)
    assert (problem.message, problem.hint) == (message, hint)
    assert problem.field == next(iter(document))
    assert not SCHEMA.is_valid(document)


@pytest.mark.parametrize(
    "document",
    [
        {"logits": [[True]]},
        {"logits": [["0.1"]]},
        {"labels": [None]},
        {"weight": "balance"},
        {"weight": [[1]]},
        {"classes": [1]},
        {"sample_weight": ["cat"]},
        [3],
        "batch",
    ],
)
def test_the_schema_also_knows_what_arrays_hold(document):
    assert not SCHEMA.is_valid(document)


def test_all_problems_of_a_frame_are_found():
    problems = frame_problems({"name": 3, "colour": 1, "tolerance": "x"})
    assert [problem.field for problem in problems] == ["name", "colour", "tolerance"]


def test_the_schema_describes_every_key():
    assert set(batch_schema()["$defs"]["BatchDocument"]["properties"]) == set(KEYS)
