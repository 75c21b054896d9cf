"""Rows by range: any dtype, byte order, layout and strides, in memory or stored, give the answer of plain float64."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.loss.random_batches import random_batch
from wce_cli.batches.batch import Batch
from wce_cli.batches.file_rows import StoredRows, Window
from wce_cli.errors import WceError
from wce_cli.loss.methods import loss_values
from wce_cli.loss.rows import ArrayRows, floats
from wce_cli.passes.one_pass import one_pass

ROUNDING = 4e-15


class File:
    """What a file knows of itself: its shape, its dtype, and how to read some of its numbers."""

    sequential = False

    def __init__(self, array: np.ndarray, dtype: str | None = None, order: str = "C") -> None:
        self.shape, self.dtype, self.fortran = array.shape, dtype or str(array.dtype), order == "F"
        self.flat = array.ravel(order=order).copy()
        self.reads: list[int] = []

    def read(self, start: int, stop: int) -> np.ndarray:
        assert 0 <= start <= stop <= len(self.flat)
        self.reads.append(stop - start)
        return self.flat[start:stop]


def bfloat16(array: np.ndarray) -> np.ndarray:
    """The bits of numbers cut off to bfloat16."""
    return (np.ascontiguousarray(array, dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)


def answers(batch: Batch) -> dict[str, tuple[float, float]]:
    found = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
    return {value.pair: (value.numerator, value.denominator) for value in found}


def assert_same(batch: Batch, plain: Batch) -> None:
    """The same to 4e-15 of Σ|t|: all terms of these batches are positive."""
    found, expected = answers(batch), answers(plain)
    assert found.keys() == expected.keys()
    for pair in expected:
        np.testing.assert_allclose(found[pair], expected[pair], rtol=ROUNDING, err_msg=pair)
    one, other = one_pass(batch)[1], one_pass(plain)[1]
    assert [row for _, row in one.top.terms(batch.spec.class_weight)] == [
        row for _, row in other.top.terms(plain.spec.class_weight)
    ]


def given(shape: tuple[int, ...], asked: str) -> dict[str, Any]:
    rng = np.random.default_rng(sum(shape))
    c, samples = shape[1], shape[:1] + shape[2:]
    labels: Any = rng.integers(c, size=samples)
    labels[rng.random(samples) < 0.1] = -100
    if asked == "probability":
        labels = rng.random(shape).astype(np.float32)
    return {
        "logits": (rng.normal(size=shape) * 3).astype(np.float32),
        "labels": labels,
        "weight": rng.uniform(0.1, 3, size=c),
        "sample_weight": rng.uniform(0.1, 3, size=samples).astype(np.float32),
        "label_smoothing": 0.1 if asked == "smoothing" else 0.0,
    }


ASKED = ["plain", "smoothing", "probability"]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", ">f2", ">f4", ">f8", "bfloat16", "int8", "uint8", "int64", "longdouble"]
)
@pytest.mark.parametrize("c", [4, 40])
def test_a_dtype_answers_as_its_numbers_in_float64(dtype, c, asked):
    batch = given((300, c), asked)
    if dtype == "bfloat16":
        scores = bfloat16(batch["logits"])
        same = batch | {"logits": floats(scores, dtype)}
        built: Any = File(scores, dtype)
    else:
        built = np.abs(batch["logits"]).astype(dtype)
        same = batch | {"logits": built.astype(np.float64)}
    assert_same(Batch.build(**(batch | {"logits": built})), Batch.build(**same))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", ">f2"])
@pytest.mark.parametrize("by_class", [False, True])
def test_a_table_of_powers_answers_with_the_bytes_of_the_powers(dtype, by_class, monkeypatch):
    batch = given((300, 40), "plain")
    scores = bfloat16(batch["logits"]) if dtype == "bfloat16" else batch["logits"].astype(dtype)
    scores[7, 3] = 0x7F80 if dtype == "bfloat16" else np.inf
    file = File(scores, "bfloat16" if dtype == "bfloat16" else None, "F" if by_class else "C")
    without = one_pass(Batch.build(**(batch | {"logits": file})))[0]
    monkeypatch.setattr("wce_cli.loss.fast.index_labels.WORTH_A_TABLE", 0)
    with_table = one_pass(Batch.build(**(batch | {"logits": file})))[0]
    assert with_table.s_loss.values().tobytes() == without.s_loss.values().tobytes()
    assert with_table.s_loss.low.tobytes() == without.s_loss.low.tobytes()


def layouts(array: np.ndarray) -> dict[str, np.ndarray]:
    """The same numbers in many kinds of memory."""
    channels_last = np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 1, -1)), -1, 1)
    wider = np.zeros(tuple(2 * k for k in array.shape), dtype=array.dtype)
    every_other = wider[tuple(slice(1, None, 2) for _ in array.shape)]
    every_other[...] = array
    cut = np.pad(array, 1)[tuple(slice(1, -1) for _ in array.shape)]
    reversed_ = np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]
    return {
        "F": np.asfortranarray(array),
        "channels last": channels_last,
        "every other": every_other,
        "cut out": cut,
        "reversed": reversed_,
        "offset by a byte": np.frombuffer(b"x" + array.tobytes(), dtype=np.uint8)[1:]
        .view(array.dtype)
        .reshape(array.shape)
        if array.dtype.itemsize == 1
        else np.frombuffer(b"x" + array.tobytes(), dtype=array.dtype, offset=1).reshape(array.shape),
    }


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    "shape", [(97, 5), (97, 33), (5, 4, 30), (3, 20, 4, 9), (40, 3, 2), (2, 3, 5, 4, 3), (7, 6, 1)]
)
def test_any_strides_answer_as_c_order(shape, asked):
    batch = given(shape, asked)
    plain = Batch.build(**batch)
    for name, scores in layouts(batch["logits"]).items():
        np.testing.assert_array_equal(scores, batch["logits"], err_msg=name)
        more: dict[str, Any] = {"logits": scores}
        if asked == "probability":
            more["labels"] = layouts(batch["labels"])[name]
        else:
            more["labels"] = np.asfortranarray(batch["labels"])
            more["sample_weight"] = np.asfortranarray(batch["sample_weight"])
        assert_same(Batch.build(**(batch | more)), plain)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("shape", [(97, 5), (97, 33), (5, 4, 30), (3, 20, 4, 9), (40, 3, 2), (7, 6, 1)])
def test_what_is_stored_answers_as_what_is_in_memory(shape, asked):
    batch = given(shape, asked)
    stored = {name: File(batch[name]) for name in ("logits", "labels", "sample_weight")}
    assert_same(Batch.build(**(batch | stored)), Batch.build(**batch))
    if len(shape) == 2:
        stored = {name: File(batch[name], order="F") for name in ("logits", "labels", "sample_weight")}
        assert_same(Batch.build(**(batch | stored)), Batch.build(**batch))


class Compressed(File):
    """What can only be read from its start on: it counts how often that was begun."""

    sequential = True

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(array)
        self.done, self.begun = 0, 0

    def read(self, start: int, stop: int) -> np.ndarray:
        if start < self.done or not self.begun:
            self.begun += 1
        self.done = stop
        return super().read(start, stop)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("shape", [(30_000, 5), (3000, 70), (40, 5, 30, 30), (3, 3, 200, 150)])
def test_what_is_compressed_is_read_once_in_order(shape, asked):
    batch = given(shape, asked)
    logits = batch["logits"]
    logits.reshape(-1)[::1003] = 400  # rows that are looked at again
    logits.reshape(-1)[::5003] = -np.inf
    stored = {name: Compressed(batch[name]) for name in ("logits", "labels", "sample_weight")}
    walked = Batch.build(**(batch | stored))
    totals, _ = one_pass(walked, workers=7)
    peeked = batch["labels"].ndim > 2 and batch["labels"].shape == logits.shape
    assert [file.begun for file in stored.values()] == [1, 2 if peeked else 1, 1]  # the first sums say the class axis
    plain, _ = one_pass(Batch.build(**batch))
    np.testing.assert_allclose(totals.s_loss.values(), plain.s_loss.values(), rtol=ROUNDING)


def test_a_window_keeps_what_it_is_asked_to_and_no_more():
    numbers = np.arange(10_000.0)
    file = Compressed(numbers)
    window = Window(file, 100)
    rng = np.random.default_rng(0)
    place = 0
    for _ in range(2000):
        start = max(0, place - int(rng.integers(0, 100)))
        stop = min(start + int(rng.integers(0, 150)), 10_000)
        assert window.read(start, stop).tolist() == numbers[start:stop].tolist()
        place = max(place, stop)
        assert sum(map(len, window.pieces)) <= 100 + 2 * 150
    assert file.begun == 1
    assert window.read(3, 9).tolist() == numbers[3:9].tolist()
    assert file.begun == 2


def test_what_a_window_keeps_is_found_in_no_time_in_however_many_pieces():
    """Compressed scores with the classes first: each class of each block of rows is read for itself."""
    window = Window(Compressed(np.arange(60_000.0)), 60_000)
    for place in range(0, 60_000, 2):
        window.read(place, place + 2)
    begun = time.perf_counter()
    assert all(window.read(place, place + 3)[0] == place for place in range(0, 59_000, 2))
    assert time.perf_counter() - begun < 5  # half a minute and more, if every piece is looked at


def test_large_images_are_read_a_piece_a_class():
    batch = given((2, 3, 150, 200), "plain")
    file = File(batch["logits"])
    assert_same(Batch.build(**(batch | {"logits": file})), Batch.build(**batch))
    assert max(file.reads) <= 1 << 16


@pytest.mark.parametrize("shape", [(6, 3, 4), (5, 2, 3, 2), (9, 4), (7, 1, 3), (1, 3, 5)])
def test_every_range_of_rows_is_the_rows(shape):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    flat = np.moveaxis(array, 1, -1).reshape(-1, shape[1])
    labels = np.arange(len(flat)).reshape(shape[:1] + shape[2:])
    kinds = [ArrayRows.of_scores(view) for view in layouts(array).values()] + [StoredRows(File(array), 1)]
    of_samples = [
        ArrayRows.of_samples(labels),
        ArrayRows.of_samples(np.asfortranarray(labels)),
        StoredRows(File(labels), 0),
    ]
    for start in range(len(flat) + 1):
        for stop in range(start, len(flat) + 1):
            for rows in kinds:
                assert rows.rows(start, stop).tolist() == flat[start:stop].tolist()
            for samples in of_samples:
                assert samples.rows(start, stop).tolist() == list(range(start, stop))


def test_rows_in_one_image_are_a_view():
    array = np.zeros((3, 4, 5, 6), dtype=np.float32)
    rows = ArrayRows.of_scores(array)
    assert np.shares_memory(rows.rows(31, 59), array)
    assert rows.rows(31, 59).strides == (4, 120)
    assert rows.by_class
    assert not ArrayRows.of_scores(np.zeros((3, 4))).by_class


def test_fortran_order_with_more_than_two_axes_is_taken_into_memory():
    scores = np.arange(24.0).reshape(2, 3, 4)
    labels = np.array([[0, 1, 2, 0], [2, 2, 1, 0]])
    given = {"logits": File(scores, order="F"), "labels": File(labels, order="F")}
    assert_same(Batch.build(**given), Batch.build(logits=scores, labels=labels))


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4", ">i8"]
)
@pytest.mark.parametrize("stored", [False, True])
def test_labels_of_any_integer_type_are_indices(dtype, stored):
    batch = given((300, 4), "plain")
    ignored = 3 if dtype.startswith("uint") else -100
    labels = np.where(batch["labels"] == -100, ignored, batch["labels"])
    batch |= {"ignore_index": ignored, "labels": labels}
    cast = labels.astype(dtype)
    assert_same(Batch.build(**(batch | {"labels": File(cast) if stored else cast})), Batch.build(**batch))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4", "bfloat16"])
def test_whole_floats_are_indices_too(dtype):
    batch = given((300, 4), "plain")
    numbers = batch["labels"].astype(np.float64)
    labels = File(bfloat16(numbers), dtype) if dtype == "bfloat16" else File(numbers.astype(dtype))
    assert_same(Batch.build(**(batch | {"labels": labels})), Batch.build(**batch))


@pytest.mark.parametrize("base", [1, -3, 200])
@pytest.mark.parametrize("ignored", [0, -100, 7])
def test_stored_labels_from_another_base_are_those_in_memory(base, ignored):
    batch = given((300, 4), "plain") | {"label_base": base, "ignore_index": ignored}
    batch["labels"] = np.where(batch["labels"] == -100, ignored, batch["labels"] + base)
    stored = Batch.build(**(batch | {"labels": File(batch["labels"])}))
    plain = Batch.build(**batch)
    assert_same(stored, plain)
    np.testing.assert_array_equal(stored.block(0, 300).labels, plain.block(0, 300).labels)


def message(**batch: Any) -> list[str]:
    """What is said of a batch, whether it is built or walked."""
    with pytest.raises(WceError) as raised:
        one_pass(Batch.build(**batch))
    return raised.value.lines()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"labels": [0, 5, 1, -7] * 5000}, "labels"),
        ({"labels": [1, 2, 3, 3] * 5000}, "labels"),
        ({"labels": [0, 2, 3, 3] * 5000}, "labels"),
        ({"labels": [0.0, 1.5, 2.25, 7.0] * 5000}, "labels"),
        ({"labels": [0, 255, 255, 1] * 5000, "ignore_index": 0}, "labels"),
        ({"labels": [3, 1, 2, 9] * 5000, "label_base": 1}, "labels"),
        ({"labels": np.array([2**63, 1, 0, 0] * 5000, dtype=np.uint64)}, "labels"),
        ({"labels": [[0, 1, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]] * 5000}, "labels"),
        ({"probs": [[0.5, 0.5, 0], [1.5, 0, 0], [0, 0, -1], [1, 0, 0]] * 5000, "labels": [0] * 20_000}, "probs"),
    ],
    ids=["outside", "from 1", "not from 1", "fractional", "ignored", "base", "beyond int64", "not one-hot", "probs"],
)
def test_what_is_wrong_in_a_file_is_said_as_of_an_array(wrong, field):
    batch = ({} if "probs" in wrong else {"logits": np.zeros((20_000, 3))}) | wrong
    array = np.asarray(batch[field])
    expected = message(**(batch | {field: array}))
    assert message(**(batch | {field: File(array)})) == expected
    if array.ndim == 1:
        image = {"logits": np.zeros((100, 3, 200)), "labels": array.reshape(100, 200)}
        expected = message(**(batch | image))
        assert "[0][" in expected[0]
        assert message(**(batch | image | {"labels": File(image["labels"])})) == expected


def test_balanced_weights_of_stored_labels_are_those_in_memory():
    batch = given((3000, 4), "plain") | {"weight": "balanced"}
    stored = Batch.build(**(batch | {"labels": File(batch["labels"])}))
    assert stored.spec.class_weight.tolist() == Batch.build(**batch).spec.class_weight.tolist()


@pytest.mark.parametrize("seed", range(60))
def test_a_random_batch_answers_alike_from_a_file(seed):
    batch = random_batch(3000 + seed)
    kind = next(name for name in ("logits", "probs", "log_probs") if name in batch)
    plain = Batch.build(**batch)
    stored = Batch.build(**(batch | {name: File(np.asarray(batch[name])) for name in (kind, "labels")}))
    for pair, (numerator, denominator) in answers(plain).items():
        found = answers(stored)[pair]
        np.testing.assert_allclose(found, (numerator, denominator), rtol=1e-14, atol=1e-13, err_msg=pair)


PEAK = """
import resource, sys
import numpy as np
from wce_cli.batches.batch import Batch
from wce_cli.batches.file_rows import StoredRows, Window
from wce_cli.passes.one_pass import one_pass

