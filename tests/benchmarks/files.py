"""Whole processes over a large file: `python tests/benchmarks/files.py [RUNS] [GIGABYTES]`.

`wce explain` of a float32 .npy of 1000 classes against a script that loads it with numpy and calls torch's
cross_entropy, and against the same through a memory map. Both sides of a pair in turn; the median of the ratios pair
by pair, and the peak memory of the largest process. Nothing is asserted. The file is made in a temporary folder.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

C = 1000
WCE = [sys.executable, "-c", "import sys; from wce_cli.__main__ import run; sys.exit(run())"]
PEER = """
import sys, numpy as np, torch
torch.set_num_threads(2)
x = torch.from_numpy(np.load("x.npy", mmap_mode={mode}))
y, w = torch.from_numpy(np.load("y.npy")), torch.from_numpy(np.load("w.npy"))
print(torch.nn.functional.cross_entropy(x, y, weight=w.to(x.dtype)))
"""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def make(folder: Path, rows: int) -> None:
    """Normal scores, random labels, unequal weights."""
    rng = np.random.default_rng(0)
    scores = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (rows, C))
    for start in range(0, rows, 10_000):
        scores[start : start + 10_000] = 2 * rng.standard_normal((min(10_000, rows - start), C), dtype=np.float32)
    scores.flush()
    np.save(folder / "y.npy", rng.integers(C, size=rows))
    np.save(folder / "w.npy", rng.uniform(0.1, 3, size=C))


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall time of one whole process, and its peak memory in MB, or that of the largest process it started."""
    start = time.perf_counter()
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, cwd=folder, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} ended with {status}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    """Print a line a peer."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    gigabytes = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    ours = [*WCE, *["explain", "x.npy", "--labels", "y.npy", "--weight", "w.npy", "--engine", "none"]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a new process counts what its parent holds until it runs its own program.
        subprocess.run([sys.executable, __file__, "make", name, str(int(gigabytes * 250_000))], check=True)
        measured(ours, folder)
        peak = max(measured(ours, folder)[1] for _ in range(2))
        print(f"peak memory of wce explain: {peak:.0f} MB")
        for what, mode in (("np.load and cross_entropy", "None"), ("np.load(mmap) and cross_entropy", "'r'")):
            peer = [sys.executable, "-W", "ignore", "-c", PEER.format(mode=mode)]
            measured(peer, folder)
            times = [(measured(ours, folder)[0], measured(peer, folder)[0]) for _ in range(runs)]
            ratio = statistics.median(a / b for a, b in times)
            a, b = (statistics.median(side) for side in zip(*times, strict=True))
            print(f"{ratio:5.2f}x  wce explain ({a:.2f} s) against {what} ({b:.2f} s), {runs} pairs, {gigabytes} GB")


if __name__ == "__main__":
    make(Path(sys.argv[2]), int(sys.argv[3])) if sys.argv[1:2] == ["make"] else main()
