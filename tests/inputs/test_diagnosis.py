"""What a text that cannot be read probably is."""

from __future__ import annotations

import pytest

from wce_cli.errors import WceError
from wce_cli.inputs.diagnosis import number_hint, of_commas
from wce_cli.inputs.inline import read_inline


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("|   a |   b |\n|----:|----:|\n| 0.1 | 0.9 |", "is a Markdown table"),
        ("┌─────┬─────┐\n│ 0.1 ┆ 0.9 │\n└─────┴─────┘", "is a table in a frame"),
        (",a,b\n0,0.1,0.9\n", "is CSV with an index column"),
        ("     a    b\n0  0.1  0.9\n1  0.0  0.1", "is a table with a header and an index"),
        ("     0    1\n0  0.1  0.9\n1  0.0  0.1", "is a table with a header and an index"),
        ("a,b\n0.1,0.9\n0,0.1", "has a header above its numbers"),
        ("0    0.1\n1    1.0\ndtype: float64", "is a print of pandas, with its index"),
        ("cat    0.1\ndog    1.0\nName: w, dtype: float64", "is a print of pandas, with its index"),
        ("   a\n0  1\n\n[1 rows x 1 columns]", "is a print of pandas, with its index"),
        ("     [,1] [,2]\n[1,]  0.1  0.9", "is a print of R, with its index"),
        ("[1] 0.1 0.9", "is a print of R, with its index"),
        ("x =\n\n   1.0e+03 *\n\n    0.1000    0.9000", "is a print in parts, or with a factor before it"),
        ("  Columns 1 through 2\n\n  0.1 0.9", "is a print in parts, or with a factor before it"),
        ("{0.1, 0.9}", "has numbers in braces"),
        ("{{0.1, 0.9}, {0, 0.1}}", "has numbers in braces"),
        ("<tf.Tensor 'x:0' shape=(2,) dtype=float32>", "describes an array, without its numbers"),
        (
            "<KerasTensor shape=(None, 2), dtype=float32, sparse=False, name=x>",
            "describes an array, without its numbers",
        ),
        ("[0.1, 0.9] and more", "has 'and' beside its brackets"),
        ("2*[0.1, 0.9]", "has '2*' beside its brackets"),
        ("0,1;1", "has one number a row, with decimal commas"),
        ("logits=[1, 2], labels=[0]", 'has "labels=", expected numbers'),
        ("0.1 0.9 # scores", 'has "#", expected numbers'),
        ("0.1|0.9", 'has "0.1|0.9", expected numbers'),
        ("tensor([[1., 2.]]), tensor([0])", "has arrays of different shapes in it"),
        ("{'logits': [[1, 2]], 'labels': [0]}", "is a mapping, expected numbers"),
        ("1 2\\n3 4", 'has "2\\n3", expected numbers'),
        ("=1,2", 'has "=1", expected numbers'),
        ("1e400", "holds 1e400, a number too large for float64"),
        ("[1e400, 1]", "holds 1e400, a number too large for float64"),
        ("9" * 500, "holds 999999999999… of 500 characters, a number too large for float64"),
        ("tensor([0.1, 0.9])[0]", "has '[0]' behind an array"),
        ("tensor([1])-1", "has '-1' behind an array"),
        ("tensor([1.]).exp()", "has '.exp()' behind an array"),
    ],
)
def test_what_is_no_array_is_told_by_its_looks(text, said):
    with pytest.raises(WceError) as caught:
        read_inline("--logits", text, "logits")
    assert caught.value.args[0] == f"--logits {said}"
    assert caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("1_000", "write 1000"),
        ("-1_000.5", "write -1000.5"),
        ("1'000", "write 1000"),
        ("0·5", "write 0.5"),
        ("12.5%", "write 0.125"),
        ("1/4", "work it out: 0.25"),
        ("1/0", "work it out: it divides by 0"),
        ("1.5f", "write 1.5"),
        ("1.5f0", "write 1.5"),
        ("2d0", "write 2"),
        ("3L", "write 3"),
        ("0x10", "write 16"),
        ("0,5", "write decimals with a point: 0.5"),
        ("zero", ""),
        ("", ""),
    ],
)
def test_a_number_in_another_spelling_is_told_how_it_is_written(word, hint):
    assert number_hint(word) == hint


@pytest.mark.parametrize("field", ["weight", "sample_weight"])
def test_rows_of_one_number_with_decimal_commas_are_no_rows_of_two(field):
    with pytest.raises(WceError, match="decimal commas"):
        read_inline("--w", "0,1;0,9", field)
    assert read_inline("--w", "0,9", field).value == [0, 9]
    assert read_inline("--logits", "0,1;0,9", "logits").value == [[0, 1], [0, 9]]
    assert read_inline("--labels", "0,1;1,0", "labels").value == [[0, 1], [1, 0]]


def test_words_of_labels_are_names_whatever_they_look_like():
    for names in (["1_000", "2_000"], ["50%", "0x10"], ["#", "|"], ["a=1", "b=2"]):
        assert read_inline("--labels", ",".join(names), "labels").value == names


@pytest.mark.parametrize("text", ["<" + "'a' " * 20_000, "| a " * 20_000 + "|\n", "Name: " * 5_000 + ", dtype: x"])
def test_a_long_text_is_refused_at_once(text):
    with pytest.raises(WceError):
        read_inline("--weight", f"{text} [1]", "weight")


def test_a_long_text_is_no_column_of_decimal_commas():
    assert of_commas("0,1;" + "\n" * 50_000 + "x") is None
    assert of_commas("0,1;" + "\n" * 50_000 + "1") is not None
