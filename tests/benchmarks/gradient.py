"""What the gradients of a large batch cost: python tests/benchmarks/gradient.py [runs]

(1000000, 100) float32 in memory, the walk over the gradients alone beside one pass over the rows; then whole processes,
`wce gradient` beside `wce explain`, on the same in a .npy file, with the most memory that one of its
processes takes. Both sides of a pair in turn (A B A B …); medians.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.gradient.totals import gradient_totals

N, C = 1_000_000, 100
MEASURED = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); \
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"


def taken(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of CPU, that of workers with it."""

    def used() -> float:
        uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(use.ru_utime + use.ru_stime for use in uses)

    begin, before = time.perf_counter(), used()
    run()
    return time.perf_counter() - begin, used() - before


def told(name: str, ours: list[tuple[float, float]], plain: list[tuple[float, float]], more: str = "") -> None:
    ratio = statistics.median(a[0] / b[0] for a, b in zip(ours, plain, strict=True))
    numbers = [f"{statistics.median(one[k] for one in side):.2f}" for side in (ours, plain) for k in (0, 1)]
    print(f"{name}: {numbers[0]} s ({numbers[1]} s of CPU), beside it {numbers[2]} ({numbers[3]}): {ratio:.2f}×{more}")


def main(runs: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(C, size=N)
    labels[rng.random(N) < 0.05] = -100
    logits, weight = rng.standard_normal((N, C), dtype=np.float32), rng.uniform(0.1, 3, size=C)
    for smoothing in (0.0, 0.1):
        batch = Batch.build(logits=logits, labels=labels, weight=weight, label_smoothing=smoothing)
        pairs = [(taken(lambda b=batch: gradient_totals(b)), taken(lambda b=batch: one_pass(b))) for _ in range(runs)]
        told(f"in memory, ε = {smoothing}", *map(list, zip(*pairs, strict=True)))
    with tempfile.TemporaryDirectory() as folder:
        for name, array in (("x", logits), ("y", labels), ("w", weight)):
            np.save(Path(folder) / f"{name}.npy", array)
        os.chdir(folder)
        files = ["-x", "@x.npy", "-y", "@y.npy", "-w", "@w.npy"]
        gradient = [sys.executable, "-m", "wce_cli", "gradient", *files]
        explain = [sys.executable, "-m", "wce_cli", "explain", *files, "--engine", "none"]

        def ran(line: list[str]) -> tuple[float, float]:
            return taken(lambda: subprocess.run(line, check=True, capture_output=True))

        pairs = [(ran(gradient), ran(explain)) for _ in range(runs)]
        most = subprocess.run([sys.executable, "-c", MEASURED, *gradient], capture_output=True, check=True)
        told("a file", *map(list, zip(*pairs, strict=True)), f", {int(most.stdout) / 1024:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
