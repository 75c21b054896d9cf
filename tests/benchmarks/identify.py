"""What `identify` is worth, and what it costs: `python -m tests.benchmarks.identify [odds|others|reports|time]`.

odds: 200 000 numbers like one are drawn from the prior, written with 2, 3 and 4 decimals and identified; beside it the
chance that is printed. others: the same for numbers by losses of other people, on random batches. reports: how the
numbers of samples/reports come out, and the chance of an accident for them.
time: whole processes beside `wce explain --engine none` on the same batch. Nothing is asserted.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.questions.identify.others import OTHERS, batch_of, by_item, number_of
from wce_cli.batches.batch import Batch
from wce_cli.inputs import read_file
from wce_cli.questions.identify import NumbersAsked, identify_batch
from wce_cli.questions.identify.chance import prior_of
from wce_cli.questions.identify.number import printed_number
from wce_cli.questions.identify.space import Space, is_explained

ROOT = Path(__file__).parents[2]
DRAWS = 200_000
ODDS = ("2.45", "2.453", "2.4531")
BATCHES = 150
RUNS = 15


def drawn_batch() -> dict[str, object]:
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 9, 24)
    labels[5] = -100
    weight = rng.uniform(0.1, 2, 9).round(2)
    logits = (rng.normal(size=(24, 9)) * 2).round(2)
    return {"logits": logits.tolist(), "labels": labels.tolist(), "weight": weight.tolist()}


def odds() -> None:
    print(f"{DRAWS} draws     " + "  ".join(f"{text}, printed and happened (σ)" for text in ODDS))
    batch = Batch.build(**drawn_batch())
    for depth in (0, 1, 2):
        space, cells = Space(batch, depth), []
        for text in ODDS:
            number = printed_number(text)
            rng = np.random.default_rng(depth)
            lo, hi = prior_of(number.value, number.unit) or (1.0, 2.0)
            drawn = [f"{u:.{len(text) - 2}f}" for u in rng.uniform(lo, hi, DRAWS)]
            texts, counts = np.unique(drawn, return_counts=True)
            explained = np.array([is_explained(space, printed_number(text)) for text in texts.tolist()])
            happened = float((explained * counts).sum()) / DRAWS
            printed = space.chances(number)[-1].chance or 0.0
            sigma = math.sqrt(printed * (1 - printed) / DRAWS) or math.nan
            cells.append(f"{100 * printed:8.4f} %  {100 * happened:8.4f} %  ({(happened - printed) / sigma:+.1f})")
        print(f"depth {depth} ({len(space.rules)} rules)  " + "   ".join(cells), flush=True)


def others() -> None:
    """Numbers by losses that are no rule, on random batches: how many found one, and how many were said to. Of rows,
    and of the same rows as sequences of four."""
    for inner in (1, 4):
        print("rows" if inner == 1 else f"sequences of {inner}")
        _others(inner)


def _others(inner: int) -> None:
    found: dict[tuple[int, int, bool], list[tuple[bool, float]]] = {}
    for seed in range(BATCHES):
        fields = batch_of(np.random.default_rng(seed))
        fields = fields if inner == 1 else by_item(fields, inner)
        space = Space(Batch.build(**fields), 1)
        for loss in OTHERS.values():
            value = number_of(loss, fields)
            if (np.abs(space.values - value) <= 1e-9 * abs(value)).any():  # the same by algebra
                continue
            for decimals in (2, 3, 4, 6):
                number = printed_number(f"{value:.{decimals}f}")
                for allowed, any_size in ((0, False), (1, False), (2, False), (2, True)):
                    under, over = space.windows(number, allowed, any_size)
                    further = space.values - number.value
                    has_rule = bool(((further <= under) & (-further <= over)).any())
                    odds = space.odds(number, allowed, any_size)
                    if odds is not None and number.value > 0:
                        found.setdefault((decimals, allowed, any_size), []).append((has_rule, odds))
    for (decimals, allowed, any_size), pairs in sorted(found.items()):
        happened, printed = (100 * statistics.mean(column) for column in zip(*pairs, strict=True))
        sigma = math.sqrt(max(happened, printed) * 100 / len(pairs))
        told = f"{len(pairs)} numbers, {happened:.4f} % have a rule, {printed:.4f} % printed (σ {sigma:.3f})"
        also = ", or parts of any size" if any_size else ""
        print(f"{decimals} decimals, up to {allowed} departures{also}: {told}")


def reports() -> None:
    alone = tied = none = 0
    chances: dict[tuple[int, int], list[float]] = {}
    for path in sorted((ROOT / "samples" / "reports").glob("*.json")):
        written = json.loads(path.read_text("utf-8"))
        written = written if isinstance(written, list) else [written]
        for document, source in zip(read_file(str(path)), written, strict=True):
            batch = Batch.build(**document.fields)
            if batch.n_samples > 1 and not batch.spec.label_smoothing:
                for depth, decimals in itertools.product((0, 1, 2), (2, 4)):
                    chance = Space(batch, depth).chances(printed_number(f"{1:.{decimals}f}"))[-1].chance
                    chances.setdefault((depth, decimals), []).append(chance or 0.0)
            for one in source["reported"]:
                printed = one["printed"] if isinstance(one["printed"], list) else [one["printed"]]
                numbers = tuple(map(printed_number, printed))
                answer = identify_batch(
                    batch, NumbersAsked(numbers) if len(numbers) == 1 else NumbersAsked(losses=numbers)
                )
                matches = answer.numbers[0].simplest if answer.numbers else answer.lists[0].matches
                none += not matches
                alone += len(matches) == 1
                tied += len(matches) > 1
    print(f"numbers of samples/reports: {alone} found alone at rank 1, {tied} within ties, {none} not found")
    for (depth, decimals), found in sorted(chances.items()):
        average = 100 * statistics.mean(found)
        print(f"depth {depth}, {decimals} decimals: chance of an accident {average:.3f} % on average")


def seconds(arguments: list[str]) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    code = "import sys; from wce_cli.__main__ import run; sys.exit(run())"
    subprocess.run([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, env=environment, check=False)
    return time.perf_counter() - start


def times() -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(drawn_batch(), file)
        file.flush()
        sides = {
            "explain --engine none": ["explain", file.name, "--engine", "none"],
            "identify, depth 1": ["identify", "1.2345", file.name],
            "identify, depth 2": ["identify", "1.2345", file.name, "--depth", "2"],
        }
        taken: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(RUNS):
            for name, arguments in sides.items():
                taken[name].append(seconds(arguments))
        base = taken["explain --engine none"]
        for name, found in taken.items():
            ratio = statistics.median(a / b for a, b in zip(found, base, strict=True))
            print(f"{name}: {1000 * statistics.median(found):.0f} ms, {ratio:.2f} times explain")


if __name__ == "__main__":
    asked = sys.argv[1:] or ["odds", "others", "reports", "time"]
    for name in asked:
        {"odds": odds, "others": others, "reports": reports, "time": times}[name]()
