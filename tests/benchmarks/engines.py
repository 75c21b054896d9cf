"""What `--engine all` costs beside the engines alone: `python tests/benchmarks/engines.py [RUNS]`.

Asked of a small batch: at most 1.2 times the larger of the slowest engine and all CPU time over the cores. Whole
processes, each in turn (all, torch, keras, … all, torch, keras, …), wall and CPU time of each with its children; the
median of the ratios run by run. Nothing is asserted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from wce_cli.engines import ENGINES

WCE = [sys.executable, "-c", "import sys; from wce_cli.__main__ import run; sys.exit(run())"]
BATCH = ["explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def measured(engine: str) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    start = time.perf_counter()
    process = subprocess.Popen([*WCE, *BATCH, "--engine", engine], stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"--engine {engine} ended with {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print the seconds of each, and the ratio."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    names = ["all", *(name for name, engine in ENGINES.items() if engine.is_installed)]
    for name in names:
        measured(name)
    found = [{name: measured(name) for name in names} for _ in range(runs)]
    for name in names:
        wall, cpu = (statistics.median(one[name][side] for one in found) for side in (0, 1))
        print(f"{name:14} {wall:6.2f} s  {cpu:6.2f} s of CPU")
    ratios = []
    for one in found:
        slowest = max(wall for name, (wall, _) in one.items() if name != "all")
        ratios.append(one["all"][0] / max(slowest, one["all"][1] / (os.cpu_count() or 1)))
    print(f"{statistics.median(ratios):.2f}x  all against max(slowest, CPU / cores), {runs} runs")


if __name__ == "__main__":
    main()
