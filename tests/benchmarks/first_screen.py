"""When a terminal shows the answer: `python tests/benchmarks/first_screen.py [RUNS]`.

Whole processes on a pseudo-terminal, the sides of a pair in turn (A B A B …), so that a machine whose speed drifts
slows both. The table stands there when its last line has come. Nothing is asserted.

Printed: the median of each side, and the median of the ratios pair by pair: the table without PyTorch's numbers against
`--engine none`, and the whole answer against that of a terminal that nothing is drawn on before.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

WCE = [sys.executable, "-m", "wce_cli", "explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "CI")}
LAST = b"cross_entropy(x, y)"
"""Ends the table where PyTorch is measured."""
LAST_WITHOUT = b"unweighted-mean"
"""Begins the last line of the table where it is not."""
TERMINAL = {"TERM": "xterm", "COLUMNS": "100", "LINES": "50", "NO_COLOR": "1"}


def seconds(command: list[str], last: bytes, **environment: str) -> tuple[float, float]:
    """The seconds until `last` is first seen on a terminal, and until it is last seen there."""
    ours, theirs = os.openpty()
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env={**ENVIRONMENT, **TERMINAL, **environment}, close_fds=True
    )
    os.close(theirs)
    seen, times = b"", []
    while True:
        try:
            news = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not news:
            break
        seen += news
        if seen.count(last) > len(times):
            times.append(time.perf_counter() - start)
    os.close(ours)
    process.wait()
    return times[0], times[-1]


def main() -> None:
    """Print a line a pair."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    first, whole, bare, at_once = [], [], [], []
    for run in range(runs + 1):
        drawn, filled = seconds(WCE, LAST)
        none, _ = seconds([*WCE, "--engine", "none"], LAST_WITHOUT)
        once, _ = seconds(WCE, LAST, TERM="dumb")
        if run:  # the first warms the file cache
            for times, value in ((first, drawn), (whole, filled), (bare, none), (at_once, once)):
                times.append(value)
    for title, ours, other, theirs in (
        ("the table stands", first, "--engine none", bare),
        ("the answer is whole", whole, "at once, without a table before", at_once),
    ):
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"{ratio:5.2f}x  {title} ({1000 * a:.0f} ms) against {other} ({1000 * b:.0f} ms), {runs} pairs")


if __name__ == "__main__":
    main()
