import math

import numpy as np
import pytest

from wce_cli.loss.fast.buffers import Buffers


@pytest.mark.parametrize("c", [600, 8192, 20_000, 32_768])
def test_no_dot_is_long_enough_for_blas_to_share_it_among_threads(monkeypatch, c):
    """It starts them from 10 000 numbers on; on a busy machine such a dot took a hundred times as long."""
    lengths, vecdot = [], np.vecdot

    def counted(a, b, **kept):
        lengths.extend([b.shape[-1]] * (b.size // max(b.shape[-1], 1)))
        return vecdot(a, b, **kept)

    monkeypatch.setattr(np, "vecdot", counted)
    rng = np.random.default_rng(0)
    matrix, weight = rng.normal(size=(2, c)), rng.uniform(size=c)
    buffers, out = Buffers(c, False), np.empty(2)
    buffers.load(0, matrix, "float64")
    buffers.dot(0, 2, weight, out)
    assert max(lengths) < 10_000
    assert sum(lengths) == c
    expected = [math.fsum((row * weight).tolist()) for row in matrix]
    np.testing.assert_allclose(out, expected, rtol=1e-13)
