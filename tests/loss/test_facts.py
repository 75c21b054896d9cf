"""Facts: what is known of single rows, and their +."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from typing import Annotated, Any, TypeVar

import numpy as np
import pytest
from msgspec import Struct, structs

from tests.loss.random_batches import long_batch, random_batch, random_cuts, rows_of
from tests.oracle import kept_samples, label_of, minus_log_p, pairs_of_sample
from wce_cli.batches.batch import Batch
from wce_cli.loss import small_batches
from wce_cli.loss.fact_kinds import FactKind
from wce_cli.loss.facts import TOP, UNDERFLOW, CountedRows, Extremes, Facts, Lost, Unnormalised, kinds_of
from wce_cli.loss.largest_terms import Top, largest
from wce_cli.loss.row_facts import BlockRows
from wce_cli.loss.terms import block_terms, pairs
from wce_cli.loss.totals import totals_of
from wce_cli.passes.one_pass import one_pass
from wce_cli.passes.other_readings import read_otherwise
from wce_cli.passes.row_reader import RowReader

ROUNDING = 4e-15
F = TypeVar("F", bound=Facts)


def parts_of(batch: Batch, cuts: list[int]) -> list[Facts]:
    """The facts of the rows between the cuts."""
    return [one_pass(batch, rows=bounds)[1] for bounds in pairwise([0, *cuts, batch.n_samples])]


def added(parts: Sequence[F]) -> F:
    return reduce(lambda a, b: a + b, parts)


def facts_of(**given: Any) -> Facts:
    return one_pass(Batch.build(**given))[1]


def assert_same(one: Any, other: Any, about: str = "") -> None:
    """Equal, array by array, NaN equal to NaN."""
    if isinstance(one, Struct):
        for field in structs.fields(type(one)):
            assert_same(getattr(one, field.name), getattr(other, field.name), f"{about}.{field.name}")
    elif isinstance(one, (tuple, list)):
        for a, b in zip(one, other, strict=True):
            assert_same(a, b, about)
    elif isinstance(one, dict):
        for key, value in one.items():
            assert_same(value, other[key], f"{about}[{key}]")
    else:
        np.testing.assert_array_equal(one, other, err_msg=about)


@pytest.mark.parametrize("seed", range(60))
def test_facts_are_the_plain_loops(seed):
    given = random_batch(2000 + seed)
    batch, rows = Batch.build(**given), rows_of(given)
    _, facts = one_pass(batch)
    c, weight = batch.spec.n_classes, batch.spec.class_weight
    kept = kept_samples(rows)
    exact = {n: pairs_of_sample(rows, n)["class"] for n in kept}
    terms = {n: float(pair.term) for n, pair in exact.items()}
    s_by_label: dict[int, list[float]] = {}
    s_loss_by_label: dict[int, list[float]] = {}
    for n in kept:
        s = 1.0 if rows.sample_weight is None else rows.sample_weight[n]
        y, a = label_of(rows.labels[n]), minus_log_p(rows.scores[n], rows.kind)
        loss = a[y] if isinstance(rows.labels[n], int) else sum(q * x for q, x in zip(rows.labels[n], a, strict=True))
        s_by_label.setdefault(y, []).append(s)
        s_loss_by_label.setdefault(y, []).append(float(s * loss))
    scale = max((float(pair.term_scale) for pair in exact.values()), default=0.0)
    close = {"rtol": ROUNDING, "atol": 10 * ROUNDING * scale}
    for found, by_label, exactly in ((facts.s, s_by_label, True), (facts.s_loss, s_loss_by_label, False)):
        low = [min(by_label.get(y, [math.inf])) for y in range(c)]
        high = [max(by_label.get(y, [-math.inf])) for y in range(c)]
        if exactly:
            assert (found[0].tolist(), found[1].tolist()) == (low, high)
        else:
            np.testing.assert_allclose(found, [low, high], rtol=1e-13, atol=1e-13)
    assert facts.infinite == facts.nan == facts.masked == facts.broken_ignored == CountedRows()
    top = facts.top.terms(weight)
    assert len(top) == min(TOP, len(kept))
    found_terms = [term for term, _ in top]
    np.testing.assert_allclose(found_terms, sorted(terms.values(), reverse=True)[:TOP], **close)
    np.testing.assert_allclose(found_terms, [terms[row] for _, row in top], **close)
    assert found_terms == sorted(found_terms, reverse=True)
    signs = {math.copysign(1, term) for term in terms.values() if term}
    if facts.top.by_class:
        assert facts.terms_have_one_sign(weight) == (len(signs) < 2)
    elif facts.terms_have_one_sign(weight):  # what is enough, not what is needed
        assert len(signs) < 2


@pytest.mark.parametrize("seed", range(30))
def test_the_facts_of_a_batch_are_the_sum_of_those_of_its_parts(seed):
    batch = Batch.build(**long_batch(seed, soft=seed % 2 == 1, smoothing=(0.0, 0.1)[seed // 2 % 2]))
    _, whole = one_pass(batch)
    summed = added(parts_of(batch, random_cuts(seed, batch.n_samples)))
    # Some are sums of floats; everything else is an extreme, a count or an index and must be the same.
    np.testing.assert_allclose(summed.reach, whole.reach, rtol=ROUNDING)
    assert_same(structs.replace(summed, reach=whole.reach, lost=whole.lost), whole)
    assert {dtype: lost.rows for dtype, lost in summed.lost.items()} == {d: lost.rows for d, lost in whole.lost.items()}


@pytest.mark.parametrize("empty_first", [False, True])
def test_the_facts_of_nothing_add_nothing(empty_first):
    batch = Batch.build(**long_batch(3, soft=False, smoothing=0.0))
    nothing, whole = parts_of(batch, [0])
    assert_same(nothing + whole if empty_first else whole + nothing, whole)


class MoreFacts(Facts, frozen=True):
    """Facts, and one that nobody has thought of yet."""

    last_label: Annotated[int, FactKind(lambda block: int(block.kept.label.max(initial=-1)), max)]


def blocks_of(batch: Batch, cuts: list[int]) -> list[BlockRows]:
    """What facts are found in, of the rows between the cuts."""
    blocks, reader = list[BlockRows](), RowReader(batch)
    for start, stop in pairwise([0, *cuts, batch.n_samples]):
        listed = batch.labels_of(start, stop)
        kept = None if batch.spec.is_soft else listed != batch.spec.ignore_index
        label = np.zeros(stop - start, dtype=np.int64) if kept is None else np.where(kept, listed, 0)
        rows = reader.kept_rows(start, label, kept, batch.sample_weight_of(start, stop))
        totals, size = totals_of(rows, batch.spec.n_classes, stop - start), TOP
        top = largest(
            size, not batch.spec.is_soft, [Top(size, not batch.spec.is_soft, rows.label, rows.loss, rows.row)]
        )
        blocks.append(BlockRows(rows, batch.spec, totals, read_otherwise(batch, rows, stop, None), top))
    return blocks


@pytest.mark.parametrize("seed", range(12))
def test_a_fact_is_declared_in_one_place_and_adds_up_in_any_order_of_adding(seed):
    batch = Batch.build(**long_batch(seed, soft=seed % 2 == 1, smoothing=0.0))
    assert list(kinds_of(MoreFacts)) == [*kinds_of(Facts), "last_label"]
    blocks = blocks_of(batch, [0, *random_cuts(seed, batch.n_samples)])
    nothing, *parts = map(MoreFacts.of, blocks)
    whole = added(parts)
    assert whole.last_label == max(part.last_label for part in parts)
    assert whole.shifted(3).last_label == whole.last_label
    assert_same(nothing + whole, whole)
    assert_same(whole + nothing, whole)
    other = reduce(lambda behind, before: before + behind, reversed(parts))
    np.testing.assert_allclose(other.reach, whole.reach, rtol=ROUNDING)
    assert_same(structs.replace(other, reach=whole.reach, lost=whole.lost), whole)


def test_the_reach_of_a_framework_is_the_size_of_what_it_subtracts():
    facts = facts_of(logits=[[20.0, 0], [3, 1], [9, 9]], labels=[0, 1, -100], weight=[2, -5], sample_weight=[1, 3, 1])
    by_hand = 0.0
    for w, row, y in ((2, [20.0, 0], 0), (-15, [3, 1], 1)):
        logsumexp = math.log(sum(map(math.exp, row)))
        by_hand += abs(w) * (logsumexp - row[y] + 1 + logsumexp)
    np.testing.assert_allclose(facts.reach, by_hand, rtol=1e-12)


@pytest.mark.parametrize("small", [small_batches.SMALL, 0])
@pytest.mark.parametrize("seed", range(60))
def test_the_reach_is_that_of_the_pairs_of_every_row(seed, small, monkeypatch):
    monkeypatch.setattr(small_batches, "SMALL", small)  # 0: the kernels of large batches
    batch = Batch.build(**random_batch(seed))
    terms = block_terms(batch.block(0, batch.n_samples), batch.spec)
    found = pairs(terms, batch.spec.class_weight, batch.spec.label_smoothing)
    weight = np.maximum(*(np.abs(found[name][1]) for name in ("sample", "label-mix")))
    logsumexp = 0.0 if terms.logsumexp is None else np.abs(terms.logsumexp)
    expected = (np.abs(found["class"][0]) + weight * (1 + logsumexp))[terms.kept].sum()
    np.testing.assert_allclose(one_pass(batch)[1].reach, expected, rtol=1e-13)


def test_the_first_of_equal_terms_is_on_top_also_across_parts():
    batch = Batch.build(logits=np.zeros((20, 2)), labels=[0, 1] * 10)
    for cuts in ([], [3], [1, 2, 3, 4], [19]):
        assert [row for _, row in added(parts_of(batch, cuts)).top.terms(np.ones(2))] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("weight", [[1, 1, 1], [0.1, 5, 0], [3, 2, 1], [0, 0, 1e9]])
def test_the_top_kept_by_class_is_the_top_for_any_weight_that_is_not_negative(weight):
    rng = np.random.default_rng(5)
    logits, labels, s = rng.normal(size=(500, 3)) * 3, rng.integers(3, size=500), rng.random(500)
    facts = facts_of(logits=logits, labels=labels, sample_weight=s, weight=[1, 0.5, 2])  # another weight
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(500), labels]
    terms = np.array(weight)[labels] * s * losses
    expected = [row for row in np.argsort(-terms, kind="stable")[:TOP].tolist() if terms[row] > 0]
    found = facts.top.terms(np.array(weight, dtype=float))
    assert [row for term, row in found if term > 0] == expected
    np.testing.assert_allclose([term for term, _ in found], np.sort(terms)[::-1][:TOP], rtol=1e-12)


def test_broken_losses_are_counted_with_the_row_they_first_stand_in():
    logits = np.zeros((9, 2))
    logits[[2, 5], 0] = -math.inf
    logits[[4, 7, 8], 1] = math.nan
    labels = np.zeros(9, dtype=int)
    labels[7] = -100
    batch = Batch.build(logits=logits, labels=labels)
    for cuts in ([], [3], [2, 4, 5], [5, 8]):
        facts = added(parts_of(batch, cuts))
        assert facts.infinite == facts.masked == CountedRows(2, 2)
        assert facts.nan == CountedRows(2, 4)
        assert facts.broken_ignored == CountedRows(1, 7)
        assert facts.s_loss[1][0] == math.log(2)
        top = facts.top.terms(np.ones(2))
        assert [row for _, row in top] == [2, 5, 0, 1, 3]
        assert top[0][0] == math.inf


def test_nan_in_an_ignored_row_concerns_logits_alone():
    rows = [[-1.0, -0.5], [math.nan, -1.0]]
    assert facts_of(logits=rows, labels=[0, -100]).broken_ignored == CountedRows(1, 1)
    assert facts_of(log_probs=rows, labels=[0, -100]).broken_ignored == CountedRows()
    assert facts_of(logits=rows, labels=[0, 1]).broken_ignored == CountedRows()


@pytest.mark.parametrize("bad", [0, 1, 2])
@pytest.mark.parametrize("c", [3, 40])
def test_nan_in_an_ignored_row_is_met_wherever_it_stands(c, bad):
    rows = np.zeros((5, c))
    rows[3, bad] = math.nan
    for smoothing in (0.0, 0.1):
        facts = facts_of(logits=rows, labels=[0, 1, -100, -100, 2], label_smoothing=smoothing)
        assert facts.broken_ignored == CountedRows(1, 3)
        assert facts.nan == CountedRows()


def test_a_masked_label_has_an_infinite_loss_and_not_nan():
    rows = [[-math.inf, -math.inf], [-math.inf, 0.0], [-math.inf, math.nan]]
    assert facts_of(logits=rows, labels=[0, 0, 0]).masked == CountedRows(1, 1)


def test_a_probability_of_0_at_the_label_is_masked_too():
    assert facts_of(probs=[[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], labels=[0, 0, 0]).masked == CountedRows(2, 0)


def test_losses_that_a_dtype_loses_are_those_that_torch_prints_as_0():
    torch = pytest.importorskip("torch")
    gaps = [0.5, 10, 16.5, 16.7, 17, 30, 36.5, 36.9, 40, 300]
    logits = [[gap, 0.0] for gap in gaps]
    lost = facts_of(logits=logits, labels=[0] * len(gaps)).lost
    for dtype, expected in lost.items():
        x = torch.tensor(logits, dtype=getattr(torch, dtype))
        y = torch.zeros(len(gaps), dtype=torch.long)
        printed = torch.nn.functional.cross_entropy(x, y, reduction="none")
        zero = np.flatnonzero(printed.numpy() == 0)
        assert expected.rows == CountedRows(len(zero), zero[0])
        np.testing.assert_allclose(expected.loss, sum(math.log1p(math.exp(-gaps[i])) for i in zero), rtol=1e-12)


def test_the_extremes_of_logsumexp_have_their_rows_and_leave_out_what_is_not_finite():
    rows = [[0, 0], [700, 1], [math.nan, 1], [-math.inf, -800], [math.inf, 0], [900, 0]]
    facts = facts_of(logits=rows, labels=[0, 0, 0, 1, 0, -100])
    assert facts.logsumexp == Extremes(-800.0, 700.0, 3, 1)
    assert facts_of(probs=[[0.5, 0.5]], labels=[0]).logsumexp == Extremes()


@pytest.mark.parametrize("n", [3, 40_000])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("end", [*UNDERFLOW.values()])
def test_the_smallest_peak_is_below_an_end_where_all_powers_are(n, smoothing, end):
    """Rows of equal logits below the end, whose logsumexp is above it; and one above it whose logsumexp is smaller."""
    rows = np.zeros((n, 4))
    rows[1] = end - 0.1
    rows[2] = [end + 0.05, -np.inf, -np.inf, -np.inf]
    facts = facts_of(logits=rows, labels=np.zeros(n, dtype=int), label_smoothing=smoothing)
    assert facts.peak.smallest_row == 1
    assert facts.peak.smallest == end - 0.1
    rows[1] = end + 0.1
    facts = facts_of(logits=rows, labels=np.zeros(n, dtype=int), label_smoothing=smoothing)
    assert facts.peak.smallest > end


@pytest.mark.parametrize("n", [4, 40_000])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("row", [[np.nan, 0.0], [0.0, np.inf], [-np.inf, -np.inf]])
def test_an_ignored_row_without_a_softmax_is_met(n, smoothing, row):
    rows, labels = np.zeros((n, 2)), np.zeros(n, dtype=int)
    rows[n - 2], labels[n - 2] = row, -100
    assert facts_of(logits=rows, labels=labels, label_smoothing=smoothing).broken_ignored == CountedRows(1, n - 2)
    rows[n - 2] = [-np.inf, -800.0]
    assert facts_of(logits=rows, labels=labels, label_smoothing=smoothing).broken_ignored == CountedRows()
    rows[n - 2] = [900.0, 800.0]
    assert facts_of(logits=rows, labels=labels, label_smoothing=smoothing).broken_ignored == CountedRows()


def test_extremes_that_tie_have_the_earlier_row_in_any_order():
    one, other = Extremes(1.0, 2.0, 7, 3), Extremes(1.0, 2.0, 4, 9)
    assert one + other == other + one == Extremes(1.0, 2.0, 4, 3)
    assert one + Extremes() == Extremes() + one == one


PROBS = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.0, 0.0, 1.0]]


def test_rows_that_look_like_probabilities_are_also_read_as_such():
    facts = facts_of(logits=PROBS, labels=[0, 0, 2], sample_weight=[1, 2, 3])
    assert facts.as_probs is not None
    np.testing.assert_allclose(
        facts.as_probs.values(), [-math.log(0.7) - 2 * math.log(0.1), 0, 0], rtol=1e-15, atol=1e-300
    )


def test_probability_labels_read_them_by_class_as_torch_weighs_them():
    labels, s = [[0.5, 0.5, 0], [0.25, 0.0, 0.75]], [1.0, 2.0]
    facts = facts_of(logits=PROBS[:2], labels=labels, sample_weight=s)
    assert facts.as_probs is not None
    by_hand = [-0.5 * math.log(0.7) - 0.5 * math.log(0.1), -0.5 * math.log(0.2), -1.5 * math.log(0.1)]
    np.testing.assert_allclose(facts.as_probs.values(), by_hand, rtol=1e-15)
    zero = facts_of(logits=PROBS[2:], labels=[[0.5, 0.0, 0.5]])
    assert zero.as_probs is not None
    np.testing.assert_array_equal(zero.as_probs.values(), [math.inf, math.nan, 0])  # 0·∞, as read from --probs


def test_rows_look_like_probabilities_also_under_smoothing():
    facts = facts_of(logits=PROBS, labels=[0, 0, 2], label_smoothing=0.1)
    assert facts.as_probs is not None
    np.testing.assert_allclose(facts.as_probs.values(), [-math.log(0.7) - math.log(0.1), 0, 0], rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        ([*PROBS, [0.5, 0.6, 0.1]], [0, 0, 2, 1]),
        ([*PROBS, [1.1, -0.1, 0.0]], [0, 0, 2, 1]),
        ([[0.5, 0.6, 0.1], *PROBS], [0, 0, 2, 1]),
        ([[1.0]], [0]),
    ],
)
def test_one_row_that_is_no_probability_settles_it(rows, labels):
    batch = Batch.build(logits=rows, labels=labels)
    assert one_pass(batch)[1].as_probs is None
    for cut in range(len(rows)):
        assert added(parts_of(batch, [cut])).as_probs is None


def test_an_ignored_row_does_not_settle_it():
    assert facts_of(logits=[*PROBS, [5, 5, 5]], labels=[0, 0, 2, -100]).as_probs is not None


def test_log_probabilities_are_recognised_by_their_logsumexp():
    log_probs = np.log([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    assert facts_of(logits=log_probs, labels=[0, 1]).as_log_probs
    assert not facts_of(logits=log_probs + 0.01, labels=[0, 1]).as_log_probs
    assert not facts_of(log_probs=log_probs, labels=[0, 1]).as_log_probs
    assert not facts_of(logits=[[0.0], [0.0]], labels=[0, 0]).as_log_probs


def test_the_shape_of_probability_labels_is_known():
    logits = [[1.0, 2, 3]] * 3
    one_hot = facts_of(logits=logits, labels=[[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    assert one_hot.one_hot
    assert one_hot.unnormalised == Unnormalised()
    mixed = facts_of(logits=logits, labels=[[1.0, 0, 0], [0.5, 0.2, 0.2], [0.5, 0.5, 0.5]])
    assert not mixed.one_hot
    assert mixed.unnormalised == Unnormalised(CountedRows(2, 1), 0.5 + 0.2 + 0.2)
    assert not facts_of(logits=logits, labels=[0, 1, 2]).one_hot


def test_the_first_label_that_does_not_sum_to_1_has_its_sum_also_across_parts():
    labels = [[0.5, 0.5], [0.5, 0.25], [1.0, 1.0], [0.25, 0.75]]
    batch = Batch.build(logits=np.zeros((4, 2)), labels=labels)
    for cuts in ([], [1], [2], [1, 2, 3]):
        assert added(parts_of(batch, cuts)).unnormalised == Unnormalised(CountedRows(2, 1), 0.75)
        assert reduce(lambda a, b: b + a, parts_of(batch, cuts)).unnormalised == Unnormalised(CountedRows(2, 1), 0.75)


def test_the_facts_of_no_samples_are_empty():
    facts = facts_of(logits=np.zeros((0, 2)), labels=np.zeros(0, dtype=int))
    assert facts.top.terms(np.ones(2)) == ()
    assert facts.reach == 0
    assert facts.s[0].tolist() == facts.s_loss[0].tolist() == [math.inf, math.inf]
    assert facts.lost["float32"] == Lost()


def test_terms_whose_sizes_add_up_beyond_float64_are_infinite_without_a_warning():
    assert facts_of(logits=[[1e308, -0.7e308]] * 2, labels=[1, 1]).reach == math.inf


@pytest.mark.parametrize("many", [1, 3000])
def test_rows_without_a_chance_and_labels_below_0_are_counted_by_their_number(many):
    logits = [[0.0, 1, 2], [0, -math.inf, 1], [1, 1, 1], [-math.inf, 0, math.nan], [-math.inf, 1, 1]] * many
    asked: dict[str, Any] = {"logits": logits, "labels": [0, 0, 1, 1, -100] * many}
    assert facts_of(**asked).no_chance == CountedRows()  # nobody reads the other classes
    assert facts_of(**asked, label_smoothing=0.1).no_chance == CountedRows(many, 1)
    q = np.array([[1.0, 0, 0], [0, 0, 1], [1.5, -0.5, 0], [-0.25, 0.25, 1]] * many)
    batch = Batch.build(logits=np.zeros((len(q), 3)), labels=q)
    assert one_pass(batch)[1].negative_q == CountedRows(2 * many, 2)
    first, second = parts_of(batch, [3])
    assert (first + second).negative_q == CountedRows(2 * many, 2)
    behind = facts_of(logits=np.zeros((len(q) - 3, 3)), labels=q[3:]).shifted(3)
    assert behind.negative_q == second.negative_q == CountedRows(2 * many - 1, 3)
    assert facts_of(**asked, label_smoothing=0.1).shifted(7).no_chance == CountedRows(many, 8)
