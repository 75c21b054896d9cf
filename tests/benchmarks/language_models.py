"""Whole answers at the shapes of language models.

    python -m tests.benchmarks.language_models [process|sequences|python] [RUNS]

`process`: whole processes on (8192, 32000) float32, 1 GB in a `.npy`, 30 % of the labels ignored, a weight a class;
each beside the table of `wce explain`, in turn, and the memory of the largest process. `sequences`: as many scores as
(8, 1024, 32000) bfloat16, the last hundred labels of each ignored, beside their rows as (8192, 32000). `python`:
`explain(…, engines=())` in a process that has imported torch, against `F.cross_entropy(x.float(), y, w)`, in turn.
Printed: the medians of the ratios pair by pair; nothing is asserted. The files are made in a temporary folder.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.files import WCE, measured

N, C = 8192, 32_000
ARRAYS = ["--logits", "x.npy", "--labels", "y.npy", "--weight", "@w.npy"]
EXPLAIN = ["explain", *ARRAYS, "--engine", "none", "-o", "out"]
COMMANDS = {
    "explain": [*EXPLAIN, "-f", "table"],
    "explain --sort loss": [*EXPLAIN, "-f", "table", "--sort", "loss"],
    "explain --rows all": [*EXPLAIN, "-f", "table", "--rows", "all"],
    "explain -f csv, all samples": [*EXPLAIN, "-f", "csv"],
    "explain -f json, all samples": [*EXPLAIN, "-f", "json"],
    "explain --label-smoothing 0.1": [*EXPLAIN, "-f", "table", "--label-smoothing", "0.1"],
    "explain, probability labels": [*EXPLAIN, "-f", "table", "--labels", "q.npy"],
    "gradient": ["gradient", *ARRAYS, "-o", "out", "-f", "table"],
    "split --size 64": ["split", *ARRAYS, "--size", "64", "-o", "out", "-f", "table"],
    "sweep --class 0": ["sweep", *ARRAYS, "--class", "0", "-o", "out", "-f", "table"],
    "identify 10.87": ["identify", "10.87", *ARRAYS, "-o", "out", "-f", "table"],
}
SEQUENCES = ["--logits", "s.npy", "--labels", "t.npy", "-o", "out", "-f", "table"]
FLAT = ["--logits", "flat.npy", "--labels", "flat-t.npy", "-o", "out", "-f", "table"]
OF_SEQUENCES = {
    "explain, a row after the other": ["explain", *FLAT, "--engine", "none"],
    "explain of sequences": ["explain", *SEQUENCES, "--engine", "none"],
    "explain --shift": ["explain", *SEQUENCES, "--engine", "none", "--shift"],
    "split --shift --by sample": ["split", *SEQUENCES, "--shift", "--by", "sample"],
    "identify 10.87 --shift": ["identify", "10.87", *SEQUENCES, "--shift"],
}
SHAPES = (
    ((8192, 32_000), "float32"),
    ((2048, 128_256), "float32"),
    ((2048, 128_256), "bfloat16"),
    ((2048, 128_256), "float16"),
    ((8192, 32_000), "bfloat16"),
    ((8192, 32_000), "float16"),
    ((2_000_000, 10), "float32"),
    ((1_000_000, 100), "float32"),
    ((50_000, 1000), "float32"),
)


def labels_of(rng: np.random.Generator, n: int, c: int) -> np.ndarray[Any, Any]:
    """Random ones, of which 30 % are ignored."""
    labels = rng.integers(0, c, n)
    labels[rng.random(n) < 0.3] = -100
    return labels


def make(folder: Path) -> None:
    """The arrays of `process`."""
    rng = np.random.default_rng(0)
    for name, whole in (("x.npy", False), ("q.npy", True)):
        rows = np.lib.format.open_memmap(folder / name, "w+", np.float32, (N, C))
        for start in range(0, N, 512):
            part = rng.standard_normal((512, C), dtype=np.float32)
            rows[start : start + 512] = (e := np.exp(part)) / e.sum(axis=1, keepdims=True) if whole else part
        rows.flush()
    np.save(folder / "y.npy", labels_of(rng, N, C))
    np.save(folder / "w.npy", rng.random(C))


def make_sequences(folder: Path) -> None:
    """The arrays of `sequences`: bfloat16 as numpy saves it, two bytes without a name."""
    rng = np.random.default_rng(0)
    rows = np.lib.format.open_memmap(folder / "s.npy", "w+", np.dtype("V2"), (8, N // 8, C))
    flat = np.lib.format.open_memmap(folder / "flat.npy", "w+", np.dtype("V2"), (N, C))
    for start in range(0, N, 512):
        part = rng.standard_normal((512, C), dtype=np.float32)
        halves = np.ascontiguousarray(part.view(np.uint16)[:, 1::2]).view("V2")  # cut off, little-endian
        flat[start : start + 512] = halves
        rows.reshape(N, C)[start : start + 512] = halves
    labels = rng.integers(0, C, (8, N // 8))
    labels[:, -100:] = -100
    np.save(folder / "t.npy", labels)
    np.save(folder / "flat-t.npy", labels.reshape(-1))


def processes(runs: int, made: str, commands: dict[str, list[str]]) -> None:
    """A line a command, each beside the first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "tests.benchmarks.language_models", made, name], check=True)
        plain = [*WCE, *next(iter(commands.values()))]
        measured(plain, folder)
        for what, words in commands.items():
            pairs = [(measured([*WCE, *words], folder), measured(plain, folder)) for _ in range(runs)]
            ratio = statistics.median(ours[0] / base[0] for ours, base in pairs)
            seconds = statistics.median(ours[0] for ours, _ in pairs)
            print(f"{ratio:6.2f}x  {seconds:6.2f} s  {max(ours[1] for ours, _ in pairs):5.0f} MB  {what}", flush=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_python(runs: int) -> None:
    """A line a shape and dtype."""
    import torch
    from torch.nn.functional import cross_entropy

    import wce_cli

    for (n, c), dtype in SHAPES:
        rng = np.random.default_rng(0)
        x = torch.from_numpy(rng.standard_normal((n, c), dtype=np.float32)).to(getattr(torch, dtype))
        labels, weight = labels_of(rng, n, c), rng.random(c)
        y, w = torch.from_numpy(labels), torch.from_numpy(weight).float()
        sides: tuple[Callable[[], object], ...] = (
            lambda x=x, y=y, weight=weight: wce_cli.explain(logits=x, labels=y, weight=weight, engines=()),
            lambda x=x, y=y, w=w: cross_entropy(x.float(), y, w),
        )
        for side in sides:
            side()
        pairs = [tuple(timed(side) for side in sides) for _ in range(runs)]
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        ours, theirs = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
        print(f"{ratio:5.2f}x  {ours:6.0f} ms  {theirs:6.0f} ms  ({n}, {c}) {dtype}", flush=True)


MADE = {"make": make, "make-sequences": make_sequences}


def main() -> None:
    """What is asked for, or all."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    if asked in ("", "process"):
        processes(runs, "make", COMMANDS)
    if asked in ("", "sequences"):
        processes(runs, "make-sequences", OF_SEQUENCES)
    if asked in ("", "python"):
        in_python(runs)


if __name__ == "__main__":
    MADE[sys.argv[1]](Path(sys.argv[2])) if sys.argv[1:2] and sys.argv[1] in MADE else main()
