"""One member is replaced in a document's text, and every other byte stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wce_cli.inputs.json_edit import with_members

NEW = '{"sum": 1.5}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": 1}', f'{{"a": 1, "expect": {NEW}}}'),
        ('{"a":1,"b":2}\n', f'{{"a":1,"b":2, "expect": {NEW}}}\n'),
        ('{\n  "a": [1,  2]\n}\n', f'{{\n  "a": [1,  2],\n  "expect": {NEW}\n}}\n'),
        ('{\r\n\t"a": 1\r\n}\r\n', f'{{\r\n\t"a": 1,\r\n\t"expect": {NEW}\r\n}}\r\n'),
        ('{\n "a": 1, "b": 2\n}', f'{{\n "a": 1, "b": 2, "expect": {NEW}\n}}'),
        ('{"expect": {"x": [1, {"expect": 2}]}, "a": 1}', f'{{"expect": {NEW}, "a": 1}}'),
        ('{"b": {"expect": 1}, "expect" :null }', f'{{"b": {{"expect": 1}}, "expect" :{NEW} }}'),
        ("{}", f'{{"expect": {NEW}}}'),
        ('\ufeff{"a": 1.10}', f'\ufeff{{"a": 1.10, "expect": {NEW}}}'),
        ('{"a": "}\\" ,", "\\u0065xpect": 0}', f'{{"a": "}}\\" ,", "\\u0065xpect": {NEW}}}'),
    ],
)
def test_a_document(tmp_path, before, after):
    path = tmp_path / "a.json"
    path.write_bytes(before.encode())
    assert with_members(str(path), "expect", [{"sum": 1.5}]) == after


def test_a_list_and_lines_are_set_one_by_one(tmp_path):
    (tmp_path / "a.json").write_text('[\n  {"a": 1},\n  {"expect": 0} , {"b": [{}]}\n]\n', "utf-8")
    assert with_members(str(tmp_path / "a.json"), "expect", [1, 2, 3]) == (
        '[\n  {"a": 1, "expect": 1},\n  {"expect": 2} , {"b": [{}], "expect": 3}\n]\n'
    )
    (tmp_path / "a.ndjson").write_bytes('\n{"a": "\u2028"}\r\n  \n {"b": 1}'.encode())
    assert with_members(str(tmp_path / "a.ndjson"), "expect", [1, 2]) == (
        '\n{"a": "\u2028", "expect": 1}\r\n  \n {"b": 1, "expect": 2}'
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=3) | st.just("expect"), VALUES, max_size=4)


@given(st.lists(OBJECTS, min_size=1, max_size=3), st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_whatever_the_document_is(tmp_path_factory, objects, indent, ascii):
    path = tmp_path_factory.mktemp("member") / "a.json"
    path.write_text(json.dumps(objects, indent=indent, ensure_ascii=ascii), "utf-8", errors="surrogatepass")
    done = with_members(str(path), "expect", [{"sum": n} for n in range(len(objects))])
    assert json.loads(done) == [{**one, "expect": {"sum": n}} for n, one in enumerate(objects)]
