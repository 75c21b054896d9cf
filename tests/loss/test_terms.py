"""The terms of one block: pairs by placement, row by row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from tests.loss.random_batches import SMOOTHINGS, random_batch, rows_of
from tests.oracle import assert_near, kept_samples, label_of, pairs_of_sample
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.loss.placements import PLACEMENTS, Weighting
from wce_cli.loss.terms import Terms, block_terms, listed_numbers, mixed, pairs, smoothed_losses
from wce_cli.passes.one_pass import one_pass

ROUNDING = 4e-15


def terms_of(batch: Batch) -> Terms:
    return block_terms(batch.block(0, batch.n_samples), batch.spec)


def pairs_of(batch: Batch) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    return pairs(terms_of(batch), batch.spec.class_weight, batch.spec.label_smoothing)


@pytest.mark.parametrize("seed", range(120))
def test_the_pair_of_every_sample_is_the_oracles(seed):
    given = random_batch(seed)
    batch, rows = Batch.build(**given), rows_of(given)
    terms, found = terms_of(batch), pairs_of(batch)
    assert set(found) == set(PLACEMENTS)
    kept = kept_samples(rows)
    assert np.flatnonzero(terms.kept).tolist() == kept
    for n in kept:
        assert terms.label[n] == label_of(rows.labels[n])
        assert terms.sample_weight[n] == (1 if rows.sample_weight is None else rows.sample_weight[n])
        for placement, exact in pairs_of_sample(rows, n).items():
            term, weight = found[placement]
            about = (seed, n, placement)
            assert_near(term[n], exact.term, ROUNDING, exact.term_scale, about)
            if exact.weight is None:
                assert weight is None, about
            else:
                assert weight is not None, about
                assert_near(weight[n], exact.weight, ROUNDING, exact.weight_scale, about)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("soft", [False, True])
def test_a_term_over_a_thousand_classes_is_right_to_4e_15_of_its_parts(smoothing, soft):
    rng = np.random.default_rng(11)
    c = 1000
    given: dict[str, Any] = {
        "logits": rng.normal(size=(3, c)) * 30,
        "labels": rng.dirichlet(np.full(c, 0.1), size=3) if soft else np.array([0, 999, 500]),
        "weight": rng.uniform(0, 3, size=c),
        "label_smoothing": smoothing,
    }
    found, rows = pairs_of(Batch.build(**given)), rows_of(given)
    for n in range(3):
        for placement, exact in pairs_of_sample(rows, n).items():
            assert_near(found[placement][0][n], exact.term, ROUNDING, exact.term_scale, (n, placement))


def test_smoothed_losses_are_never_weighted():
    given: dict[str, Any] = {"logits": np.random.default_rng(0).normal(size=(5, 3)), "labels": [0, 1, 2, 2, 0]}
    for smoothing in SMOOTHINGS:
        given["label_smoothing"] = smoothing
        bare = pairs_of(Batch.build(**given))["sample"][0]
        heavy = Batch.build(**given, weight=[2.0, 3.0, 4.0])
        assert smoothed_losses(terms_of(heavy), smoothing).tobytes() == bare.tobytes()


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("c", [1, 2, 3, 10, 17, 130, 1000])
def test_the_digits_of_a_row_never_depend_on_its_neighbours(c, smoothing, soft):
    rng = np.random.default_rng(c)
    n = 67
    batch = Batch.build(
        logits=rng.normal(size=(n, c)) * 10,
        labels=rng.random(size=(n, c)) if soft else rng.integers(c, size=n),
        weight=rng.normal(size=c),
        sample_weight=rng.random(n),
        label_smoothing=smoothing,
    )

    def columns(rows_in_block: int) -> dict[str, bytes]:
        parts: dict[str, list[np.ndarray]] = {}
        for start in range(0, n, rows_in_block):
            terms = block_terms(batch.block(start, start + rows_in_block), batch.spec)
            for name in ("loss", "losses", "logsumexp"):
                parts.setdefault(name, []).append(np.asarray(getattr(terms, name), dtype=float))
            for name, (term, weight) in pairs(terms, batch.spec.class_weight, smoothing).items():
                parts.setdefault(f"{name} t", []).append(term)
                if weight is not None:
                    parts.setdefault(f"{name} w", []).append(weight)
        # `losses` is None where it was not asked for, and then has no rows to compare.
        return {k: np.concatenate(v).tobytes() for k, v in parts.items() if all(part.ndim for part in v)}

    whole = columns(n)
    assert "class t" in whole
    for rows_in_block in (1, 3, 7, 8, 64):
        assert columns(rows_in_block) == whole, rows_in_block


def test_the_three_placements_are_one_pair_for_plain_index_labels():
    batch = Batch.build(logits=[[0.1, 0.9, 2], [0, 0.1, -1]], labels=[0, 1], weight=[0.1, 1, 7], sample_weight=[3, 4])
    found = pairs_of(batch)
    for placement in ("sample", "label-mix"):
        for one, other in zip(found["class"], found[placement], strict=True):
            assert one is not None
            assert other is not None
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("smoothing", [0.1, 1.0])
def test_the_three_placements_are_three_under_smoothing(smoothing):
    batch = Batch.build(logits=[[0.1, 0.9, 2.0]], labels=[0], weight=[0.1, 1, 7], label_smoothing=smoothing)
    found = {placement: float(term[0]) for placement, (term, _) in pairs_of(batch).items()}
    assert len({round(term, 9) for term in found.values()}) == 3


def test_smoothing_of_one_half_and_one_on_two_classes_by_hand():
    # p = [1/4, 3/4], y = 0, w = [1, 10], s = 2; everything is a multiple of log 4 and log 4/3.
    for smoothing, own in ((0.0, 1.0), (0.5, 0.75), (1.0, 0.5)):
        found = pairs_of(
            Batch.build(probs=[[0.25, 0.75]], labels=[0], weight=[1, 10], sample_weight=[2], label_smoothing=smoothing)
        )
        a, b, rest = math.log(4), math.log(4 / 3), 1 - own
        loss, mix = own * a + rest * b, own * 1 + rest * 10
        expected = {"class": (2 * (own * a + 10 * rest * b), 2), "sample": (2 * loss, 2)}
        expected["label-mix"] = (2 * mix * loss, 2 * mix)
        for placement, (term, weight) in expected.items():
            t, w = found[placement]
            assert w is not None
            np.testing.assert_allclose([t[0], w[0]], [term, weight], rtol=1e-15)


def test_an_index_label_never_touches_the_other_classes():
    batch = Batch.build(
        logits=[[0.5, -math.inf, 1.5], [0.5, -math.inf, math.log(2)]], labels=[0, 2], weight=[2.0, math.inf, 3.0]
    )
    for term, weight in pairs_of(batch).values():
        assert np.isfinite(term).all()
        assert weight is not None
        assert weight.tolist() == [2.0, 3.0]


def test_zero_times_infinity_is_nan_where_a_probability_label_touches_the_class():
    batch = Batch.build(logits=[[0.5, -math.inf], [0.5, 0.5]], labels=[[1.0, 0.0], [1.0, 0.0]])
    for term, _ in pairs_of(batch).values():
        assert math.isnan(term[0])
        assert math.isfinite(term[1])


@pytest.mark.parametrize("weight", [[1.0, 2.0, 3.0], [0.0, 1.0, 2.0], [2.0, 0.0, 1.0]])
@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        ([[-math.inf, 0.0, 1.0]], [[0.0, 1.0, 0.0]]),
        ([[0.0, 1.0, -math.inf], [-math.inf, 0.0, 2.0]], [[0.0, 1.0, 0.0], [0.0, 0.2, 0.8]]),
        ([[0.0, 1.0, -math.inf], [0.5, 0.0, 2.0]], [[0.3, 0.0, 0.7], [0.0, 0.2, 0.8]]),
    ],
)
def test_smoothing_leaves_no_share_at_zero_for_infinity_to_meet(logits, labels, weight):
    """A class without a share in the label and without a chance: ε/C · inf is inf, and torch has it so."""
    torch = pytest.importorskip("torch")
    batch = Batch.build(logits=logits, labels=labels, weight=weight, label_smoothing=0.1)
    x, y, w = (torch.tensor(values, dtype=torch.float64) for values in (logits, labels, weight))
    none = torch.nn.functional.cross_entropy(x, y, w, reduction="none", label_smoothing=0.1).numpy()
    np.testing.assert_array_equal(pairs_of(batch)["class"][0], none)
    totals, facts = one_pass(batch)
    values = loss_values(totals, batch.spec.class_weight, 0.1)
    (found,) = (value.numerator for value in values if value.pair == "sum/class")
    np.testing.assert_array_equal(found, none.sum())
    assert facts.nan_under(0.1).count == 0
    assert facts.no_chance.count == sum(-math.inf in row for row in logits)


def test_zero_times_infinity_is_nan_where_smoothing_touches_a_class_of_weight_zero():
    batch = Batch.build(logits=[[0.5, -math.inf]], labels=[0], weight=[1.0, 0.0], label_smoothing=0.1)
    found = pairs_of(batch)
    assert math.isnan(found["class"][0][0])
    assert found["sample"][0][0] == math.inf
    assert found["label-mix"][0][0] == math.inf


def test_a_label_of_weight_zero_on_a_masked_class_is_nan():
    batch = Batch.build(logits=[[0.5, -math.inf]], labels=[1], weight=[1.0, 0.0])
    for term, weight in pairs_of(batch).values():
        assert math.isnan(term[0])
        assert weight is not None
        assert weight[0] == 0


def test_terms_at_the_end_of_float64_overflow_to_infinity_without_a_warning():
    batch = Batch.build(logits=[[1e308, -0.7e308]], labels=[1], weight=[1, 10])
    assert terms_of(batch).loss.tolist() == [1.7e308]
    assert pairs_of(batch)["class"][0].tolist() == [math.inf]


def test_the_first_of_tied_entries_is_the_label():
    labels = [[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [0.0, 0.0, 0.0], [-1.0, -2.0, -1.0]]
    terms = terms_of(Batch.build(logits=np.zeros((4, 3)), labels=labels))
    assert terms.label.tolist() == [0, 1, 0, 0]


def test_the_label_is_the_argmax_before_smoothing():
    terms = terms_of(Batch.build(logits=np.zeros((1, 3)), labels=[[0.1, 0.2, 0.7]], label_smoothing=1.0))
    assert terms.label.tolist() == [2]


def test_every_class_is_computed_only_where_it_is_asked_for():
    assert terms_of(Batch.build(logits=[[1.0, 2.0]], labels=[0])).losses is None
    assert terms_of(Batch.build(logits=[[1.0, 2.0]], labels=[0], label_smoothing=0.1)).losses is not None
    assert terms_of(Batch.build(logits=[[1.0, 2.0]], labels=[[1.0, 0.0]])).losses is not None


def test_the_score_at_the_label_is_shown_as_it_was_given():
    terms = terms_of(Batch.build(logits=[[1.25, -7.5], [3.0, 4.0]], labels=[1, 0]))
    assert terms.target_score is not None
    assert terms.target_score.tolist() == [-7.5, 3.0]
    assert terms_of(Batch.build(logits=[[1.0, 2.0]], labels=[[1.0, 0.0]])).target_score is None


def test_an_ignored_label_is_marked_and_a_probability_label_is_always_kept():
    terms = terms_of(Batch.build(logits=np.zeros((4, 3)), labels=[2, 0, 1, 1], ignore_index=1))
    assert terms.kept.tolist() == [True, True, False, False]
    soft = Batch.build(logits=np.zeros((2, 3)), labels=np.eye(3)[[0, 1]], ignore_index=1)
    assert terms_of(soft).kept.all()


def test_terms_are_free_of_the_class_weight():
    one = Batch.build(logits=[[1.0, 2.0], [0.5, 0.1]], labels=[0, 1], weight=[0.1, 1], label_smoothing=0.1)
    terms = terms_of(one)
    other = block_terms(one.block(0, one.n_samples), replace(one.spec, weight=np.full(one.spec.n_classes, 99.0)))
    assert terms.loss.tobytes() == other.loss.tobytes()


@pytest.mark.parametrize("seed", range(20))
def test_what_a_list_holds_is_the_loss_or_the_term_of_the_placement_it_names(seed):
    given = random_batch(seed)
    batch, rows = Batch.build(**given), rows_of(given)
    terms = terms_of(batch)
    loss = listed_numbers(terms, "loss", batch.spec)
    np.testing.assert_array_equal(loss, smoothed_losses(terms, batch.spec.label_smoothing))
    for what, placement in (("term", "class"), *((f"term/{name}", name) for name in PLACEMENTS)):
        listed = listed_numbers(terms, what, batch.spec)
        for n in kept_samples(rows):
            exact = pairs_of_sample(rows, n)[placement]
            assert_near(listed[n], exact.term, ROUNDING, exact.term_scale, (seed, n, what))


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_a_mix_of_numbers_is_that_of_arrays(smoothing):
    values = np.array([0.0, 1.5, -2.25, math.inf, -math.inf, math.nan])
    own, everywhere = (side.ravel() for side in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = mixed(own, everywhere, smoothing, 3)
    one_by_one = [
        mixed(one, all_of_it, smoothing, 3) for one, all_of_it in zip(own.tolist(), everywhere.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(one_by_one, expected)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_the_mixed_weight_of_a_label_has_the_digits_that_its_rows_have(seed, smoothing):
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=7)
    batch = Batch.build(logits=np.zeros((7, 7)), labels=np.arange(7), weight=weight, label_smoothing=smoothing)
    of_labels = PLACEMENTS["label-mix"].by_label(one_pass(batch)[0], Weighting(weight, smoothing))
    of_rows = pairs_of(batch)["label-mix"][1]
    assert of_labels is not None
    assert of_rows is not None
    assert of_labels.tolist() == of_rows.tolist()
