"""Structs as JSON: not a bit is lost, and nothing is taken that is not one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from msgspec import Struct
from numpy.typing import NDArray

from tests.loss.random_batches import random_batch
from wce_cli.batches.batch import Batch
from wce_cli.errors import WceError
from wce_cli.loss.facts import Facts
from wce_cli.loss.sums import Floats, Ints, Sums
from wce_cli.loss.totals import Totals
from wce_cli.passes.one_pass import one_pass
from wce_cli.saved.encoded import from_json, to_json


class Both(Struct, frozen=True):
    floats: Floats
    ints: Ints
    number: float
    word: str | None


BITS = st.integers(0, 2**64 - 1)
ANY_FLOATS = arrays.arrays(np.uint64, st.integers(0, 50), elements=BITS).map(lambda bits: bits.view(np.float64))
ANY_INTS = arrays.arrays(np.int64, st.integers(0, 50))


def through_text(value: Struct, most: int = 50) -> Struct:
    return from_json(type(value), json.loads(json.dumps(to_json(value), allow_nan=False)), most)


def bits(array: NDArray) -> list[int]:
    return array.view(np.uint64).tolist()


@given(ANY_FLOATS, ANY_INTS, st.floats(), st.none() | st.text())
def test_every_bit_comes_back(floats, ints, number, word):
    found = through_text(Both(floats, ints, number, word))
    assert bits(found.floats) == bits(floats)  # −0, subnormals and the payload of a NaN
    assert (found.floats.dtype, found.ints.dtype) == (np.float64, np.int64)
    assert found.ints.tolist() == ints.tolist()
    assert repr(found.number) == repr(number)
    assert found.word == word


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_totals_and_facts_come_back(seed):
    batch = Batch.build(**random_batch(seed))
    for value in one_pass(batch):
        assert isinstance(value, (Totals, Facts))
        assert to_json(through_text(value)) == to_json(value)


def test_arrays_are_little_endian_numbers_of_64_bits():
    assert to_json(np.array([1, 2], dtype=">i4")) == to_json(np.array([1, 2]))
    assert to_json(np.array([1.5], dtype=">f8")) == to_json(np.array([1.5]))
    assert to_json(np.arange(10.0)[::2]) == to_json(np.array([0.0, 2, 4, 6, 8]))


def said(kind: type[Struct], document: object, most: int = 3) -> str:
    with pytest.raises(WceError) as error:
        from_json(kind, document, most)
    (problem,) = error.value.problems
    return problem.message


def test_an_array_is_never_unpacked_beyond_what_it_may_hold():
    document = to_json(Sums.zeros(3))
    assert to_json(from_json(Sums, document, 3)) == document
    assert said(Sums, document, 2).endswith(" holds more than 2 numbers")
    bomb = to_json(np.zeros(1 << 22))
    assert len(bomb) < 1 << 18
    assert said(Sums, {**document, "low": bomb}).startswith("$.low: ")


@pytest.mark.parametrize(
    "text",
    ["", "f8:", "f8:AAAA", "f8:%%%", "f8:é", "i8:eJxjYGBgAAAABAAB", to_json(np.zeros(3))[:-8], "f8:" + "A" * 40],
)
def test_text_that_is_no_array_is_named(text):
    assert said(Sums, {**to_json(Sums.zeros(3)), "high": text}).startswith("$.high: ")


def test_a_number_of_bytes_that_is_no_number_of_numbers_is_refused():
    import base64
    import zlib

    odd = "f8:" + base64.b64encode(zlib.compress(bytes(20))).decode()
    assert said(Sums, {**to_json(Sums.zeros(3)), "high": odd}).endswith(" was not saved whole")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"number": "many"}, "$.number: expected float, got str"),
        ({"number": [1.5]}, "$.number: expected float, got array"),
        ({"word": 3}, "$.word: expected str | null, got int"),
        ({"ints": "f8:"}, '$.ints: "f8:" is no text of numbers that begins i8:'),
        ({"ints": [1, 2]}, "$.ints: [1, 2] is no text of numbers that begins i8:"),
    ],
)
def test_a_field_of_another_type_is_named(change, message):
    document = to_json(Both(np.zeros(2), np.zeros(2, dtype=np.int64), 1.0, None))
    assert said(Both, {**document, **change}) == message
    del document["word"]
    assert said(Both, document) == "$: object missing required field word"
    assert said(Both, []) == "$: expected object, got array"
