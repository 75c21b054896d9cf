"""What `wce audit` costs beside the least that it could cost: `python tests/benchmarks/audit.py [RUNS]`.

Whole processes in turn (A B A B …), so that a machine whose speed drifts slows both: the audit of the sample function,
with its process of its own, against a Python that imports torch and ends. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import sys

from start_up import WCE, seconds

OURS = [*WCE, "audit", "samples/handwritten_loss.py:weighted_loss"]
THEIRS = [sys.executable, "-c", "import torch"]


def main() -> None:
    """Print the medians, and the median of the ratios pair by pair."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    seconds(OURS), seconds(THEIRS)  # warm the file cache
    times = [(seconds(OURS)[0], seconds(THEIRS)[0]) for _ in range(runs)]
    ratio = statistics.median(a / b for a, b in times)
    a, b = (statistics.median(side) for side in zip(*times, strict=True))
    print(f"{ratio:5.2f}x  wce audit ({1000 * a:.0f} ms) against import torch ({1000 * b:.0f} ms), {runs} pairs")


if __name__ == "__main__":
    main()
