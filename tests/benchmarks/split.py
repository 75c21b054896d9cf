"""What cutting a batch into 10 000 parts costs beside explaining it: python tests/benchmarks/split.py [runs]"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from wce_cli.loss.batch import Batch
from wce_cli.questions.explain import explain_batch
from wce_cli.questions.split import cut_of, split_batch


def seconds(run: Callable[..., object], *arguments: object) -> float:
    begin = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - begin


def main(runs: int) -> None:
    rng = np.random.default_rng(0)
    n, c = 1_000_000, 100
    labels = rng.integers(c, size=n)
    labels[rng.random(n) < 0.05] = -100
    logits, weight = rng.standard_normal((n, c), dtype=np.float32), rng.uniform(0.1, 3, size=c)
    for smoothing in (0.0, 0.1):
        batch = Batch.build(logits=logits, labels=labels, weight=weight, label_smoothing=smoothing)
        cases = {
            "blocks of 100": cut_of(batch, 100),
            "blocks of 100, shuffled": cut_of(batch, 100, shuffle=1),
            "4 ranks × blocks of 100": cut_of(batch, 100, 4),
        }
        explain_batch(batch)
        for name, cut in cases.items():
            pairs = [(seconds(split_batch, batch, cut), seconds(explain_batch, batch)) for _ in range(runs)]
            ratio = statistics.median(ours / plain for ours, plain in pairs)
            ours, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(f"ε = {smoothing}, {name}: {ours:.3f} s, explain {plain:.3f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
