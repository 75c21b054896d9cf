import math

import numpy as np

from wce_cli.loss.fast.buffers import Buffers


def test_no_dot_is_long_enough_for_blas_to_share_it_among_threads(monkeypatch):
    """It starts them from 10 000 numbers on; on a busy machine such a dot took a hundred times as long."""
    rng = np.random.default_rng(0)
    matrix, weight, lengths = rng.normal(size=(2, 20_000)), rng.uniform(size=20_000), []
    vecdot = np.vecdot
    monkeypatch.setattr(np, "vecdot", lambda a, b, **kept: (lengths.append(len(b)), vecdot(a, b, **kept))[1])
    buffers, out = Buffers(20_000, False), np.empty(2)
    buffers.load(0, matrix, "float64")
    buffers.dot(0, 2, weight, out)
    assert max(lengths) < 10_000
    assert sum(lengths) == 20_000
    expected = [math.fsum((row * weight).tolist()) for row in matrix]
    np.testing.assert_allclose(out, expected, rtol=1e-13)
