"""What the fast reader takes is what the other reader takes; what it does not, it leaves."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wce_cli.inputs.fast_lines import plain_documents

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.integers(-3, 9),
    st.decimals(allow_nan=False, allow_infinity=False, places=25, min_value=-9, max_value=9),
)


def spelled(number: object) -> str:
    return number if isinstance(number, str) else repr(number) if isinstance(number, float) else str(number)


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=4), min_size=1, max_size=3))
def test_every_number_is_the_one_that_json_reads(rows):
    text = ", ".join(f"[{', '.join(map(spelled, row))}]" for row in rows)
    line = f'{{"logits": [{text}], "labels": [0]}}'.encode()
    found = plain_documents([line])[0]
    assert found is not None
    expected = [[float(number) for number in row] for row in json.loads(line)["logits"]]
    mine = found["logits"]
    assert mine is not None
    assert [[number.hex() for number in row] for row in mine] == [
        [(number + 0.0 if number == 0 and "-0" not in text else number).hex() for number in row] for row in expected
    ]
    assert all(type(number) is float for row in mine for number in row)


@pytest.mark.parametrize(
    "line",
    [
        '{"logits": [[1, 2]], "logits": [[1, 2]], "labels": [0]}',
        '{"logits": [[1, 2]], "labels": [0], "lables": 3}',
        '{"logits": [[1, 2]], "labels": [0], "lables": "x"}',
        '{"logits": [[1, 2]], "labels": [0], "expect": {"a": 1, "a": 1}}',
        '{"logits": [[1, 2]], "labels": [0], "name": "a\\u0041"}',
        '{"logits": [[1, 2]], "labels": [true]}',
        '{"logits": [[1, 2]], "labels": [0.0]}',
        '{"logits": [[1, "2"]], "labels": [0]}',
        '{"logits": [[1, NaN]], "labels": [0]}',
        '{"logits": [[1, 1e400]], "labels": [0]}',
        '{"logits": [[1, 2]], "labels": ["cat"]}',
        '{"logits": [[1, 2]], "labels": [0], "weight": {"0": 1, "1": 2}}',
        '{"logits": [[1, 2]], "labels": [0], "weight": "balanced"}',
        '{"logits": [[1, 2]], "labels": [[1.0, 0.0]]}',
        '{"logits": [[1, 2]], "labels": [0]',
        "[1]",
        "null",
        "[" * 100_000,
    ],
)
def test_what_is_lost_or_odd_is_not_plain_and_spoils_nothing_beside_it(line):
    good = b'{"labels": [0], "logits": [[1, 2.5]], "name": "x", "expect": {"sum": 1}, "weight": null}'
    before, odd, after = plain_documents([good, line.encode(), good])
    assert odd is None
    for document in (before, after):
        assert document is not None
        assert {**document, "expect": None} == {**json.loads(good), "expect": None}
        assert {key: bytes(raw) for key, raw in (document["expect"] or {}).items()} == {"sum": b"1"}


def test_what_is_expected_keeps_its_digits():
    line = b'{"logits": [[1, 2]], "labels": [0], "expect": {"sum": 1.310, "batch-mean": 1e-7}}'
    found = plain_documents([line])[0]
    assert found is not None
    assert [bytes(raw) for raw in (found["expect"] or {}).values()] == [b"1.310", b"1e-7"]


def test_infinity_is_no_number_of_a_plain_line():
    found = plain_documents([b'{"logits": [[1, 1e308]], "labels": [0]}'])[0]
    assert found is not None
    assert all(math.isfinite(number) for row in found["logits"] or [] for number in row)


ONE, OTHER = b'{"logits": [[1, 2]], "labels": [0]}', b'{"logits": [[3, 1]], "labels": [0]}'


@pytest.mark.parametrize(
    "lines",
    [
        [ONE + b" " + OTHER],
        [ONE + OTHER, ONE],
        [b"{", b'"logits": [[1, 2]],', b'"labels": [0]}'],
        [ONE + OTHER, b"{", b'"logits": [[1, 2]], "labels": [0]}'],  # three of them on three lines
        [b'{"logits": [[1, 2]],', b'"labels": [0]}' + ONE],
        [b'{"expect": {"sum": 1}', b', "labels": [0]}', ONE + ONE],
    ],
)
def test_an_object_is_plain_only_on_a_line_of_its_own(lines):
    found = plain_documents([*lines, OTHER, b"  " + ONE + b"\r"])
    assert found[:-2] == [plain_documents([line])[0] for line in lines]
    assert found[: len(lines) - 1].count(None) == len([line for line in lines[:-1] if line != ONE])
    assert [one and one["logits"] for one in found[-2:]] == [[[3.0, 1.0]], [[1.0, 2.0]]]
