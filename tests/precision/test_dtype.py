"""How far a number of a dtype may be off: what torch returns always passes, and another method does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wce_cli import assert_loss, check
from wce_cli.batches.batch import Batch
from wce_cli.digits import UNITS
from wce_cli.precision.dtype import rounded_to
from wce_cli.questions.check.batch_losses import BatchLosses

torch = pytest.importorskip("torch")
BATCHES = 60
SUMS = ("weighted-mean", "batch-mean", "sum", "unweighted-mean")


def of_torch(x, y, w, eps):
    """What torch returns by method, and the terms one by one."""
    call = torch.nn.functional.cross_entropy
    each = call(x, y, weight=w, reduction="none", label_smoothing=eps)
    whole = (
        call(x, y, weight=w, label_smoothing=eps),
        each.mean(),
        call(x, y, weight=w, reduction="sum", label_smoothing=eps),
        call(x, y, label_smoothing=eps),
    )
    return dict(zip(SUMS, whole, strict=True)), each


def drawn(seed, dtype):
    """A batch in float64, the same rounded to a dtype, and its smoothing."""
    rng = np.random.default_rng(seed)
    n, c = int(rng.choice([1, 2, 3, 4, 8, 16, 64, 256])), int(rng.choice([2, 3, 10, 50]))
    x = torch.tensor(rng.normal(size=(n, c)) * rng.choice([0.5, 1, 3, 10]))
    y, w = torch.tensor(rng.integers(0, c, n)), torch.tensor(10 ** rng.uniform(-1, 1, c))
    if n > 2:
        y[0] = -100
    kind = getattr(torch, dtype)
    return (x, y, w), (x.to(kind), y, w.to(kind)), float(rng.choice([0, 0, 0.1]))


@pytest.mark.parametrize("dtype", UNITS)
@pytest.mark.parametrize("is_wide", [True, False])
def test_what_torch_returns_is_within_it_whether_the_batch_was_rounded_or_not(dtype, is_wide):
    closest = 0.0
    for seed in range(BATCHES):
        wide, narrow, eps = drawn(seed, dtype)
        values, each = of_torch(*narrow, eps)
        x, y, w = wide if is_wide else narrow
        finite = {what: value for what, value in values.items() if torch.isfinite(value)}
        fields = {"logits": x, "labels": y, "weight": w, "label_smoothing": eps}
        done = check(expect={**finite, "term": each}, **fields)
        assert done.is_ok, (seed, [one.message for one in done.failures])
        closest = max([closest, *(abs(one.difference) / one.tolerance for one in done.comparisons if one.difference)])
    assert closest > 0.2 or dtype == "float64"  # so it is not far wider than it has to be


@pytest.mark.parametrize(
    ("dtype", "most"), [("float64", 0.0), ("float32", 0.002), ("float16", 0.01), ("bfloat16", 0.06)]
)
def test_what_another_method_gives_is_outside_of_it(dtype, most):
    """Of values that are one per cent apart or more."""
    passed = asked = 0
    for seed in range(BATCHES):
        wide, narrow, eps = drawn(seed, dtype)
        values, _ = of_torch(*narrow, eps)
        x, y, w = wide
        given = BatchLosses(Batch.build(logits=x, labels=y, weight=w, label_smoothing=eps))
        for own in SUMS:
            for other in SUMS:
                a, b = given.values[own].value, given.values[other].value
                if abs(a - b) > 0.01 * max(abs(a), abs(b)):
                    asked += 1
                    passed += abs(float(values[own]) - b) <= given.allowed(other, dtype)
    assert asked > 400
    assert passed <= most * asked


def test_a_batch_that_is_in_the_dtype_itself_is_not_rounded_again():
    """By hand: the terms and the sums of two rows, and what the rounding of the logits moves beside it."""
    exact = {"logits": [[1.5, 0.25], [0.0, 2.0]], "labels": [0, 1], "weight": [0.5, 1.0]}
    t = [0.5 * math.log1p(math.exp(-1.25)), math.log1p(math.exp(-2.0))]
    squares = (t[0] + 0.5) ** 2 + (t[1] + 1) ** 2 + (2 + 2 / 3) * sum(t) ** 2 + 2 / 3 * sum(t) ** 2
    by_hand = 4 * 2.0**-8 * math.sqrt(squares / 3) / 1.5
    given = BatchLosses(Batch.build(**exact))
    assert given.allowed("weighted-mean", "bfloat16") == pytest.approx(by_hand, rel=1e-12)
    wide = BatchLosses(Batch.build(**{**exact, "logits": [[1.5, 0.25], [0.0, 2.007]]}))  # bfloat16's nearest is 2
    moved = (math.log1p(math.exp(-2.0)) - math.log1p(math.exp(-2.007))) / 1.5
    assert wide.allowed("weighted-mean", "bfloat16") == pytest.approx(by_hand + moved, rel=2e-3)
    assert moved > 0.05 * by_hand


def test_sample_weights_smoothing_and_probability_labels_have_a_width_too():
    q = [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]
    fields = {
        "logits": [[3.1, 0.2, 1.1], [0.7, 2.3, 0.4]],
        "labels": q,
        "weight": [0.3, 1.7, 0.0],
        "label_smoothing": 0.1,
    }
    x, w = torch.tensor(fields["logits"]).bfloat16(), torch.tensor(fields["weight"]).bfloat16()
    loss = torch.nn.functional.cross_entropy(x, torch.tensor(q).bfloat16(), weight=w, label_smoothing=0.1)
    (one,) = check(expect={"batch-mean": loss}, **fields).comparisons
    assert one.verdict == "agrees"
    assert 0.002 < one.tolerance < 0.05
    weighted = {"logits": [[3.1, 0.2], [0.7, 2.3]], "labels": [0, 0], "sample_weight": [-1.0, 0.5]}
    given = BatchLosses(Batch.build(**weighted))
    assert all(0 < given.allowed("sum", dtype) < 0.1 for dtype in UNITS)
    assert given.allowed("unweighted-mean", "float32") < given.allowed("sum", "float32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rounding_is_that_of_torch(dtype):
    rng = np.random.default_rng(3)
    numbers = np.concatenate(
        [rng.normal(size=500) * 10.0 ** rng.integers(-9, 9, 500), [0.0, np.inf, -np.inf, np.nan, 1e39]]
    )
    theirs = torch.tensor(numbers).to(getattr(torch, dtype)).double().numpy()
    assert np.array_equal(rounded_to(dtype, numbers), theirs, equal_nan=True)


@pytest.mark.parametrize("dtype", sorted(UNITS))
@pytest.mark.parametrize("size", [1e150, 1e160, 1e200, 1e300])
@pytest.mark.parametrize("adding", ["weight", "sample_weight"])
def test_terms_whose_squares_are_beyond_float64_have_the_width_of_smaller_ones(dtype, size, adding):
    """The weighted mean is free of the size of the weights, and so is the width."""
    rng = np.random.default_rng(5)
    fields = {"logits": rng.normal(size=(40, 3)), "labels": rng.integers(3, size=40)}
    weight = 2.0 ** rng.integers(-3, 3, 3 if adding == "weight" else 40)
    two = 2.0 ** round(math.log2(size))
    small, large = (BatchLosses(Batch.build(**fields, **{adding: weight * by})) for by in (1.0, two))
    if not (dtype in ("float16", "bfloat16") and two > 1e38):  # beyond it the dtype has no such weight
        assert large.allowed("weighted-mean", dtype) == pytest.approx(small.allowed("weighted-mean", dtype), rel=1e-9)
    for what in SUMS:
        assert 0 <= large.allowed(what, dtype) < math.inf
    for what in ("loss", "term"):
        assert all(0 <= off < math.inf for off in large.allowed_by_row(what, dtype))


def test_sums_beyond_float64_end_in_a_message():
    fields = {"labels": [1, 1, 0], "weight": [1e308, 1.7e308]}
    for x in ([[1e308, -1e308], [1e308, -9e307], [-1e308, 1e308]], [[1.0, 2.0], [3.0, 1.0], [1.0, 3.0]]):
        for dtype in ("float16", "float32", "float64"):
            for method in ("weighted-mean", "sum"):
                with pytest.raises(AssertionError, match="not"):
                    assert_loss(np.dtype(dtype).type(3e4), logits=x, method=method, **fields)


def test_many_blocks_of_terms_near_the_end_of_float64_have_a_width():
    n = 40_000
    batch = Batch.build(logits=np.zeros((n, 2)), labels=np.zeros(n, dtype=int), sample_weight=np.full(n, 1e304))
    given = BatchLosses(batch)
    for dtype in UNITS:
        for what in SUMS:
            assert 0 <= given.allowed(what, dtype) < math.inf