n, c, asked, workers = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])

class File:
    def __init__(self, shape, dtype, make):
        self.shape, self.dtype, self.fortran, self.sequential, self.make = shape, dtype, False, False, make
    def read(self, start, stop):
        return self.make(start, stop)

def scores(start, stop):
    return (np.arange(start, stop) % 17).astype(np.float32)

labels = File((n,), "uint8", lambda start, stop: (np.arange(start, stop) % min(c, 250)).astype(np.uint8))
more = {}
if asked == "smoothing":
    more["label_smoothing"] = 0.1
if asked == "probability":
    labels = File((n, c), "float32", lambda start, stop: np.full(stop - start, 1 / c, dtype=np.float32))
batch = Batch.build(logits=File((n, c), "float32", scores), labels=labels, **more)
one_pass(batch, workers=workers)
own = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(max(int(own.split()[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


@pytest.mark.parametrize(("asked", "workers"), [("plain", 1), ("plain", 2), ("smoothing", 1), ("probability", 1)])
@pytest.mark.parametrize("c", [10, 1000])
def test_memory_is_the_same_for_any_number_of_rows(c, asked, workers):
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of a process is read where Linux has it")

    def peak(n: int) -> int:
        command = [sys.executable, "-c", PEAK, str(n), str(c), asked, str(workers)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={"OPENBLAS_NUM_THREADS": "1"})
        return int(done.stdout)

    small, large = peak(2_000_000 // c), peak(40_000_000 // c)
    assert large <= 64 * 1024
    assert large <= small + 8 * 1024
