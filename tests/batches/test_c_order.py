"""Files in Fortran order of several axes: the same numbers, and never all of them at once."""

from __future__ import annotations

import numpy as np
import pytest

from tests.loss.test_rows import File
from wce_cli.batches import c_order
from wce_cli.batches.batch import Batch
from wce_cli.batches.c_order import COrder
from wce_cli.passes.one_pass import one_pass


@pytest.mark.parametrize("dtype", ["float32", "int64", "bfloat16"])
@pytest.mark.parametrize("shape", [(7, 3, 5), (4, 2, 3, 5), (1, 6, 2), (9, 1, 1)])
def test_any_range_is_that_of_the_array(shape, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 60_000, shape).astype("uint16" if dtype == "bfloat16" else dtype)
    flat = array.ravel()
    monkeypatch.setattr(c_order, "READ_AT_ONCE", 10)
    for kept in (1, 200, 1 << 20):
        monkeypatch.setattr(c_order, "KEPT_BYTES", kept)
        turned = COrder(File(array, dtype, order="F"))
        for start, stop in [(0, len(flat)), (0, 0), (len(flat) - 1, len(flat)), *rng.integers(0, len(flat), (20, 2))]:
            found = turned.read(int(start), int(stop))
            assert found.dtype == array.dtype
            np.testing.assert_array_equal(found, flat[start : max(start, stop)])


def test_a_file_is_read_once_for_every_so_many_entries(monkeypatch):
    rng = np.random.default_rng(1)
    scores, labels = rng.normal(size=(12, 5, 4000)), rng.integers(0, 5, (12, 4000))
    file = File(scores, order="F")
    monkeypatch.setattr(c_order, "KEPT_BYTES", 2 * 4 * 5 * 4000 * 8)  # four images
    monkeypatch.setattr(c_order, "READ_AT_ONCE", 20_000)
    totals, _ = one_pass(Batch.build(logits=file, labels=File(labels)))
    assert sum(file.reads) < 3.2 * scores.size
    assert max(file.reads) <= 20_000
    plain, _ = one_pass(Batch.build(logits=scores, labels=labels))
    assert totals.s_loss.values().tobytes() == plain.s_loss.values().tobytes()
