"""What cutting a batch into 10 000 parts costs beside explaining it: python tests/benchmarks/split.py [runs]

Both sides of a pair in turn (A B A B …), so that a machine whose speed drifts slows both; medians. CPU time, that of
the workers with it, is there for a machine that has other things to do. Asked: at most 1.5 times the time.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.questions.explain.of_batch import explain_batch
from wce_cli.questions.split import cut_of, split_batch


def cpu() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def taken(run: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Seconds by the clock, and of CPU."""
    begin, used = time.perf_counter(), cpu()
    run(*arguments)
    return time.perf_counter() - begin, cpu() - used


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
            pairs = [(taken(split_batch, batch, cut), taken(explain_batch, batch)) for _ in range(runs)]
            said = []
            for k, what in enumerate(("s", "s of CPU")):
                ours, plain = ([one[k] for one in side] for side in zip(*pairs, strict=True))
                ratio = statistics.median(a / b for a, b in zip(ours, plain, strict=True))
                said.append(
                    f"{statistics.median(ours):.3f} {what}, explain {statistics.median(plain):.3f}: {ratio:.2f}×"
                )
            print(f"ε = {smoothing}, {name}: {'; '.join(said)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
