"""What is accepted comes out right: kinds of values, layouts, blocks. (What is refused is tested with the errors.)"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from wce_cli.batches.batch import Batch
from wce_cli.errors import WceError
from wce_cli.loss.layout import class_axis_last, n_classes_of, sample_shape_of
from wce_cli.loss.spec import IGNORE_INDEX, Block

LOGITS = [[0.1, 0.9, -2.0], [0.0, 0.1, 3.5]]


def only_block(batch: Batch) -> Block:
    blocks = list(batch.blocks())
    assert len(blocks) == 1
    return blocks[0]


def assert_rows(batch: Batch, scores: Any, labels: Any, sample_weight: Any = None) -> None:
    """The rows of a batch, as float64 with the class axis last."""
    block = only_block(batch)
    assert block.start == 0
    assert block.scores.dtype == np.float64
    np.testing.assert_array_equal(block.scores, scores)
    np.testing.assert_array_equal(block.labels, labels)
    assert block.labels.dtype == (np.float64 if batch.spec.is_soft else np.int64)
    np.testing.assert_array_equal(block.sample_weight, np.ones(len(scores)) if sample_weight is None else sample_weight)


def test_lists_have_no_dtype_and_the_defaults_are_torchs():
    batch = Batch.build(logits=LOGITS, labels=[2, 0])
    assert_rows(batch, LOGITS, [2, 0])
    spec = batch.spec
    assert (spec.scores, spec.is_soft, spec.n_classes) == ("logits", False, 3)
    assert (spec.weight, spec.weight_rule, spec.class_names) == (None, None, None)
    assert spec.class_weight.tolist() == [1, 1, 1]
    assert spec.ignore_index == IGNORE_INDEX == -100
    assert spec.label_smoothing == 0
    assert not spec.has_sample_weight
    assert not spec.integer_one_hot
    assert dict(spec.dtypes) == {}
    assert (spec.name, spec.source, spec.notes) == (None, None, ())


def test_what_was_asked_is_kept():
    batch = Batch.build(
        probs=[[0.25, 0.75]],
        labels=[1],
        weight=[2, 3],
        sample_weight=[0.5],
        classes=["cat", "dog"],
        ignore_index=255,
        label_smoothing=0.1,
        name="two",
        source="a letter",
        sources={"probs": "batch.json $.probs"},
    )
    spec = batch.spec
    assert (spec.scores, spec.class_names, spec.ignore_index, spec.label_smoothing) == (
        "probs",
        ("cat", "dog"),
        255,
        0.1,
    )
    assert (spec.name, spec.source, dict(spec.sources)) == ("two", "a letter", {"probs": "batch.json $.probs"})
    assert spec.has_sample_weight
    assert spec.class_weight.tolist() == [2, 3]
    assert spec.class_weight.dtype == np.float64
    assert_rows(batch, [[0.25, 0.75]], [1], [0.5])


def test_a_batch_is_frozen():
    batch = Batch.build(logits=LOGITS, labels=[2, 0])
    with pytest.raises(AttributeError, match="immutable"):
        batch.spec.n_classes = 4
    assert replace(batch.spec, n_classes=4).n_classes == 4


def test_log_probabilities_are_taken_as_given():
    batch = Batch.build(log_probs=[[-1.5, -math.inf]], labels=[0])
    assert batch.spec.scores == "log_probs"
    assert_rows(batch, [[-1.5, -math.inf]], [0])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool", ">f4"])
def test_numpy_scores_of_any_kind_of_number_become_float64(dtype):
    array = np.array([[0, 1.5, 1], [1, 0, 0.1]]).astype(dtype)
    batch = Batch.build(logits=array, labels=[0, 1])
    assert_rows(batch, array.astype(np.float64), [0, 1])
    assert batch.spec.dtypes == {"logits": str(array.dtype)}


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "uint64", "float32", "bool"])
def test_numpy_labels_of_any_kind_of_number_become_indices(dtype):
    batch = Batch.build(logits=[[0.1, 0.9]] * 3, labels=np.array([0, 1, 1]).astype(dtype))
    assert_rows(batch, [[0.1, 0.9]] * 3, [0, 1, 1])
    assert batch.spec.dtypes == {"labels": dtype}


def test_arrays_in_any_memory_order_are_the_same_batch():
    array = np.arange(12.0).reshape(4, 3)
    for same in (array, np.asfortranarray(array), array[::-1][::-1], np.repeat(array, 2, axis=1)[:, ::2]):
        assert_rows(Batch.build(logits=same, labels=np.array([0, 9, 1, 9, 2, 9, 1, 9])[::2]), array, [0, 1, 2, 1])


def test_what_came_in_is_never_changed():
    logits, labels = np.array([[1.0, -np.inf], [0.5, 2.0]]), np.array([0, -100])
    weight, s = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    before = [array.copy() for array in (logits, labels, weight, s)]
    batch = Batch.build(logits=logits, labels=labels, weight=weight, sample_weight=s)
    list(batch.blocks())
    for array, same in zip((logits, labels, weight, s), before, strict=True):
        np.testing.assert_array_equal(array, same)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_torch_tensors_of_any_float_become_float64(dtype, requires_grad):
    torch = pytest.importorskip("torch")
    logits = torch.tensor([[0.1, 0.9], [0.0, 0.1]], dtype=getattr(torch, dtype), requires_grad=requires_grad)
    weight = torch.tensor([0.1, 1.0], dtype=getattr(torch, dtype), requires_grad=requires_grad)
    batch = Batch.build(logits=logits, labels=torch.tensor([0, 1]), weight=weight)
    assert_rows(batch, logits.tolist(), [0, 1])
    assert batch.spec.class_weight.tolist() == weight.tolist()
    assert batch.spec.dtypes == {"logits": dtype, "labels": "int64", "weight": dtype}
    assert logits.requires_grad == requires_grad


@pytest.mark.parametrize("dtype", ["int64", "int32", "int8", "uint8", "bool"])
def test_torch_labels_of_any_integer_become_indices(dtype):
    torch = pytest.importorskip("torch")
    labels = torch.tensor([1, 0], dtype=getattr(torch, dtype))
    assert_rows(Batch.build(logits=[[0.1, 0.9]] * 2, labels=labels), [[0.1, 0.9]] * 2, [1, 0])


def test_numpy_scalars_in_lists_are_numbers():
    logits = [[np.float32(0.5), np.float64(1.0)], [np.int64(2), 3]]
    assert_rows(Batch.build(logits=logits, labels=[np.int64(1), 0]), [[0.5, 1.0], [2, 3]], [1, 0])


def test_tuples_are_lists():
    assert_rows(Batch.build(logits=((0.5, 1.0), (2.0, 3.0)), labels=(1, 0)), [[0.5, 1.0], [2, 3]], [1, 0])


def test_the_words_for_nan_and_infinity_are_numbers():
    batch = Batch.build(
        logits=[["NaN", 1, "-Infinity"], ["Infinity", 0.5, 0]], labels=[1, 1], weight=["Infinity", 1, 2]
    )
    assert_rows(batch, [[math.nan, 1, -math.inf], [math.inf, 0.5, 0]], [1, 1])
    assert batch.spec.class_weight.tolist() == [math.inf, 1, 2]


def test_nan_and_infinity_themselves_are_accepted():
    logits = [[math.nan, math.inf, -math.inf]]
    assert_rows(Batch.build(logits=logits, labels=[0]), logits, [0])


def test_integers_beyond_int64_are_read_as_floats():
    assert_rows(Batch.build(logits=[[10**20, 1]], labels=[0]), [[1e20, 1.0]], [0])


def test_float_labels_that_are_whole_are_indices():
    batch = Batch.build(logits=LOGITS, labels=[2.0, -100.0])
    assert_rows(batch, LOGITS, [2, -100])
    assert not batch.spec.is_soft


@pytest.mark.parametrize("label", [1, [1], 1.0, [1.0], np.int64(1), np.array(1), np.array([1])])
def test_a_single_sample_has_one_label_written_either_way(label):
    batch = Batch.build(logits=[0.1, 0.9, 2.0], labels=label, sample_weight=2)
    assert_rows(batch, [[0.1, 0.9, 2.0]], [1], [2])
    assert (batch.sample_shape, batch.n_samples, batch.index(0)) == ((), 1, ())


def test_one_row_takes_a_bare_label_and_a_bare_sample_weight():
    batch = Batch.build(logits=[[0.1, 0.9]], labels=1, sample_weight=3.0)
    assert_rows(batch, [[0.1, 0.9]], [1], [3])
    assert (batch.sample_shape, batch.index(0)) == ((1,), (0,))


def test_a_single_sample_may_have_a_probability_row():
    batch = Batch.build(logits=[0.1, 0.9], labels=[0.25, 0.75])
    assert batch.spec.is_soft
    assert_rows(batch, [[0.1, 0.9]], [[0.25, 0.75]])


def test_labels_in_the_shape_of_the_scores_are_probability_rows():
    rows = [[0.2, 0.8, 0], [-1.0, 3.0, 0.5]]  # neither normalised nor positive: torch takes them too
    batch = Batch.build(logits=LOGITS, labels=rows)
    assert batch.spec.is_soft
    assert not batch.spec.integer_one_hot
    assert_rows(batch, LOGITS, rows)


@pytest.mark.parametrize("dtype", [None, "int64", "uint8", "bool"])
def test_integer_rows_that_are_one_hot_are_probability_rows_and_noted(dtype):
    rows: Any = [[0, 0, 1], [1, 0, 0]]
    batch = Batch.build(logits=LOGITS, labels=rows if dtype is None else np.array(rows).astype(dtype))
    assert batch.spec.is_soft
    assert batch.spec.integer_one_hot
    assert_rows(batch, LOGITS, rows)


def test_float_one_hot_rows_are_not_noted_as_integers():
    assert not Batch.build(logits=LOGITS, labels=np.eye(3)[[2, 0]]).spec.integer_one_hot


def test_labels_may_be_class_names():
    for labels in (["dog", "cat"], np.array(["dog", "cat"]), np.array(["dog", "cat"], dtype=object), ("dog", "cat")):
        batch = Batch.build(logits=LOGITS, labels=labels, classes=["cat", "cow", "dog"])
        assert_rows(batch, LOGITS, [2, 0])
        assert batch.spec.class_names == ("cat", "cow", "dog")


def test_a_single_sample_may_have_a_name_for_a_label():
    assert_rows(Batch.build(logits=[0.1, 0.9], labels="dog", classes=["cat", "dog"]), [[0.1, 0.9]], [1])


def test_a_label_may_be_ignored_in_or_out_of_range():
    for ignored in (-100, -1, 1, 255):
        batch = Batch.build(logits=LOGITS, labels=[ignored, 2], ignore_index=ignored)
        assert_rows(batch, LOGITS, [ignored, 2])


def test_a_weight_may_name_the_classes():
    for classes in (["cat", "cow", "dog"], None):
        batch = Batch.build(
            logits=LOGITS, labels=["dog", "cat"], weight={"cat": 1, "cow": 2.5, "dog": 3}, classes=classes
        )
        assert batch.spec.class_weight.tolist() == [1, 2.5, 3]
        assert batch.spec.class_names == ("cat", "cow", "dog")
        assert_rows(batch, LOGITS, [2, 0])
    assert batch.spec.notes == ("class order from the weight's names: cat, cow, dog",)


def test_a_weight_by_name_follows_the_order_of_the_classes():
    batch = Batch.build(
        logits=LOGITS, labels=[0, 1], weight={"dog": 3, "cat": 1, "cow": 2}, classes=["cat", "cow", "dog"]
    )
    assert batch.spec.class_weight.tolist() == [1, 2, 3]
    assert batch.spec.notes == ()


@pytest.mark.parametrize("weight", [{"2": 3, "0": 1, "1": 2}, {2: 3, 0: 1, 1: 2}])
def test_a_weight_may_be_keyed_by_class_index(weight):
    batch = Batch.build(logits=LOGITS, labels=[0, 1], weight=weight)
    assert batch.spec.class_weight.tolist() == [1, 2, 3]
    assert batch.spec.class_names is None


@pytest.mark.parametrize("weight", [[1, 2, 3], (1, 2, 3), np.array([1, 2, 3], dtype=np.float32), np.array([1, 2, 3])])
def test_a_weight_may_be_any_vector(weight):
    spec = Batch.build(logits=LOGITS, labels=[0, 1], weight=weight).spec
    assert spec.class_weight.tolist() == [1, 2, 3]
    assert spec.weight is not None
    assert spec.weight.dtype == np.float64
    assert spec.weight_rule is None


def test_a_weight_may_be_negative_zero_or_infinite():
    weight = [-1.0, 0.0, math.inf]
    assert Batch.build(logits=LOGITS, labels=[0, 1], weight=weight).spec.class_weight.tolist() == weight


def balanced(labels: list[int], c: int) -> list[float]:
    """N / (C · count) of every class."""
    count = Counter(labels)
    return [len(labels) / (c * count[k]) for k in range(c)]


def test_balanced_is_n_over_c_times_count():
    labels = [0, 1, 1, 2, 2, 2, 2]
    spec = Batch.build(logits=np.zeros((7, 3)), labels=labels, weight="balanced").spec
    assert spec.weight_rule == "balanced"
    np.testing.assert_allclose(spec.class_weight, balanced(labels, 3), rtol=1e-16)
    assert math.fsum(spec.class_weight[labels].tolist()) == pytest.approx(7, rel=1e-15)


def test_balanced_counts_kept_samples_only():
    labels = [0, 1, 1, -100, 0, -100, 1]
    spec = Batch.build(logits=np.zeros((7, 2)), labels=labels, weight="balanced").spec
    np.testing.assert_allclose(spec.class_weight, balanced([0, 1, 1, 0, 1], 2), rtol=1e-16)


def test_balanced_counts_positions_of_an_image_and_one_hot_rows():
    labels = np.array([[0, 1, 1], [1, 1, 2]])
    expected = balanced(labels.reshape(-1).tolist(), 3)
    image = Batch.build(logits=np.zeros((2, 3, 3)), labels=labels, weight="balanced").spec
    np.testing.assert_allclose(image.class_weight, expected, rtol=1e-16)
    one_hot = np.moveaxis(np.eye(3)[labels], -1, 1)
    hot = Batch.build(logits=np.zeros((2, 3, 3)), labels=one_hot, weight="balanced").spec
    np.testing.assert_allclose(hot.class_weight, expected, rtol=1e-16)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (2, 3, 2, 4), (2, 3, 2, 1, 2)])
def test_the_class_axis_is_axis_one_and_rows_go_in_c_order(shape):
    scores = np.arange(float(np.prod(shape))).reshape(shape)
    sample_shape = (shape[0], *shape[2:])
    labels = np.arange(np.prod(sample_shape)).reshape(sample_shape) % 3
    s = np.arange(np.prod(sample_shape)).reshape(sample_shape) + 0.5
    batch = Batch.build(logits=scores, labels=labels, sample_weight=s)
    assert (batch.sample_shape, batch.n_samples) == (sample_shape, int(np.prod(sample_shape)))
    block = only_block(batch)
    assert block.scores.flags.c_contiguous
    for row, index in enumerate(np.ndindex(sample_shape)):
        assert batch.index(row) == index
        assert all(type(i) is int for i in batch.index(row))
        assert block.scores[row].tolist() == [scores[(index[0], k, *index[1:])] for k in range(3)]
        assert block.labels[row] == labels[index]
        assert block.sample_weight[row] == s[index]


def test_probability_rows_have_their_class_axis_where_the_scores_have_it():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(2, 3, 4)), rng.random((2, 3, 4))
    block = only_block(Batch.build(logits=scores, labels=labels))
    for row, (n, i) in enumerate(np.ndindex(2, 4)):
        assert block.scores[row].tolist() == scores[n, :, i].tolist()
        assert block.labels[row].tolist() == labels[n, :, i].tolist()


def test_a_block_is_the_rows_asked_for_with_their_place():
    batch = Batch.build(logits=np.arange(20.0).reshape(10, 2), labels=[0, 1] * 5, sample_weight=np.arange(10))
    block = batch.block(3, 6)
    assert block.start == 3
    assert block.scores.tolist() == [[6, 7], [8, 9], [10, 11]]
    assert block.labels.tolist() == [1, 0, 1]
    assert block.sample_weight.tolist() == [3, 4, 5]
    assert len(batch.block(8, 99).scores) == 2


def test_an_empty_batch_has_no_blocks():
    batch = Batch.build(logits=np.zeros((0, 3)), labels=[])
    assert (batch.n_samples, list(batch.blocks())) == (0, [])


def test_layouts_by_shape():
    for shape, c, samples in (((4,), 4, ()), ((2, 4), 4, (2,)), ((2, 4, 5), 4, (2, 5)), ((2, 4, 5, 6), 4, (2, 5, 6))):
        assert n_classes_of(shape) == c
        assert sample_shape_of(shape) == samples
        assert class_axis_last(np.zeros(shape)).shape == (*samples, c)


def test_labels_may_count_from_1():
    batch = Batch.build(logits=[[0.1, 0.9, 0]] * 4, labels=[1, 3, 2, 0], label_base=1, ignore_index=0)
    assert only_block(batch).labels.tolist() == [0, 2, 1, IGNORE_INDEX]  # what is ignored does not become class 0
    assert (batch.spec.ignore_index, batch.spec.label_base) == (IGNORE_INDEX, 1)


def test_names_do_not_count_from_anywhere():
    batch = Batch.build(logits=[[0.1, 0.9]] * 2, labels=["cat", "dog"], classes=["cat", "dog"], label_base=1)
    assert only_block(batch).labels.tolist() == [0, 1]


def test_a_list_of_tensors_or_arrays_is_a_table():
    torch = pytest.importorskip("torch")
    for row in (torch.tensor, np.array, list):
        assert_rows(Batch.build(logits=[row([0.5, 1.5]), row([1.0, 2.0])], labels=[0, 1]), [[0.5, 1.5], [1, 2]], [0, 1])


def refused(**given):
    with pytest.raises(WceError) as caught:
        Batch.build(**{"logits": [[1, 2], [3, 4]], "labels": [0, 1], **given})
    return [problem.message for problem in caught.value.problems]


def test_an_unsigned_integer_does_not_wrap_around_into_the_ignored_label():
    labels = np.array([0, 2**64 - 100], dtype=np.uint64)
    assert refused(labels=labels) == ["labels[1] is 1.8446744073709552e+19, but logits has 2 classes (0..1)"]


def test_what_holds_no_plain_numbers_is_refused_and_not_raised_as_it_comes():
    torch = pytest.importorskip("torch")
    assert refused(logits=torch.eye(2).to_sparse())[0].startswith("logits is a tensor that cannot be read: ")
    assert refused(logits=torch.zeros(2, 2, device="meta"))[0].startswith("logits is a tensor that cannot be read: ")
    masked = np.ma.masked_array([[1.0, 2], [3, 4]], mask=[[0, 1], [0, 0]])
    assert refused(logits=masked) == ["logits is a masked array"]


@pytest.mark.parametrize(("labels", "noted"), [([1, 0], True), (["1", "0"], False)])
def test_numbers_are_indices_even_where_classes_are_called_by_numbers(labels, noted):
    batch = Batch.build(logits=[[0.1, 0.9]] * 2, labels=labels, classes=["1", "0"])
    note = "labels that are numbers are class indices, not the names 1, 0"
    assert only_block(batch).labels.tolist() == ([1, 0] if noted else [0, 1])
    assert batch.spec.notes == ((note,) if noted else ())


@pytest.mark.parametrize("kind", [int, str, np.int64, np.int32, np.uint8, np.str_])
def test_a_weight_keyed_by_index_is_of_that_class_whatever_the_key_is_made_of(kind):
    batch = Batch.build(logits=[[0.1, 0.9]] * 2, labels=[0, 1], weight={kind(1): 1.0, kind(0): 0.1})
    assert batch.spec.class_weight.tolist() == [0.1, 1.0]
    assert batch.spec.class_names is None


@pytest.mark.parametrize("kind", [float, bool, np.float64, np.bool_])
def test_a_weight_keyed_by_neither_names_nor_indices_is_refused(kind):
    (said,) = refused(weight={kind(1): 1.0, kind(0): 0.1})
    assert said.endswith("expected a class name or a class index (and 1 more)")


def test_class_indices_of_a_weight_mapping_count_as_the_labels_do():
    given = {"logits": [[1.0, 2], [3, 4]], "labels": [1, 2], "label_base": 1}
    batch = Batch.build(**given, weight={"1": 0.5, "2": 3.0})
    assert batch.spec.weight is not None
    assert batch.spec.weight.tolist() == [0.5, 3.0]
    assert batch.spec.notes == ("labels counted from 1 are shown from 0",)
    with pytest.raises(WceError, match='weight names "0", which is no class'):
        Batch.build(**given, weight={0: 0.5, 1: 3.0})


def test_the_ignored_label_of_another_base_is_said_to_be_shown_otherwise():
    batch = Batch.build(logits=[[1.0, 2], [3, 4]], labels=[0, 2], label_base=1, ignore_index=0)
    assert batch.spec.notes == ("labels counted from 1 are shown from 0, and the ignored 0 as -100",)


def test_one_column_of_scores_with_labels_0_and_1_is_told_what_it_is():
    with pytest.raises(WceError) as error:
        Batch.build(logits=[[0.3], [0.9]], labels=[1, 0])
    assert "binary cross-entropy" in error.value.problems[0].hint
