"""What `wce check` of many small batches costs beside `wce explain --only value` of the same.

    python -m tests.benchmarks.check [BATCHES]

Asked: at most 1.3 times. Both are processes of their own, run in turn; the best of three counts.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.questions.check.batch_losses import BatchLosses

WCE = (sys.executable, "-m", "wce_cli")
COMMANDS = {
    "explain --only value": ("explain", "--only", "value", "--method", "weighted-mean", "--engine", "none"),
    "check --format ndjson": ("check", "--format", "ndjson"),
    "check": ("check",),
}


def batches(count: int) -> str:
    """Batches of two samples and three classes, each with the weighted mean that it gives."""
    rng = np.random.default_rng(0)
    lines = []
    for x in rng.normal(size=(count, 2, 3)).round(4):
        batch = {"logits": x.tolist(), "labels": [0, 2], "weight": [0.1, 1.0, 2.0]}
        value = BatchLosses(Batch.build(**batch)).value("weighted-mean").value
        lines.append(json.dumps({**batch, "expect": {"weighted-mean": round(value, 6)}}))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the seconds of each command, and the ratio to the first."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batches.ndjson"
        path.write_text(batches(count), "utf-8")
        best: dict[str, float] = {}
        for _ in range(3):
            for name, words in COMMANDS.items():
                started = time.perf_counter()
                subprocess.run([*WCE, *words, str(path)], check=True, stdout=subprocess.DEVNULL, env=os.environ)
                best[name] = min(best.get(name, float("inf")), time.perf_counter() - started)
    first = next(iter(best.values()))
    print(f"{count} batches; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, seconds in best.items():
        print(f"{name:24} {seconds:8.2f} s  {seconds / first:5.2f}")
    print(f"largest process {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
