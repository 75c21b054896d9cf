"""Mappings without JSON's quotes."""

from __future__ import annotations

import pytest

from wce_cli.errors import WceError
from wce_cli.inputs.inline import read_inline


def test_a_key_that_numpy_prints_with_its_type_is_that_index_or_name():
    text = "{np.int64(1): 1.0, np.int32(0): np.float64(0.1)}"
    assert read_inline("--weight", text).value == {"1": 1.0, "0": 0.1}
    assert read_inline("--weight", "{np.str_('b'): 1, np.str_('a'): 2}").value == {"b": 1, "a": 2}


@pytest.mark.parametrize("key", ["1.0", "True", "1e0", "np.float64(1.0)", "np.True_(1)", "np.bool_(True)"])
def test_a_key_that_is_neither_a_name_nor_an_index_is_refused(key):
    with pytest.raises(WceError):
        read_inline("--weight", f"{{{key}: 1.0, 0: 0.1}}")
    assert read_inline("--weight", f"{{'{key}': 1.0, '0': 0.1}}").value == {key: 1.0, "0": 0.1}


@pytest.mark.parametrize(
    "text",
    [
        "cat:0.1,dog:1",
        "cat: 0.1, dog: 1",
        "cat=0.1 dog=1",
        "cat: 0.1\ndog: 1\n",
        "cat：0.1；dog：1",
        "'cat': 0.1, \"dog\": 1",
        "{cat: 0.1, dog: 1}",
        "Counter({'cat': 0.1, 'dog': 1})",
        "collections.OrderedDict({'cat': 0.1, 'dog': 1})",
        "OrderedDict([('cat', 0.1), ('dog', 1)])",
        "defaultdict(<class 'float'>, {'cat': 0.1, 'dog': 1})",
        "defaultdict(float, {'cat': 0.1, 'dog': 1})",
        "dict(cat=0.1, dog=1)",
        "dict([('cat', 0.1), ('dog', 1)])",
        "mappingproxy({'cat': 0.1, 'dog': 1})",
        "weights = {'cat': 0.1, 'dog': 1}",
        "Out[4]: {'cat': 0.1, 'dog': 1}",
    ],
)
def test_a_mapping_in_every_dress_is_a_mapping(text):
    assert read_inline("--weight", text, "weight").value == {"cat": 0.1, "dog": 1}


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("0:0.1,1:1", {"0": 0.1, "1": 1}),
        ("10:30:0.5, 11:00:1", {"10:30": 0.5, "11:00": 1}),
        ("big cat: 1, dog: inf", {"big cat": 1, "dog": float("inf")}),
        ("{'a, b': 1, 'c': [1, 2]}", {"a, b": 1, "c": [1, 2]}),
    ],
)
def test_the_last_colon_parts_the_name_from_its_number(text, mapping):
    assert read_inline("--weight", text, "weight").value == mapping


def test_words_with_colons_are_a_mapping_for_a_weight_alone():
    assert read_inline("--labels", "cat:1,dog:2", "labels").value == ["cat:1", "dog:2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{cat:0,1;dog:1}", "--weight has ';' among its items"),
        ("cat:1,cat:2", '--weight has the key "cat" twice'),
        ("OrderedDict([('a', 1), ('a', 2)])", '--weight has the key "a" twice'),
        ("OrderedDict([1, 2])", "--weight is a mapping of no pairs"),
        ("cat:0,1;dog:1", "--weight has decimal commas"),
        ("cat:0,1,dog:1", "--weight has decimal commas"),
        ("{'a': 1/4, 'b': 1}", "--weight 'a' has \"1/4\", expected numbers"),
        ("{'a': {'b': 1}}", "--weight has a mapping at 'a', expected a number"),
    ],
)
def test_a_mapping_of_two_meanings_is_refused(text, said):
    with pytest.raises(WceError) as caught:
        read_inline("--weight", text, "weight")
    assert caught.value.args[0] == said


@pytest.mark.parametrize(
    "text", ["a:" * 50_000, "a b " * 50_000 + ":", "a" + " " * 100_000, "{'a':" * 9_000, "{" + "(" * 50_000 + "}"]
)
def test_a_long_text_that_is_no_mapping_is_left_at_once(text):
    try:
        value = read_inline("--weight", text, "weight").value
    except WceError:
        return
    assert not isinstance(value, dict)


def test_the_pairs_of_a_print_keep_their_half_units():
    typed = read_inline("--weight", "OrderedDict([('cat', tensor(0.1000)), ('dog', tensor(2.))])", "weight")
    assert (typed.form, typed.rounded) == ("a dict repr", "4 decimals")
    assert typed.half_units == pytest.approx({"cat": 5e-5, "dog": 0}, rel=1e-3)
