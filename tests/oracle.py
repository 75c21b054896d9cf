"""The plain loop: every number again, one sample after the other, at 60 digits, without anything of wce_cli.

It says what a loss is in the most literal way and is slow. Two things are done on purpose as the code under
test does not do them: −log p is logsumexp(x) − x with as many digits as the cancellation eats, and a label row
is smoothed first and multiplied afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mpmath import mp, mpf

DIGITS = 60
METHODS_OF_ALL_PLACEMENTS = (
    *("weighted-mean", "batch-mean", "kept-mean", "nonzero-mean", "element-mean", "sum", "sample-mean"),
)
SMALLEST = mpf(2) ** -1074
"""The smallest float64 above zero: below it, no relative accuracy is possible."""


@dataclass(frozen=True)
class Rows:
    """A batch as plain lists, one row a sample."""

    scores: Sequence[Sequence[float]]
    labels: Sequence[int] | Sequence[Sequence[float]]
    weight: Sequence[float] | None = None
    sample_weight: Sequence[float] | None = None
    ignore_index: int = -100
    smoothing: float = 0.0
    kind: str = "logits"
    items: int | None = None
    """Entries of the first axis; None where each row is one."""

    @property
    def is_soft(self) -> bool:
        return len(self.labels) > 0 and not isinstance(self.labels[0], int)

    def part(self, start: int, stop: int) -> Rows:
        s = None if self.sample_weight is None else self.sample_weight[start:stop]
        return replace(self, scores=self.scores[start:stop], labels=self.labels[start:stop], sample_weight=s)


@dataclass(frozen=True)
class Pair:
    """The term and weight of one sample under one placement, and what their rounding is judged by."""

    term: mpf
    weight: mpf | None
    term_scale: mpf
    weight_scale: mpf


@dataclass(frozen=True)
class Expected:
    """One method's answer."""

    numerator: mpf
    denominator: mpf
    numerator_scale: mpf
    denominator_scale: mpf


def minus_log_p(row: Sequence[float], kind: str = "logits") -> list[mpf]:
    """a = −log p of every class of one row of scores."""
    if kind == "probs":
        with mp.workdps(DIGITS):
            return [mp.nan if math.isnan(p) else mp.inf if p == 0 else -mp.log(mpf(p)) for p in row]
    if kind == "log_probs":
        return [-mpf(lp) for lp in row]
    finite = [x for x in row if math.isfinite(x)]
    if not finite or math.inf in row or any(math.isnan(x) for x in row):
        return [mp.nan] * len(row)
    if len(finite) == 1:  # p = 1, and no number of digits makes log(exp(x)) − x exactly zero
        return [mpf(0) if math.isfinite(x) else mp.inf for x in row]
    largest = max(abs(x) for x in finite)
    # logsumexp(x) − x loses the digits that x has before the point, and those that p lacks below 1.
    lost = math.log10(largest + 1) + min(2 * largest, 800) / math.log(10)
    with mp.workdps(DIGITS + math.ceil(lost)):
        logsumexp = mp.log(mp.fsum(mp.exp(mpf(x)) for x in finite))
        return [logsumexp - mpf(x) if math.isfinite(x) else mp.inf for x in row]


def label_of(label: int | Sequence[float]) -> int:
    """The class index: of a probability label the largest entry's, the first on a tie."""
    if isinstance(label, int):
        return label
    best = 0
    for c, entry in enumerate(label):
        if entry > label[best]:
            best = c
    return best


