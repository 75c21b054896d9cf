"""A small file takes no more memory than its number of classes explains."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.saved_parts import part_of
from wce_cli.errors import WceError
from wce_cli.inputs.totals import as_text
from wce_cli.saved.document import saved_of
from wce_cli.saved.encoded import to_json


def refused(place: str, value: Any) -> str:
    """What is said of a part of 2 classes with another value in one place."""
    document = json.loads(as_text(part_of(logits=np.zeros((3, 2)), labels=[0, 1, 1])))
    *path, last = place.split(".")
    node = document
    for name in path:
        node = node[name]
    node[last] = value
    with pytest.raises(WceError) as error:
        saved_of(document, "part.json")
    (problem,) = error.value.problems
    return problem.message


def test_an_array_is_not_unpacked_beyond_its_classes():
    bomb = to_json(np.zeros(1 << 24))
    assert len(bomb) < 1 << 20
    for place in ("totals.loss.high", "header.weight", "facts.top.key"):
        said = refused(place, bomb)
        assert said.startswith(f"part.json $.{place}: ")
        assert said.endswith(" holds more than 2000 numbers")


@pytest.mark.parametrize("c", [0, -1, (1 << 24) + 1, 1 << 60])
def test_a_number_of_classes_is_one_that_there_can_be(c):
    bound = ">= 1" if c < 1 else "<= 16777216"
    assert refused("header.n_classes", c) == f"part.json $.header.n_classes: expected int {bound}"


@pytest.mark.parametrize("c", ["two", None, True, 2.5, [2]])
def test_a_number_of_classes_is_a_whole_number(c):
    assert refused("header.n_classes", c).startswith("part.json $.header.n_classes: expected int, got ")


def test_a_header_that_is_none_is_named():
    assert refused("header", []) == "part.json $.header: expected object, got array"
    assert refused("totals", 1) == "part.json $.totals: expected object, got int"
    assert refused("header", None) == "part.json $.header: expected object, got null"
