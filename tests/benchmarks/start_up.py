"""What `wce` costs beside the least that its packages cost: `python tests/benchmarks/start_up.py [RUNS]`.

Whole processes, both sides of a pair in turn (A B A B …), so that a machine whose speed drifts slows both.
Printed: the median of each side, and the median of the ratios pair by pair, of the time that passes and of the time on
a processor, which others on the machine disturb less. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

BATCH = Path(__file__).parents[2] / "samples" / "two-samples.json"

TABLE = """
import typer, numpy
from rich.console import Console
from rich.table import Table
table = Table("n", "loss")
table.add_row("0", str(numpy.float64(1.1711)))
Console().print(table)
"""

TORCH = """
import torch
x, y, w = torch.tensor([[0.1, 0.9], [0.0, 0.1]]), torch.tensor([0, 1]), torch.tensor([0.1, 1.0])
print(torch.nn.functional.cross_entropy(x, y, weight=w))
"""

WCE = [sys.executable, "-c", "import sys; from wce_cli.__main__ import run; sys.exit(run())"]

PAIRS = [
    ("wce --help", [*WCE, "--help"], "python -c pass", [sys.executable, "-c", "pass"]),
    (
        "wce explain --engine none",
        [*WCE, "explain", str(BATCH), "--engine", "none"],
        "a script that imports typer, rich and numpy and prints one table",
        [sys.executable, "-c", TABLE],
    ),
    (
        "wce explain",
        [*WCE, "explain", str(BATCH)],
        "a script that imports torch and calls cross_entropy",
        [sys.executable, "-c", TORCH],
    ),
]


# An installed package is compiled once; under this variable a checkout would be compiled anew in every run.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT["OPENBLAS_NUM_THREADS"] = "1"  # wce says so itself: threads that neither side uses take time to start


def seconds(command: list[str]) -> tuple[float, float]:
    """Of one whole process: the time that passes, and that on a processor."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - start, used.ru_utime + used.ru_stime


def main() -> None:
    """Print a line a pair."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for ours, command, theirs, other in PAIRS:
        seconds(command), seconds(other)  # warm the file cache
        times = [(seconds(command), seconds(other)) for _ in range(runs)]
        told = []
        for kind, name in enumerate(("passing", "on a processor")):
            pairs = [(a[kind], b[kind]) for a, b in times]
            a, b = (statistics.median(side) for side in zip(*pairs, strict=True))
            told.append(
                f"{statistics.median(a / b for a, b in pairs):5.2f}x {name} ({1000 * a:.0f} : {1000 * b:.0f} ms)"
            )
        print(f"{', '.join(told)}  {ours} against {theirs}, {runs} pairs")


if __name__ == "__main__":
    main()
