"""JSON, in many small batches and in one large one: `python tests/benchmarks/batches.py [RUNS] [BATCHES] [NAME …]`.

Whole processes, both sides of a pair in turn (A B A B …). A hundred thousand batches a line, of 1 to 4 rows and 2 to
10 classes, against a script that calls `json.loads` and `F.cross_entropy` for each, float32 tensors made of its
lists: one number each, and full reports without and with PyTorch measured. The script's import of torch is in its
time; how long its loop alone took is printed beside it. And 100 MB of one batch against `json.load` and `np.array`.
Printed: the median of the ratios pair by pair, and the medians of both sides. Nothing is asserted.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WCE = [sys.executable, "-c", "import sys; from wce_cli.__main__ import run; sys.exit(run())", "explain"]
LOOP = """
import json, sys, time
import torch
torch.set_num_threads(1)  # so small a batch gains nothing from a second one
F, began = torch.nn.functional, time.perf_counter()
for line in open("many.ndjson"):
    batch = json.loads(line)
    x, y, w = torch.tensor(batch["logits"]), torch.tensor(batch["labels"]), torch.tensor(batch["weight"])
    print(F.cross_entropy(x, y, w).item())
print(time.perf_counter() - began, file=sys.stderr)
"""
LOAD = """
import json, sys, time
import numpy as np
began = time.perf_counter()
with open("large.json") as file:
    batch = json.load(file)
x, y = np.array(batch["logits"]), np.array(batch["labels"])
print(time.perf_counter() - began, file=sys.stderr)
"""
MANY = ["many.ndjson", "--engine", "none"]
PAIRS = [
    ("one number each", [*MANY, "--only", "value", "--method", "weighted-mean"], "a loop of cross_entropy", LOOP),
    ("full reports", [*MANY, "--format", "ndjson"], "a loop of cross_entropy", LOOP),
    ("full reports, PyTorch measured", ["many.ndjson", "--format", "ndjson"], "a loop of cross_entropy", LOOP),
    ("100 MB of JSON", ["large.json", "--engine", "none"], "json.load and np.array", LOAD),
]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def make(folder: Path, batches: int) -> None:
    """Normal scores, random labels, unequal weights."""
    rng = random.Random(0)
    with open(folder / "many.ndjson", "w", encoding="utf-8") as file:
        for _ in range(batches):
            n, c = rng.randint(1, 4), rng.randint(2, 10)
            rows = [[round(rng.gauss(0, 2), 4) for _ in range(c)] for _ in range(n)]
            weight = [round(rng.uniform(0.1, 3), 2) for _ in range(c)]
            batch = {"logits": rows, "labels": [rng.randrange(c) for _ in range(n)], "weight": weight}
            file.write(json.dumps(batch) + "\n")
    with open(folder / "large.json", "w", encoding="utf-8") as file:
        rows = [[rng.gauss(0, 2) for _ in range(100)] for _ in range(50_000)]
        json.dump({"logits": rows, "labels": [rng.randrange(100) for _ in rows]}, file)


def seconds(command: list[str], folder: Path) -> tuple[float, float | None]:
    """Wall time of one whole process, and what it says of itself."""
    start = time.perf_counter()
    done = subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder, env=ENVIRONMENT
    )
    return time.perf_counter() - start, float(done.stderr.split()[-1]) if done.stderr else None


def main() -> None:
    """Print a line a pair."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    batches = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    wanted = sys.argv[3:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, batches)
        for what, arguments, other, script in PAIRS:
            if wanted and not any(word in what for word in wanted):
                continue
            ours, theirs = [*WCE, *arguments], [sys.executable, "-W", "ignore", "-c", script]
            seconds([*ours, "--output", os.devnull], folder)
            answer = [*ours, "--output", os.devnull]
            times = [(seconds(answer, folder)[0], *seconds(theirs, folder)) for _ in range(runs)]
            ratio = statistics.median(a / b for a, b, _ in times)
            a, b = (statistics.median(one[side] for one in times) for side in (0, 1))
            inside = statistics.median(one[2] or 0.0 for one in times)
            print(
                f"{ratio:5.2f}x  {what} ({a:.2f} s) against {other} ({b:.2f} s, {inside:.2f} s of it without imports), "
                f"{runs} pairs",
                flush=True,
            )


if __name__ == "__main__":
    main()
