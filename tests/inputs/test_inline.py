"""Values as people type them."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wce_cli.errors import WceError
from wce_cli.inputs.inline import as_vector, read_inline
from wce_cli.inputs.typed import Typed

NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False))


def table(row):
    """Lists of 1 to 4 rows of one length."""
    return st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(row, min_size=n, max_size=n), min_size=2, max_size=4))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 0.9; 0 0.1", [[0.1, 0.9], [0, 0.1]]),
        ("0.1 0.9\n0 0.1\n", [[0.1, 0.9], [0, 0.1]]),
        ("0.1, 0.9; 0, 0.1;", [[0.1, 0.9], [0, 0.1]]),
        ("0.1,0.9", [0.1, 0.9]),
        ("0.1 0.9;", [[0.1, 0.9]]),
        ("[[0.1,0.9],[0,0.1]]", [[0.1, 0.9], [0, 0.1]]),
        ("'[1, 2]'", [1, 2]),
        ("  1  ", 1),
        ("1,", [1]),
        ("1e-3 -.5 +2.", [1e-3, -0.5, 2.0]),
        ("inf -Infinity +inf", [math.inf, -math.inf, math.inf]),
        ("cat,dog", ["cat", "dog"]),
        ("balanced", "balanced"),
        ('{"cat": 0.1, "dog": 1}', {"cat": 0.1, "dog": 1}),
    ],
)
def test_a_value_is_read_as_it_is_meant(text, value):
    assert read_inline("--logits", text) == Typed(value)


def test_not_a_number_is_read_in_every_case():
    assert all(math.isnan(number) for number in read_inline("--logits", "nan NaN -nan NAN").value)


def test_whole_numbers_stay_whole():
    assert [type(number) for number in read_inline("--labels", "1,0").value] == [int, int]
    assert [type(number) for number in read_inline("--labels", "1.0,0.0").value] == [float, float]


@given(table(NUMBERS))
def test_json_is_read_back(value):
    assert read_inline("--logits", json.dumps(value)).value == value


@given(table(NUMBERS), st.sampled_from([" ", ", "]), st.sampled_from([";", " ; ", "\n"]))
def test_rows_are_read_back(value, between, rows):
    text = rows.join(between.join(map(repr, row)) for row in value)
    assert read_inline("--logits", text) == Typed(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "--logits is empty"),
        ("''", "--logits is empty"),
        ("0.1 0.9;; 1 2", "--logits has an empty row"),
    ],
)
def test_a_value_that_is_none_is_refused(text, said):
    with pytest.raises(WceError) as caught:
        read_inline("--logits", text)
    assert caught.value.args[0] == said


@pytest.mark.parametrize(
    "text",
    [
        "[[0.1, 0.9",
        "[1, 2]]",
        "0,1 0,9",
        "[" * 100_000,
        '{"a": 1, "a": 2}',
        "{'a': 1",
        "[1, 2}",
        "(" * 100_000,
        "...",
        "0.1 … 0.9",
        "tensor([0.1, ..., 0.9])",
        "[1 2, 3]",
        "[,]",
        "eval(1)",
        "array()",
        "array([1], [2])",
        "'cat",
    ],
)
def test_a_value_cut_off_or_of_two_meanings_is_refused(text):
    with pytest.raises(WceError):
        read_inline("--logits", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tensor([0, 1])", Typed([0, 1], "a tensor repr")),
        ("np.array([1, 2])", Typed([1, 2])),
        ("array([1, 2])", Typed([1, 2], "an array repr")),
        ("[[0.1 0.9]\n [0.  0.1]]", Typed([[0.1, 0.9], [0.0, 0.1]], "an array print")),
        ("{cat:0.1,dog:1}", Typed({"cat": 0.1, "dog": 1}, "a mapping without JSON's quotes")),
        ("{'big cat': .5, 0: 1,}", Typed({"big cat": 0.5, "0": 1}, "a mapping without JSON's quotes")),
        ("{a:b:0.1, c: np.float64(2)}", Typed({"a:b": 0.1, "c": 2.0}, "a mapping without JSON's quotes")),
        ("[−0.1, 0.9,]", Typed([-0.1, 0.9])),
        ("–1, –.5", Typed([-1, -0.5])),
        ("“0.1 0.9; 0 0.1”", Typed([[0.1, 0.9], [0, 0.1]])),
        ("[‘cat’, “dog”]", Typed(["cat", "dog"])),
        ("\ufeff0.1\u00a00.9", Typed([0.1, 0.9])),
        ("0.1\t0.9\r\n0\t0.1\r\n", Typed([[0.1, 0.9], [0, 0.1]])),
        ("[0.1, 0.9],\n[0, 0.1]", Typed([[0.1, 0.9], [0, 0.1]])),
        ("[0.1,0.9],[0,0.1]", Typed([[0.1, 0.9], [0, 0.1]])),
        ("(0.1, 0.9)", Typed([0.1, 0.9])),
        ("it's,big cat", Typed(["it's", "big cat"])),
        ("[]", Typed([])),
    ],
)
def test_a_pasted_value_is_read_as_it_was_printed(text, expected):
    assert read_inline("--logits", text) == expected


ROWS = [[0.1, 0.9], [0.0, 0.1]]


@pytest.mark.parametrize(
    ("text", "dtype", "rounded"),
    [
        (
            "tensor([[0.1000, 0.9000],\n        [0.0000, 0.1000]], device='cuda:0', grad_fn=<AddmmBackward0>)",
            "float32",
            "4 decimals",
        ),
        ("tensor([[0.1000, 0.9000], [0.0000, 0.1000]], dtype=torch.float64)", "float64", "4 decimals"),
        (
            "Parameter containing:\ntensor([[0.1000, 0.9000],\n [0.0000, 0.1000]], requires_grad=True)",
            "float32",
            "4 decimals",
        ),
        ("array([[0.1, 0.9],\n       [0. , 0.1]], dtype=float32)", "float32", ""),
        ("Array([[0.1, 0.9],\n       [0. , 0.1]], dtype=float32)", "float32", ""),
        (
            "<tf.Tensor: shape=(2, 2), dtype=float32, numpy=\narray([[0.1, 0.9],\n [0. , 0.1]], dtype=float32)>",
            "float32",
            "",
        ),
        ("tf.Tensor(\n[[0.1 0.9]\n [0.  0.1]], shape=(2, 2), dtype=float32)", "float32", ""),
        (
            "Tensor(shape=[2, 2], dtype=float32, place=Place(cpu), stop_gradient=True,\n"
            "       [[0.10000000, 0.89999998],\n        [0.        , 0.10000000]])",
            "float32",
            "8 decimals",
        ),
        (
            "Tensor(shape=[2, 2], dtype=Float32, value=\n[[1.00000001e-01, 8.99999976e-01],\n [0.0, 1e-1]])",
            "float32",
            "9 significant digits",
        ),
    ],
)
def test_the_print_of_a_framework_is_an_array_of_its_dtype(text, dtype, rounded):
    typed = read_inline("--logits", text)
    assert typed.value.dtype == dtype
    np.testing.assert_array_equal(typed.value, np.array(ROWS, dtype=dtype))
    assert typed.rounded == rounded
    assert (typed.half_units is None) == (rounded == "")
    assert set(typed.ignored) <= {"device", "grad_fn", "requires_grad", "place", "stop_gradient"}
    assert all(f"{word}=" in text for word in typed.ignored)


def test_every_spelling_of_what_is_not_finite_is_read():
    spellings = "[inf, Inf, +inf, Infinity, np.inf, float('inf'), math.inf, torch.inf, ∞, 1.#INF, INF]"
    assert read_inline("--logits", spellings).value == [math.inf] * 11
    negative = "-inf -Infinity -np.inf float('-inf') −∞ -1.#INF –inf"
    assert read_inline("--logits", negative).value == [-math.inf] * 7
    spelled = read_inline("--logits", "[nan, NaN, NAN, np.nan, float('nan'), math.nan, -nan, 1.#QNAN, -1.#IND]").value
    assert len(spelled) == 9
    assert all(math.isnan(number) for number in spelled)


def test_truths_of_an_array_are_truths_and_a_list_of_scalars_is_a_list():
    assert read_inline("--labels", "tensor([ True, False])").value.tolist() == [True, False]
    scalars = read_inline("--logits", "[np.float32(0.1), np.float64(0.9)]").value
    assert scalars == [np.float32(0.1), 0.9]


def test_a_column_is_a_vector_where_a_vector_is_meant():
    assert as_vector(read_inline("--labels", "0; 1; 1").value) == [0, 1, 1]
    assert as_vector(read_inline("--labels", "0\n1\n1\n").value) == [0, 1, 1]
    assert as_vector([[0, 1], [1, 0]]) == [[0, 1], [1, 0]]
    assert as_vector([[1.0], [0.0]]) == [1.0, 0.0]
    assert as_vector([[1.0], [0.0]], even_fractions=False) == [[1.0], [0.0]]
    assert as_vector("balanced", even_fractions=False) == "balanced"
    assert as_vector(0, even_fractions=False) == 0


ARRAYS = st.integers(1, 4).flatmap(
    lambda n: st.lists(
        st.lists(
            st.floats(-1e6, 1e6) | st.sampled_from([math.inf, -math.inf, 0.0, 1e-30, 12345.5]), min_size=n, max_size=n
        ),
        min_size=1,
        max_size=4,
    )
)


@given(ARRAYS)
def test_the_repr_of_a_list_gives_its_values_back(value):
    assert read_inline("--logits", repr(value)).value == value
    assert read_inline("--logits", repr(tuple(map(tuple, value)))).value == value


@given(ARRAYS, st.sampled_from(["float64", "float32", "float16"]), st.booleans())
def test_the_repr_of_an_array_gives_its_values_back(value, dtype, as_str):
    with np.errstate(over="ignore"):
        array = np.array(value, dtype=dtype)
    typed = read_inline("--logits", str(array) if as_str else repr(array))
    back = np.asarray(typed.value, dtype=np.float64)
    finite = np.isfinite(array)
    np.testing.assert_array_equal(back[~finite], array[~finite])
    if not as_str:
        assert np.asarray(typed.value).dtype == dtype
    errors = np.abs(back[finite] - array.astype(np.float64)[finite])
    largest = np.abs(array[finite].astype(np.float64)).max(initial=0)
    # Within the half-units that are said, and one unit in the last place of a narrow dtype that is read back.
    half_units = np.zeros(array.size) if typed.half_units is None else typed.half_units
    allowed = half_units.reshape(array.shape)[finite] * (1 + 1e-9) + float(np.spacing(np.asarray(largest, dtype)))
    if typed.half_units is None:  # eight decimals that end in five zeros look like three
        allowed += 5e-9 * max(1.0, largest)
    assert (errors <= allowed).all()


@settings(deadline=None)  # the first call imports torch
@given(ARRAYS, st.sampled_from(["float64", "float32"]), st.booleans())
def test_the_repr_of_a_tensor_gives_its_values_back_within_its_rounding(value, dtype, in_full):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(value, dtype=getattr(torch, dtype))
    torch.set_printoptions(precision=17 if in_full else 4)
    try:
        text = repr(tensor)
    finally:
        torch.set_printoptions(profile="default")
    typed = read_inline("--logits", text)
    assert typed.value.dtype == dtype
    array, back = tensor.numpy(), typed.value
    finite = np.isfinite(array)
    np.testing.assert_array_equal(back[~finite], array[~finite])
    errors = np.abs(back.astype(np.float64)[finite] - array.astype(np.float64)[finite])
    half_units = np.zeros(array.size) if typed.half_units is None else typed.half_units
    assert (errors <= half_units.reshape(array.shape)[finite] * (1 + 1e-9)).all()
    if in_full and dtype == "float32":
        np.testing.assert_allclose(back[finite], array[finite], rtol=1e-7, atol=1e-17)


@pytest.mark.parametrize("text", ["torch.tensor([[0.1, 0.9]])", "np.array([[0.1, 0.9]], dtype=np.float32)"])
def test_numbers_that_were_written_in_code_are_exact(text):
    typed = read_inline("--logits", text)
    assert (typed.form, typed.rounded, typed.half_units) == ("", "", None)
    np.testing.assert_array_equal(typed.value, np.array([[0.1, 0.9]], dtype=np.float32))


@pytest.mark.parametrize(
    ("text", "half_units", "rounded"),
    [
        ("tensor([[9.9990e-01, 1.0000e-04]])", [5e-6, 5e-9], "5 significant digits"),
        ("tensor([[-1.2345e-01, 9.9990e+03]])", [5e-6, 0.05], "5 significant digits"),
        ("[tensor([0.1000, nan]), tensor([0.3000, -inf])]", [5e-5, 0, 5e-5, 0], "4 decimals"),
        ("[[-1.6020395 31.501226 ]\n [0.5 -inf]]", [5e-8, 5e-7, 5e-8, 0], "8 significant digits"),
        ("[[-1.6021 31.5012]\n [ 0.5     2.    ]]", [5e-5] * 4, "4 decimals"),
        ("array([[-1.6021, 31.5012]])", [5e-5] * 2, "4 decimals"),
        ("tensor([[0.1001, 0.8984]], dtype=torch.bfloat16)", [5e-5] * 2, "4 decimals"),
    ],
)
def test_every_printed_number_has_a_half_unit_of_its_own(text, half_units, rounded):
    typed = read_inline("--logits", text)
    assert typed.rounded == rounded
    np.testing.assert_allclose(typed.half_units, half_units, rtol=1e-2)


@pytest.mark.parametrize(
    "text",
    [
        "[1 0 1]",
        "[1. 0. 0.]",
        "[[0.1 0.9]\n [0.5 0.5]]",
        "[[0.25 0.75]]",
        "[0.125 0.25 1.  ]",
        "tensor([0.1, 0.25])",
        "tensor([1., 0.])",
        "[np.float32(0.1234), np.float64(0.5)]",
        "[0.1234, 0.8766]",
        "0.1234 0.8766",
    ],
)
def test_what_was_not_rounded_or_is_a_short_print_has_no_half_units(text):
    typed = read_inline("--logits", text)
    assert (typed.rounded, typed.half_units) == ("", None)


def test_a_mapping_has_the_half_units_of_the_prints_in_it():
    typed = read_inline("--weight", "{cat: tensor(0.1000), dog: 1, 'eel': tensor(2.)}")
    assert typed.form == "a mapping of prints"
    assert typed.rounded == "4 decimals"
    assert typed.half_units == pytest.approx({"cat": 5e-5}, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "dtype", "form"),
    [
        ("torch.LongTensor([[0, 1]])", None, ""),
        ("torch.FloatTensor([[0, 1]])", "float32", ""),
        ("torch.DoubleTensor([[0., 1.]])", "float64", ""),
        ("torch.as_tensor([[0., 1.]])", "float32", ""),
        ("torch.tensor([[0., 1.]], dtype=torch.double)", "float64", ""),
        ("np.array([[0., 1.]], dtype=float)", "float64", ""),
        ("np.array([[0., 1.]], np.float32)", "float32", ""),
        ("np.array([[0., 1.]], dtype=np.dtype('float32'))", "float32", ""),
        ("np.asarray([[0., 1.]])", None, ""),
        ("jnp.array([[0., 1.]])", None, ""),
        ("jax.numpy.array([[0., 1.]])", None, ""),
        ("tf.constant([[0., 1.]])", "float32", ""),
        ("tf.convert_to_tensor([[0., 1.]], tf.float64)", "float64", ""),
        ("paddle.to_tensor([[0., 1.]])", "float32", ""),
        ("c(0, 1)", None, ""),
        ("c(0L, 1L)", None, ""),
        ("dict_values([0, 1])", None, ""),
        ("matrix([[0., 1.]])", None, "an array repr"),
        ("tf.Tensor([[0. 1.]], shape=(1, 2), dtype=float32)", "float32", "a tensor repr"),
        ("logits = tensor([[0., 1.]], device=device('cuda'))", "float32", "a tensor repr"),
        (">>> logits\ntensor([[0., 1.]])\n>>> ", "float32", "a tensor repr"),
        ("[0 1; 0 1]", None, ""),
        ("0，1；0，1", None, ""),
    ],
)
def test_code_and_prints_of_every_framework_are_read(text, dtype, form):
    typed = read_inline("--logits", text, "logits")
    assert np.asarray(typed.value).reshape(-1, 2)[0].tolist() == [0, 1]
    assert getattr(typed.value, "dtype", None) == dtype
    assert typed.form == form


def test_a_look_alike_in_a_name_of_json_belongs_to_the_name():
    assert read_inline("--weight", '{"it’s": 1, "犬（小）": 2}', "weight").value == {"it’s": 1, "犬（小）": 2}


def test_a_large_paste_is_read_whole():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(5_000, 10))
    for text in (str(rows.tolist()), "\n".join(" ".join(map(repr, row)) for row in rows.tolist())):
        np.testing.assert_array_equal(read_inline("--logits", text, "logits").value, rows)
