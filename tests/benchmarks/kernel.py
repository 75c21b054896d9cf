"""The pass against torch, in memory: `python tests/benchmarks/kernel.py [RUNS] [NAME …]`.

Ours and theirs take turns (A B A B …), each in a process of its own that lives for the whole benchmark: torch with
two threads, ours with as many workers as there are cores, forked as the command line forks them, which a process
that holds torch would not. Both make the same array from the same seed. Printed: the median of the ratios of
neighbouring runs, the medians of both sides, and how far the ratios were apart (their quartiles); nothing is asserted.
Ours is all of `Batch.build` with its checks, 5 % ignored labels, `one_pass` and every method; theirs is
`F.cross_entropy(x, y, weight)` alone.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `wce` itself starts

WORKS = {
    "(2e6,10)": ("plain", (2_000_000, 10), "float32"),
    "(1e6,100)": ("plain", (1_000_000, 100), "float32"),
    "(50000,1000)": ("plain", (50_000, 1000), "float32"),
    "(8192,32000)": ("plain", (8192, 32_000), "float32"),
    "(50000,1000) float64": ("plain", (50_000, 1000), "float64"),
    "(50000,1000) float16": ("plain", (50_000, 1000), "float16"),
    "(50000,1000) bfloat16": ("plain", (50_000, 1000), "bfloat16"),
    "(8,21,512,512)": ("plain", (8, 21, 512, 512), "float32"),
}
"""Against torch; 16-bit scores against `F.cross_entropy(x.float(), …)`."""

KINDS = ("sample weight", "smoothing", "probability", "probability and smoothing")
SHAPES = ((2_000_000, 10), (500_000, 100), (50_000, 1000), (8, 21, 256, 256))
"""Against our own plain pass."""


def given(kind: str, shape: tuple[int, ...], dtype: str) -> dict[str, object]:
    """The arguments of one batch; bfloat16 as the bits of a float32 cut off."""
    import numpy as np

    rng = np.random.default_rng(0)
    c, samples = shape[1], shape[:1] + shape[2:]
    x = rng.standard_normal(shape, dtype=np.float32)
    x *= 2
    labels = rng.integers(c, size=samples)
    labels[rng.random(samples) < 0.05] = -100
    batch: dict[str, object] = {"labels": labels, "weight": rng.uniform(0.1, 3, size=c)}
    if dtype == "bfloat16":
        batch["logits"] = (x.view(np.uint32) >> 16).astype(np.uint16)
    else:
        batch["logits"] = x.astype(dtype, copy=False)
    if kind == "sample weight":
        batch["sample_weight"] = rng.uniform(0.1, 3, size=samples)
    if "smoothing" in kind:
        batch["label_smoothing"] = 0.1
    if "probability" in kind:
        q = rng.random(shape, dtype=np.float32)
        q /= q.sum(axis=1, keepdims=True)
        batch["labels"] = q
    return batch


def serve_ours(kind: str, shape: tuple[int, ...], dtype: str) -> None:
    """Answer every line on stdin with the seconds of one pass."""
    from msgspec.structs import replace

    from wce_cli.batches.batch import Batch
    from wce_cli.loss.methods import loss_values
    from wce_cli.loss.rows import ArrayRows
    from wce_cli.passes.one_pass import one_pass

    batch = given(kind, shape, dtype)

    def run() -> None:
        built = Batch.build(**batch)  # type: ignore[arg-type]
        if dtype == "bfloat16":
            assert isinstance(built.scores, ArrayRows)
            built = replace(built, scores=ArrayRows.of_scores(built.scores.array, "bfloat16"))
        totals, facts = one_pass(built)
        loss_values(totals, built.spec.class_weight, built.spec.label_smoothing)
        facts.top.terms(built.spec.class_weight)

    answer(run)


def serve_torch(kind: str, shape: tuple[int, ...], dtype: str) -> None:
    """Answer every line on stdin with the seconds of one cross_entropy."""
    import torch

    torch.set_num_threads(2)
    batch = given(kind, shape, dtype)
    x = torch.from_numpy(batch["logits"])
    if dtype == "bfloat16":
        x = x.view(torch.bfloat16)
    half = dtype in ("float16", "bfloat16")
    y = torch.from_numpy(batch["labels"])
    w = torch.from_numpy(batch["weight"]).to(torch.float64 if dtype == "float64" else torch.float32)
    with torch.no_grad():
        answer(lambda: torch.nn.functional.cross_entropy(x.float() if half else x, y, w))


def answer(run: object) -> None:
    """Time `run` each time a line comes in."""
    assert callable(run)
    run()
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        run()
        print(time.perf_counter() - begin, flush=True)


class Side:
    """One of the two processes."""

    def __init__(self, role: str, kind: str, shape: tuple[int, ...], dtype: str) -> None:
        command = [sys.executable, __file__, "--serve", role, kind, ",".join(map(str, shape)), dtype]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.line()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def seconds(self) -> float:
        assert self.process.stdin is not None
        print(file=self.process.stdin, flush=True)
        return float(self.line())

    def __exit__(self, *error: object) -> None:
        self.process.communicate()

    def __enter__(self) -> Side:
        return self


def compare(name: str, runs: int, one: Side, other: Side) -> None:
    """Print a line: the ratio of the sides, and how it varied."""
    one.seconds(), other.seconds()
    times = [(one.seconds(), other.seconds()) for _ in range(runs)]
    ratios = [a / b for a, b in times]
    low, _, high = statistics.quantiles(ratios, n=4)
    a, b = (statistics.median(side) for side in zip(*times, strict=True))
    spread = f"[{low:.2f}, {high:.2f}]"
    print(
        f"{statistics.median(ratios):5.2f}  {spread}  {name}: {1000 * a:.0f} ms against {1000 * b:.0f} ms", flush=True
    )


def main() -> None:
    """Print a line for each of the comparisons that are named, or for all."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    wanted = sys.argv[2:]

    def asked(name: str) -> bool:
        return not wanted or any(word in name for word in wanted)

    for name, (kind, shape, dtype) in WORKS.items():
        if asked(name):
            with Side("ours", kind, shape, dtype) as ours, Side("torch", kind, shape, dtype) as theirs:
                compare(f"{name} against torch", runs, ours, theirs)
    for kind in KINDS:
        for shape in SHAPES:
            if asked(f"{kind} {shape}"):
                with Side("ours", kind, shape, "float32") as more, Side("ours", "plain", shape, "float32") as plain:
                    compare(f"{kind} {shape} against the plain pass", runs, more, plain)
    if asked("scaling"):
        large, small = (4_000_000, 100), (1_000_000, 100)
        with Side("ours", "plain", large, "float32") as four, Side("ours", "plain", small, "float32") as one:
            compare("scaling, 4e6 rows over 1e6, C = 100", runs, four, one)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        role, kind, shape, dtype = sys.argv[2:]
        serve = serve_ours if role == "ours" else serve_torch
        serve(kind, tuple(map(int, shape.split(","))), dtype)
    else:
        main()
