"""Every rule once more, one sample after the other, in plain floats and without anything of wce_cli.

A rule is followed literally: the scores are read, the label row is smoothed, the weights are looked up, the terms are
added up and divided. Nothing is shared between rules, and nothing is summed by class.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.oracle import Rows


def log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf if value == 0 else math.nan


def log_softmax(row: Sequence[float]) -> list[float]:
    top = max(row)
    total = math.log1p(sum(math.exp(x - top) for x in without(row, list(row).index(top))))
    return [x - top - total for x in row]


def probabilities(given: Rows, row: Sequence[float]) -> list[float]:
    if given.kind == "probs":
        return list(row)
    return [math.exp(x) for x in (log_softmax(row) if given.kind == "logits" else row)]


def log_probabilities(given: Rows, row: Sequence[float]) -> list[float]:
    return {"logits": log_softmax, "log_probs": list, "probs": lambda r: [log(p) for p in r]}[given.kind](row)


def clip(p: float, low: float, high: float) -> float:
    return min(max(p, low), high)


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def without(row: Sequence[float], c: int) -> list[float]:
    return [one for k, one in enumerate(row) if k != c]


def renormalised(p: Sequence[float]) -> list[float]:
    return [one / sum(p) for one in p]


ELEMENTWISE: dict[str, Callable[[float, float], float]] = {  # of log p, and p
    "": lambda lp, p: -lp,
    "no-log": lambda lp, p: -p,
    "log2": lambda lp, p: -lp / math.log(2),
    "log10": lambda lp, p: -lp / math.log(10),
    "clip-1e-7": lambda lp, p: -log(clip(p, 1e-7, 1 - 1e-7)),
    "clip-1e-12": lambda lp, p: -log(clip(p, 1e-12, 1 - 1e-12)),
    "clip-1e-15": lambda lp, p: -log(clip(p, 1e-15, 1)),
    "clip-2^-23": lambda lp, p: -log(clip(p, 2.0**-23, 1 - 2.0**-23)),
    "clip-2^-52": lambda lp, p: -log(clip(p, 2.0**-52, 1 - 2.0**-52)),
    "cap-100": lambda lp, p: min(-lp, 100.0),
    "clip-plus-1e-7": lambda lp, p: -log(clip(p, 1e-7, 1 - 1e-7) + 1e-7),
    "plus-1e-6": lambda lp, p: -log(p + 1e-6),
    "plus-1e-8": lambda lp, p: -log(p + 1e-8),
    "plus-1e-10": lambda lp, p: -log(p + 1e-10),
}


def losses(given: Rows, n: int, reading: str) -> list[float]:
    """What stands in the place of −log p of every class of one row."""
    row = given.scores[n]
    p, lp = probabilities(given, row), log_probabilities(given, row)
    if reading in ELEMENTWISE:
        return [ELEMENTWISE[reading](one, other) for one, other in zip(lp, p, strict=True)]
    weight = given.weight or [1.0] * len(row)
    columns = [[other[c] for other in given.scores] for c in range(len(row))]
    rowwise: dict[str, Callable[[], list[float]]] = {
        "softmax-twice": lambda: [-x for x in log_softmax(p)],
        "as-probabilities": lambda: [-log(x) for x in row],
        "raw": lambda: [-x for x in row],
        "renormalised": lambda: [-log(x) for x in renormalised(p)],
        "renormalised-clip-1e-7": lambda: [-log(clip(x, 1e-7, 1 - 1e-7)) for x in renormalised(p)],
        "sigmoid": lambda: [softplus(-x) + sum(map(softplus, without(row, c))) for c, x in enumerate(row)],
        "binary-terms": lambda: [-x - sum(log(-math.expm1(o)) for o in without(lp, c)) for c, x in enumerate(lp)],
        "wrong-axis": lambda: [-log_softmax(column)[n] for column in columns],
        "weight-in-logits": lambda: [-x for x in log_softmax([x * w for x, w in zip(row, weight, strict=True)])],
        "weight-in-probability": lambda: [-(x + log(w)) for x, w in zip(lp, weight, strict=True)],
    }
    return rowwise[reading]()


def target(given: Rows, n: int, smoothing: str) -> list[float]:
    """The label row q after smoothing."""
    c, eps = len(given.scores[n]), given.smoothing
    label = given.labels[n]
    y = [float(k == label) for k in range(c)] if isinstance(label, int) else list(label)
    if not eps:
        return y
    own: dict[str, Callable[[float], float]] = {
        "": lambda one: (1 - eps) * one + eps / c,
        "not-smoothed": lambda one: one,
        "eps-over-c-1": lambda one: (1 - eps) * one + eps / (c - 1) * (1 - one),
        "eps-kept": lambda one: one * (1 - eps / c) + eps / c,
        "one-over-c": lambda one: one * (1 - eps) + 1 / c,
        "not-own": lambda one: (1 - eps) * one + eps / c * (1 - one),
        "one-minus-eps-over-c": lambda one: (1 - eps) * one + (1 - eps) / c,
    }
    return [own[smoothing](one) for one in y]


def weights(given: Rows, entry: str) -> tuple[list[float], list[float]]:
    """Class weights above and below the line."""
    c, n = len(given.scores[0]), len(given.scores)
    w = list(given.weight or [1.0] * c)
    total = sum(w)
    changed: dict[str, list[float]] = {
        "": w,
        "by-prediction": w,
        "sample-weight-missing": w,
        "per-sample": [1.0] * c,
        "weight-missing": [1.0] * c,
        "reversed": [w[c - 1 - k] for k in range(c)],
        "squared": [one * one for one in w],
        "squared-above": [one * one for one in w],
        "sum-1": [one / total for one in w],
        "sum-c": [one * c / total for one in w],
        "sum-n": [one * n / total for one in w],
        "shifted-down": [w[k - 1] for k in range(c)],
        "shifted-up": [w[(k + 1) % c] for k in range(c)],
    }
    if entry == "inverse":
        return [1 / one for one in w], [1 / one for one in w]
    return changed[entry], w if entry == "squared-above" else changed[entry]


@dataclass(frozen=True)
class Sample:
    term: float
    weight: float | None
    loss: float
    kept: bool
    label: int
    s: float


def samples(given: Rows, reading: str, entry: str, smoothing: str, placement: str) -> list[Sample]:
    above, below = weights(given, entry)
    if reading.startswith("weight-in"):
        above = below = [1.0] * len(above)
    found = []
    for n, label in enumerate(given.labels):
        if label == given.ignore_index:
            found.append(Sample(0.0, 0.0, 0.0, False, -1, 0.0))
            continue
        a, q = losses(given, n, reading), target(given, n, smoothing)
        s = 1.0 if given.sample_weight is None or entry == "sample-weight-missing" else given.sample_weight[n]
        if entry == "per-sample":
            s = (given.weight or [])[n]
        row = given.scores[n]
        y = label if isinstance(label, int) else list(label).index(max(label))
        looked_up = list(row).index(max(row)) if entry == "by-prediction" else y
        pairs = [(one, other) for one, other in zip(q, a, strict=True) if one != 0 or given.smoothing or given.is_soft]
        loss = sum(one * other for one, other in pairs)
        if placement == "class" and entry != "by-prediction":
            touched = [
                (w, one, o) for w, one, o in zip(above, q, a, strict=True) if one or given.smoothing or given.is_soft
            ]
            term = s * sum(w * one * o for w, one, o in touched)
            weight = None if given.is_soft else s * below[y]
        elif placement == "label-mix":
            mixed = sum(w * one for w, one in zip(above, q, strict=True))
            term = s * mixed * loss
            weight = s * sum(w * one for w, one in zip(below, q, strict=True))
        else:
            term, weight = s * above[looked_up] * loss, s * below[looked_up]
        found.append(Sample(term, weight, loss, True, looked_up, s))
    return found


PARTED = re.compile(r"(?P<sum>sum-of-)?(?P<what>batches|means|kept-means)-of-(?P<size>\d+)(?P<items>-items)?")


def value(
    given: Rows, method: str, placement: str, reading: str, entry: str, smoothing: str, twist: str, inner: int = 1
) -> float:
    """The number that a rule gives; `inner`: rows of an item."""
    rows = samples(given, reading, entry, smoothing, placement)
    kept = [row for row in rows if row.kept]
    n, c = len(rows), len(given.scores[0])
    above, below = weights(given, entry)
    if reading.startswith("weight-in"):
        above = below = [1.0] * c

    def total(part: Sequence[Sample]) -> float:
        return sum(row.term for row in part)

    def weight(part: Sequence[Sample]) -> float:
        return sum(row.weight for row in part if row.weight is not None)

    if method == "macro":
        present = sorted({row.label for row in kept})
        own = {k: [row for row in kept if row.label == k] for k in present}
        means = {k: sum(row.s * row.loss for row in own[k]) / sum(row.s for row in own[k]) for k in present}
        found = sum(above[k] * means[k] for k in present) / sum(above[k] for k in present)
    elif method.startswith("dealt-to-"):
        ranks = int(method.removeprefix("dealt-to-"))
        dealt = [[row for k, row in enumerate(rows) if k // inner % ranks == rank] for rank in range(ranks)]
        if any(weight(part) == 0 for part in dealt):
            return math.nan
        found = sum(total(part) / weight(part) for part in dealt) / ranks
    elif parted := PARTED.fullmatch(method):
        size = int(parted["size"]) * (inner if parted["items"] else 1)
        parts = [rows[start : start + size] for start in range(0, n, size)]
        divides: dict[str, Callable[[Sequence[Sample]], float]] = {
            "batches": weight,
            "means": len,
            "kept-means": lambda part: sum(row.kept for row in part),
        }
        below_the_line = [divides[parted["what"]](part) for part in parts]
        if any(one == 0 for one in below_the_line):
            return math.nan
        found = sum(total(part) / one for part, one in zip(parts, below_the_line, strict=True))
        found /= 1 if parted["sum"] else len(parts)
    else:
        divisors: dict[str, Callable[[], float]] = {
            "weighted-mean": lambda: weight(rows),
            "batch-mean": lambda: n,
            "kept-mean": lambda: len(kept),
            "nonzero-mean": lambda: sum(row.weight != 0 for row in kept),
            "element-mean": lambda: n * c,
            "sum": lambda: 1,
            "sample-mean": lambda: n // inner,
            "unweighted-mean": lambda: len(kept),
            "over-n-1": lambda: n - 1,
            "over-weight-table": lambda: sum(below),
            "over-classes": lambda: c,
            "over-mixed-weight": lambda: weight(samples(given, reading, entry, smoothing, "label-mix")),
            "over-label-weight": lambda: weight(samples(given, reading, entry, smoothing, "sample")),
        }
        numerator = sum(row.loss for row in kept) if method == "unweighted-mean" else total(rows)
        found = numerator / divisors[method]() if divisors[method]() else math.nan
    if twist == "perplexity":
        return math.inf if found > 700 else math.exp(found)
    if twist.startswith(("times-", "over-")):
        k = int(twist.partition("-")[2])
        return found * k if twist.startswith("times") else found / k
    return {"": found, "averaged-again": found / n, "negated": -found}[twist]
