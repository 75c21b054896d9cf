"""A stack of small batches: the digits that each has by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wce_cli.batches.batch import Batch
from wce_cli.loss.fast.tiny_batches import Stack, totals_of_stack, values_of_stack
from wce_cli.loss.methods import loss_values
from wce_cli.loss.readings import ScoreKind
from wce_cli.passes.one_pass import one_pass

PAIRS = [("weighted-mean", "class"), ("batch-mean", "sample"), ("kept-mean", "label-mix"), ("nonzero-mean", "class")]
PAIRS += [("element-mean", "class"), ("sum", "class"), ("unweighted-mean", "class")]

MAGNITUDES = (1e-12, 1e-3, 1.0, 30.0, 700.0, 1e6)
WEIGHTS = (0.0, 0.1, 1.0, -2.0, 1e-9, 3e8, math.inf)


@pytest.fixture(autouse=True)
def no_batch_is_small() -> None:
    """What is stacked is small."""


def batches(rng: np.random.Generator, kind: ScoreKind, b: int, c: int) -> list[dict[str, object]]:
    """Batches of 0 to 40 rows whose losses are of any size, each with its neighbours' kind and classes."""
    made: list[dict[str, object]] = []
    for _ in range(b):
        n = int(rng.choice([0, 1, 1, 2, 3, 7, 8, 9, 40]))
        scores = rng.standard_normal((n, c)) * rng.choice(MAGNITUDES)
        if kind == "probs":
            scores = rng.dirichlet(np.ones(c), size=n)
        elif kind == "log_probs":
            scores = -np.abs(scores)
        labels = rng.integers(c, size=n)
        labels[rng.random(n) < 0.2] = -100
        batch: dict[str, object] = {kind: scores, "labels": labels, "weight": rng.choice(WEIGHTS, size=c)}
        if rng.random() < 0.5:
            batch["sample_weight"] = rng.choice([0.0, 0.3, 1.0, -1.0], size=n)
        made.append(batch)
    return made


def stack_of(made: list[dict[str, object]], kind: ScoreKind) -> Stack:
    labels = np.concatenate([one["labels"] for one in made])  # type: ignore[misc]
    s = [one.get("sample_weight", np.ones(len(one["labels"]))) for one in made]  # type: ignore[arg-type]
    return Stack(
        kind,
        np.concatenate([one[kind] for one in made]),  # type: ignore[misc]
        np.where(labels == -100, 0, labels),
        labels != -100,
        np.concatenate(s),
        np.array([len(one["labels"]) for one in made]),  # type: ignore[arg-type]
        np.stack([one["weight"] for one in made]),  # type: ignore[misc]
    )


@given(
    st.integers(0, 2**32),
    st.sampled_from(["logits", "log_probs", "probs"]),
    st.integers(1, 12),
    st.sampled_from([1, 2, 3, 8, 9, 16, 17, 33, 200]),
)
def test_a_batch_has_the_digits_that_it_has_by_itself(seed: int, kind: ScoreKind, b: int, c: int) -> None:
    made = batches(np.random.default_rng(seed), kind, b, c)
    stack = stack_of(made, kind)
    stacked = totals_of_stack(stack)
    columns = values_of_stack(stacked, stack.weight, PAIRS)
    for k, one in enumerate(made):
        assert stacked.is_plain[k]
        batch = Batch.build(**one)  # type: ignore[arg-type]
        totals, _ = one_pass(batch)
        for field in ("count", "count_weighted"):
            np.testing.assert_array_equal(getattr(stacked.totals, field)[k], getattr(totals, field))
        for field in ("s", "loss", "s_loss"):
            mine, alone = getattr(stacked.totals, field).of_batch(k), getattr(totals, field)
            assert mine.high.tobytes() == (alone.high + 0.0).tobytes(), field
            assert mine.low.tobytes() == (alone.low + 0.0).tobytes(), field
        alone_values = {(v.method, v.placement): v.value for v in loss_values(totals, batch.spec.class_weight)}
        assert [repr(column[k]) for column in columns] == [repr(alone_values[pair]) for pair in PAIRS]


def test_a_batch_with_losses_beyond_the_cuts_is_told_apart() -> None:
    rows = np.array([[0.0, 1.0], [1e300, -1e300], [3e307, 0.0], [2.0, 1.0]])
    y, kept = np.array([0, 1, 1, 1]), np.ones(4, dtype=bool)
    stacked = totals_of_stack(Stack("logits", rows, y, kept, None, np.array([1, 2, 1]), np.ones((3, 2))))
    assert stacked.is_plain.tolist() == [True, False, True]
    assert stacked.totals.loss.high[0, 0] == math.log1p(math.e)
