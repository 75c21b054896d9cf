"""Totals: what is left of any number of samples, and their +."""

from __future__ import annotations

import math
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from msgspec.structs import fields

from tests.loss.random_batches import long_batch, random_batch, random_cuts, rows_of
from tests.oracle import Rows, assert_near, expected_values, kept_samples, label_of, minus_log_p
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.loss.sums import Sums
from wce_cli.loss.totals import EveryClass, SoftLabels, Totals
from wce_cli.passes.one_pass import one_pass

ROUNDING = 4e-15


def parts_of(batch: Batch, cuts: list[int]) -> list[Totals]:
    """The totals of the rows between the cuts."""
    return [one_pass(batch, rows=bounds)[0] for bounds in pairwise([0, *cuts, batch.n_samples])]


def sums_of(totals: Totals | EveryClass | SoftLabels) -> dict[str, Sums]:
    """Every Sums of a Totals, by name, however deep."""
    found: dict[str, Sums] = {}
    for field in fields(type(totals)):
        value = getattr(totals, field.name)
        if isinstance(value, Sums):
            found[field.name] = value
        elif isinstance(value, (EveryClass, SoftLabels)):
            found |= sums_of(value)
    return found


def expected_sums(rows: Rows, c: int) -> dict[str, list[list[Any]]]:
    """What every Sums adds up, as lists of 60-digit values by class."""
    names = ("s", "loss", "s_loss", "rest", "s_rest", "s_losses", "s_q", "s_q_losses", "s_q_loss", "s_q_rest")
    found: dict[str, list[list[Any]]] = {name: [[] for _ in range(c)] for name in names}
    for n in kept_samples(rows):
        a = minus_log_p(rows.scores[n], rows.kind)
        label = rows.labels[n]
        y, rest = label_of(label), sum(a)
        s = 1.0 if rows.sample_weight is None else rows.sample_weight[n]
        loss = a[y] if isinstance(label, int) else sum(q * x for q, x in zip(label, a, strict=True))
        for name, value in {"s": s + 0 * rest, "loss": loss, "s_loss": s * loss, "rest": rest}.items():
            found[name][y].append(value)
        found["s_rest"][y].append(s * rest)
        for k in range(c):
            found["s_losses"][k].append(s * a[k])
            if not isinstance(label, int):
                q = s * (label[k] + 0 * rest)
                for name, factor in {"s_q": 1, "s_q_losses": a[k], "s_q_loss": loss, "s_q_rest": rest}.items():
                    found[name][k].append(q * factor)
    return found


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_every_sum_is_the_plain_loops(soft, smoothing):
    given = long_batch(1, soft, smoothing, n=60)
    totals, _ = one_pass(Batch.build(**given))
    exact = expected_sums(rows_of(given), 5)
    found = sums_of(totals)
    asked = {"s", "loss", "s_loss"}
    asked |= {"rest", "s_rest", "s_losses"} if soft or smoothing else set()
    asked |= {"s_q", "s_q_losses", "s_q_loss", "s_q_rest"} if soft else set()
    assert set(found) == asked
    for name, sums in found.items():
        for c, value in enumerate(sums.values()):
            parts = exact[name][c]
            assert_near(value, sum(parts), ROUNDING, sum(abs(part) for part in parts), (name, c))


@pytest.mark.parametrize("soft", [False, True])
def test_the_counts_are_of_kept_samples_by_label(soft):
    given = long_batch(2, soft, 0.0, n=80)
    totals, _ = one_pass(Batch.build(**given))
    rows = rows_of(given)
    kept = kept_samples(rows)
    labels = [label_of(rows.labels[n]) for n in kept]
    assert rows.sample_weight is not None
    weighted = [label_of(rows.labels[n]) for n in kept if rows.sample_weight[n] != 0]
    assert (totals.n, totals.n_kept) == (80, len(kept))
    assert totals.count.tolist() == [labels.count(c) for c in range(5)]
    assert totals.count_weighted.tolist() == [weighted.count(c) for c in range(5)]


@pytest.mark.parametrize("seed", range(40))
def test_the_totals_of_a_batch_are_the_sum_of_those_of_its_parts(seed):
    given = long_batch(seed, soft=seed % 2 == 1, smoothing=(0.0, 0.1, 1.0)[seed % 3])
    batch = Batch.build(**given)
    whole, _ = one_pass(batch)
    parts = parts_of(batch, random_cuts(seed, batch.n_samples))
    summed = reduce(lambda a, b: a + b, parts)
    assert (summed.n, summed.n_kept) == (whole.n, whole.n_kept)
    assert summed.count.tolist() == whole.count.tolist()
    assert summed.count_weighted.tolist() == whole.count_weighted.tolist()
    one, other = sums_of(whole), sums_of(summed)
    assert one.keys() == other.keys()
    for name in one:
        # Every value summed here is positive, so Σ|v| is the sum itself.
        np.testing.assert_allclose(other[name].values(), one[name].values(), rtol=ROUNDING, err_msg=name)


