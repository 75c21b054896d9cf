"""The numbers of `expect` keep the digits they were written with; nothing else is read a second time."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wce_cli.digits import Written
from wce_cli.inputs.expect_digits import written_expects
from wce_cli.inputs.json import read_json
from wce_cli.inputs.ndjson import read_ndjson


@pytest.mark.parametrize("text", ["0.69", "0.6900", "0", "-1.50e-3", "1E5", "123456789012345678901234567890"])
def test_a_number_keeps_its_text(text):
    for content in (f'{{"expect": {{"sum": {text}}}}}', f'\ufeff {{"a": [1], "expect" :{{"sum":{text} }} , "b": NaN}}'):
        (expect,) = written_expects(content.encode())
        assert expect == {"sum": text}
        assert isinstance(expect["sum"], Written)


def test_text_is_no_number():
    (expect,) = written_expects(b'{"expect": {"sum": "0.5", "loss": [NaN, "NaN", -Infinity, null, true]}}')
    assert type(expect["sum"]) is str
    assert expect["loss"] == ["NaN", "NaN", "-Infinity", None, True]
    assert not isinstance(expect["loss"][0], Written)


def test_only_the_batch_s_own_key_counts():
    content = (
        b'[{"reported": [{"expect": 1}], "expect": {"sum": 1.0}}, {"name": "expect"}, {"\\u0065xpect": {"sum": 2}}]'
    )
    assert written_expects(content) == [{"sum": "1.0"}, None, {"sum": "2"}]


NUMBERS = st.floats() | st.integers(-(10**20), 10**20) | st.none() | st.text(max_size=3)
EXPECTS = st.dictionaries(st.text(max_size=4), NUMBERS | st.lists(NUMBERS, max_size=3), max_size=3)


@given(st.lists(st.fixed_dictionaries({}, optional={"expect": EXPECTS, "logits": st.lists(st.floats())}), min_size=1))
def test_it_is_what_the_document_says(documents):
    content = json.dumps(documents)
    plain = json.loads(content, parse_float=str, parse_int=str, parse_constant=str)
    assert written_expects(content.encode()) == [document.get("expect") for document in plain]


def test_documents_carry_it_with_their_tolerance(tmp_path):
    one = '{"logits": [[1, 2]], "labels": [0], "expect": {"sum": 1.310}, "tolerance": 1e-3}'
    (tmp_path / "one.json").write_text(f'[{one}, {{"labels": [0]}}, {{"expect": 3.10}}, {{"expect": []}}]', "utf-8")
    first, second, third, fourth = read_json(str(tmp_path / "one.json"))
    assert (first.expect, first.tolerance) == ({"sum": "1.310"}, 1e-3)
    assert (second.expect, second.tolerance) == (None, None)
    assert third.expect == {"criterion": "3.10"}
    assert fourth.expect is None
    assert fourth.problems[0].message == "expect is [], expected a number or an object"
    (tmp_path / "two.ndjson").write_text(f"{one}\n\n{one}\n", "utf-8")
    documents = read_ndjson(str(tmp_path / "two.ndjson"))
    assert [(each.origin[-10:], each.line, each.expect, each.tolerance) for each in documents] == [
        ("two.ndjson", 1, {"sum": "1.310"}, 1e-3),
        ("two.ndjson", 3, {"sum": "1.310"}, 1e-3),
    ]