def pairs_of_sample(rows: Rows, n: int) -> dict[str, Pair]:
    """Every placement's (term, weight) of the kept sample n."""
    with mp.workdps(DIGITS):
        a = minus_log_p(rows.scores[n], rows.kind)
        c = len(a)
        w = [mpf(1)] * c if rows.weight is None else [mpf(x) for x in rows.weight]
        s = mpf(1) if rows.sample_weight is None else mpf(rows.sample_weight[n])
        label, eps = rows.labels[n], mpf(rows.smoothing)
        y = label_of(label)
        if isinstance(label, int) and rows.smoothing == 0:
            # An index label gathers: no other class is touched, whatever stands there.
            term, weight = s * w[y] * a[y], s * w[y]
            pair = Pair(term, weight, abs(term), abs(weight))
            return {"class": pair, "sample": pair, "label-mix": pair}
        q = [mpf(k == y) for k in range(c)] if isinstance(label, int) else [mpf(x) for x in label]
        mixed = [(1 - eps) * x + eps / c for x in q]
        size = [(1 - eps) * abs(x) + eps / c for x in q]
        loss = mp.fsum(mixed[k] * a[k] for k in range(c))
        loss_scale = mp.fsum(size[k] * abs(a[k]) for k in range(c))
        mix = s * mp.fsum(w[k] * mixed[k] for k in range(c))
        mix_scale = abs(s) * mp.fsum(abs(w[k]) * size[k] for k in range(c))
        by_class = s * mp.fsum(w[k] * mixed[k] * a[k] for k in range(c))
        by_class_scale = abs(s) * mp.fsum(abs(w[k]) * size[k] * abs(a[k]) for k in range(c))
        own = s * w[y]
        return {
            "class": Pair(by_class, own if isinstance(label, int) else None, by_class_scale, abs(own)),
            "sample": Pair(own * loss, own, abs(own) * loss_scale, abs(own)),
            "label-mix": Pair(mix * loss, mix, mix_scale * loss_scale, mix_scale),
        }


def kept_samples(rows: Rows) -> list[int]:
    """The samples whose label is not the ignored one; a probability label is never ignored."""
    return [n for n, label in enumerate(rows.labels) if not isinstance(label, int) or label != rows.ignore_index]


def expected_values(rows: Rows, n_classes: int | None = None) -> dict[str, Expected]:
    """Numerator and denominator of every defined `METHOD/PLACEMENT`."""
    kept = kept_samples(rows)
    c = len(rows.scores[0]) if n_classes is None else n_classes
    n = len(rows.labels)
    samples = [pairs_of_sample(rows, k) for k in kept]
    answer: dict[str, Expected] = {}
    with mp.workdps(DIGITS):
        for placement in ("class", "sample", "label-mix"):
            pairs = [sample[placement] for sample in samples]
            numerator = mp.fsum(pair.term for pair in pairs)
            scale = mp.fsum(pair.term_scale for pair in pairs)
            for method in METHODS_OF_ALL_PLACEMENTS:
                if method == "sample-mean" and rows.items in (None, n):
                    continue  # it is batch-mean then, and has no row of its own
                denominator_scale = mpf(0)
                if method == "weighted-mean":
                    if placement == "class" and rows.is_soft:
                        continue
                    denominator = mp.fsum(pair.weight for pair in pairs)
                    denominator_scale = mp.fsum(pair.weight_scale for pair in pairs)
                elif method == "nonzero-mean":
                    # Defined where the weight depends on the label alone.
                    if rows.is_soft and placement != "sample":
                        continue
                    denominator = mpf(sum(1 for pair in pairs if pair.weight != 0))
                else:
                    counts = {"batch-mean": n, "kept-mean": len(kept), "element-mean": n * c, "sum": 1}
                    counts["sample-mean"] = rows.items or n
                    denominator = mpf(counts[method])
                answer[f"{method}/{placement}"] = Expected(numerator, denominator, scale, denominator_scale)
        bare = replace(rows, weight=None, sample_weight=None)
        plain = [pairs_of_sample(bare, k)["sample"] for k in kept]
        answer["unweighted-mean/class"] = Expected(
            mp.fsum(pair.term for pair in plain), mpf(len(kept)), mp.fsum(pair.term_scale for pair in plain), mpf(0)
        )
    return answer


def assert_near(actual: float, exact: mpf, relative: float, scale: mpf | None = None, about: object = "") -> None:
    """`actual` is `exact` to `relative` of `scale` (of |exact|, if not given); NaN and ±∞ are the same."""
    actual = float(actual)
    if mp.isnan(exact):
        assert math.isnan(actual), (about, actual, "expected nan")
    elif math.isinf(float(exact)):
        assert actual == float(exact), (about, actual, exact)
    else:
        assert math.isfinite(actual), (about, actual, exact)
        with mp.workdps(DIGITS):
            error = abs(mpf(actual) - exact)
            # Below the normal range every addition rounds by half of SMALLEST, whatever its operands.
            allowed = relative * (abs(exact) if scale is None else scale) + 8 * SMALLEST
            assert error <= allowed, (about, actual, float(exact), float(error / allowed), "times what is allowed")