@pytest.mark.parametrize("seed", range(60))
def test_every_pair_of_the_parts_together_is_that_of_the_whole(seed):
    given = random_batch(1000 + seed)
    batch = Batch.build(**given)
    totals = parts_of(batch, random_cuts(seed, batch.n_samples))
    exact = expected_values(rows_of(given), batch.spec.n_classes)
    for order in (totals, totals[::-1]):
        summed = reduce(lambda a, b: a + b, order)
        found = loss_values(summed, batch.spec.class_weight, batch.spec.label_smoothing)
        whole = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
        assert [value.pair for value in found] == [value.pair for value in whole]
        for value, same in zip(found, whole, strict=True):
            scale = exact[value.pair]
            assert abs(value.numerator - same.numerator) <= ROUNDING * scale.numerator_scale
            assert abs(value.denominator - same.denominator) <= ROUNDING * scale.denominator_scale


def test_adding_is_associative_to_the_last_digits():
    batch = Batch.build(**long_batch(5, soft=True, smoothing=0.1))
    a, b, c = parts_of(batch, [100, 137])
    left, right = sums_of((a + b) + c), sums_of(a + (b + c))
    for name in left:
        np.testing.assert_allclose(left[name].values(), right[name].values(), rtol=2e-16, err_msg=name)


def test_totals_of_no_samples_are_neutral():
    for soft in (False, True):
        batch = Batch.build(**long_batch(6, soft, smoothing=0.1, n=20))
        nothing, whole = parts_of(batch, [0])
        assert (nothing.n, nothing.n_kept) == (0, 0)
        for totals in (nothing + whole, whole + nothing):
            for name, sums in sums_of(totals).items():
                assert sums.values().tobytes() == sums_of(whole)[name].values().tobytes(), name


def test_totals_with_and_without_the_sums_over_every_class_do_not_add():
    plain, _ = one_pass(Batch.build(logits=[[0.0, 1.0]], labels=[0]))
    smooth, _ = one_pass(Batch.build(logits=[[0.0, 1.0]], labels=[0], label_smoothing=0.1))
    for one, other in ((plain, smooth), (smooth, plain)):
        with pytest.raises(ValueError, match="one label kind"):
            one + other


def test_totals_are_free_of_the_class_weight_and_of_how_much_is_smoothed():
    given = long_batch(8, soft=False, smoothing=0.1)
    batch = Batch.build(**given)
    totals, _ = one_pass(batch)
    for smoothing in (0.0, 0.1, 0.5, 1.0):
        for weight in (np.ones(5), np.array([0.0, 1, 2, -3, 4])):
            asked = given | {"weight": weight, "label_smoothing": smoothing}
            exact = expected_values(rows_of(asked))
            for value in loss_values(totals, weight, smoothing):
                expected = exact[value.pair]
                assert_near(value.numerator, expected.numerator, ROUNDING, expected.numerator_scale, value.pair)


@pytest.mark.parametrize("row", [[math.nan, 0.0, 0.0], [math.inf, 0.0, 0.0], [-math.inf] * 3, [0.0, -math.inf, 0.0]])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_what_stands_in_an_ignored_row_does_not_matter(row, smoothing):
    logits = np.array([[0.5, 1.5, -1.0], [0.1, 0.2, 0.3], [2.0, -1.0, 0.0]])
    broken = logits.copy()
    broken[1] = row

    def answers(scores: np.ndarray) -> tuple[Any, ...]:
        batch = Batch.build(
            logits=scores,
            labels=[0, -100, 2],
            weight=[1, 2, 3],
            sample_weight=[1, math.nan if scores is broken else 1, 2],
            label_smoothing=smoothing,
        )
        totals, _ = one_pass(batch)
        return loss_values(totals, batch.spec.class_weight, smoothing)

    values = answers(broken)
    assert values == answers(logits)
    assert all(math.isfinite(value.value) for value in values)


def test_terms_whose_sizes_add_up_beyond_float64_are_infinite_without_a_warning():
    batch = Batch.build(logits=[[1e308, -0.7e308]] * 2, labels=[1, 1])
    totals, _ = one_pass(batch)
    value = next(v for v in loss_values(totals, batch.spec.class_weight) if v.pair == "sum/class")
    assert value.numerator == math.inf
