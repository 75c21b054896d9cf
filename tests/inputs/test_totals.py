"""Saved totals as a document: what it is described as, and that no change to it is more than one line."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import numpy as np
import pytest

from tests.run import run
from wce_cli.batches.batch import Batch
from wce_cli.errors import WceError
from wce_cli.inputs.totals import as_text
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.from_saved import explain_saved
from wce_cli.saved.document import saved_of, totals_schema
from wce_cli.saved.encoded import to_json
from wce_cli.saved.part import Saved

C = 3


def document_of(**arguments: Any) -> dict[str, Any]:
    batch = Batch.build(**arguments)
    text = as_text(Saved.of(batch.spec, batch.scores.shape, *one_pass(batch)))
    document: dict[str, Any] = json.loads(text)
    return document


def documents() -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, C)), [0, 1, 1, 2, 0, -100]
    yield document_of(logits=x, labels=y, weight=[1, 2, 3], classes=["a", "b", "c"])
    yield document_of(logits=x, labels=rng.dirichlet(np.ones(C), 6), label_smoothing=0.1)
    yield document_of(probs=rng.dirichlet(np.ones(C), 6), labels=y, sample_weight=rng.random(6), weight="balanced")
    yield document_of(logits=[[1.0, np.inf, np.nan]], labels=[0], weight=[np.inf, 1, 1])
    yield document_of(logits=np.zeros((0, C)), labels=np.zeros(0, dtype=int))


@pytest.mark.parametrize("document", list(documents()))
def test_what_is_saved_is_what_the_schema_describes(document):
    schema = totals_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(document)
    for change in ({"format": "wce.totals/2"}, {"totals": {}}, {"more": 1}):
        assert not validator.is_valid({**document, **change})
    document["totals"]["loss"]["high"] = [1.0] * C
    assert not validator.is_valid(document)


def test_the_schema_is_printed():
    assert json.loads(run("schema", "totals").out) == totals_schema()


CHANGES: list[Any] = [
    *(None, True, -1, 0, 1, 0.5, 2**62, 2**63 - 1, -(2**63), 2**70, 1e308, "NaN", "-Infinity", "x", "", [], {}),
    *([1], [-3], [0, 3], ["a"], "index", "probability", "probs", "balanced", "several"),
    *(to_json(np.array(numbers)) for numbers in ([], [0.0] * C, [np.nan] * C, [-np.inf] * C, [0.0] * (C + 1))),
    *(to_json(np.array(numbers, dtype=np.int64)) for numbers in ([], [0] * C, [-5] * C, [2**62] * C, [2**62])),
]


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*place, key)
        yield from places(item, (*place, key))


def asked(broken: dict[str, Any]) -> str:
    """What a document is refused with; empty where it is answered, alone and added up, whatever is asked of it."""
    try:
        saved = saved_of(broken, "part.json")
    except WceError as error:
        return str(error.args[0])
    for question in ({}, {"weight": [1.0, -1.0, 0.0]}, {"weight": "balanced"}, {"label_smoothing": 0.3}):
        with contextlib.suppress(WceError):
            explain_saved(saved, **question)
        with contextlib.suppress(WceError):
            explain_saved(saved + saved, **question)
    return ""


@pytest.mark.parametrize("document", list(documents())[:4])
def test_whatever_is_changed_in_it_is_answered_or_refused_in_one_line(document):
    rng, refused = np.random.default_rng(0), 0
    for place in places(document):
        for change in [CHANGES[i] for i in rng.permutation(len(CHANGES))[:8]]:
            broken = copy.deepcopy(document)
            inside = broken
            for key in place[:-1]:
                inside = inside[key]
            inside[place[-1]] = change
            if place[:2] == ("facts", "s"):  # extremes that leave no sample a weight, as if all were NaN
                continue
            said = asked(broken)
            assert said == "" or (said.startswith("part.json") and "\n" not in said), place
            refused += said != ""
    assert refused > 50
