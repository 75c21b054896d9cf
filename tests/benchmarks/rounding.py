"""How far torch's losses are off by dtype, and what `check` allows: python -m tests.benchmarks.rounding [BATCHES]

For each dtype, with the batch given in it and in full: how near the worst number came to what is allowed, how many were
outside, and how many of those by another method, 1 % away or more, were inside.
"""

from __future__ import annotations

import sys

import numpy as np
import torch

from tests.precision.test_dtype import SUMS, drawn, of_torch
from wce_cli.batches.batch import Batch
from wce_cli.digits import UNITS
from wce_cli.questions.check.batch_losses import BatchLosses


def counts(dtype: str, is_wide: bool, batches: int) -> str:
    """One line of the table."""
    worst, outside, asked, passed, others = 0.0, 0, 0, 0, 0
    for seed in range(batches):
        wide, narrow, eps = drawn(seed, dtype)
        x, y, w = wide if is_wide else narrow
        given = BatchLosses(Batch.build(logits=x, labels=y, weight=w, label_smoothing=eps))
        exact = {what: given.values[what].value for what in SUMS}
        allowed = {what: given.allowed(what, dtype) for what in SUMS}
        for own, tensor in of_torch(*narrow, eps)[0].items():
            value = float(tensor)
            if not np.isfinite(value):  # float16 has no number above 65504
                continue
            off = abs(value - exact[own]) / allowed[own]
            worst, outside, asked = max(worst, off), outside + (off > 1), asked + 1
            for other in SUMS:
                if abs(exact[own] - exact[other]) > 0.01 * max(abs(exact[own]), abs(exact[other])):
                    others += 1
                    passed += abs(value - exact[other]) <= allowed[other]
    kind, wrong = "in full" if is_wide else "in it", passed / others
    return f"{dtype:9} batch {kind:8} worst {worst:.2f} of it, {outside} of {asked} outside, {wrong:.2%} wrong inside"


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in UNITS:
        for wide in (False, True):
            print(counts(name, wide, int(sys.argv[1]) if len(sys.argv) > 1 else 1000), flush=True)
