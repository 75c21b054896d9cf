"""Methods and placements: every defined pair against the plain loop, against torch, and against closed forms."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from tests.loss.random_batches import IGNORED, SMOOTHINGS, random_batch, rows_of
from tests.oracle import Expected, assert_near, expected_values
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import METHODS, LossValue, divide, loss_values
from wce_cli.loss.placements import PLACEMENTS, Weighting, smoothed_sums
from wce_cli.loss.terms import block_terms, pairs
from wce_cli.passes.one_pass import one_pass

ROUNDING = 4e-15
BATCHES = 400


def answers(batch: Batch) -> dict[str, LossValue]:
    """The value of every defined pair."""
    values = loss_values(one_pass(batch)[0], batch.spec.class_weight, batch.spec.label_smoothing)
    assert len({value.pair for value in values}) == len(values)
    return {value.pair: value for value in values}


def assert_pair_is(found: LossValue, exact: Expected, about: object) -> None:
    """Numerator and denominator to 4e-15 of their parts, and the quotient as far as those leave it determined."""
    about = (about, found.pair)
    assert_near(found.numerator, exact.numerator, ROUNDING, exact.numerator_scale, about)
    assert_near(found.denominator, exact.denominator, ROUNDING, exact.denominator_scale, about)
    if exact.denominator == 0:
        assert found.denominator == 0, about
        expected = math.nan if exact.numerator == 0 else math.copysign(math.inf, exact.numerator)
        np.testing.assert_equal(found.value, expected, err_msg=str(about))
        return
    with mp.workdps(60):
        size = abs(exact.denominator)
        value = exact.numerator / exact.denominator
        scale = exact.numerator_scale / size + abs(value) * (exact.denominator_scale / size + mpf(1) / 4)
        if exact.denominator_scale < 1e6 * size:  # weights that cancel leave the quotient undetermined
            assert_near(found.value, value, ROUNDING, scale, about)


@pytest.mark.parametrize("start", range(0, BATCHES, 50))
def test_every_pair_is_the_plain_loops_over_random_batches(start):
    for seed in range(start, start + 50):
        given = random_batch(seed)
        batch = Batch.build(**given)
        found, exact = answers(batch), expected_values(rows_of(given), batch.spec.n_classes)
        assert set(found) == set(exact), seed
        for pair, value in found.items():
            assert_pair_is(value, exact[pair], seed)


def test_the_random_batches_reach_every_corner():
    seen: Counter[str] = Counter()
    for seed in range(BATCHES):
        given = random_batch(seed)
        kind = next(k for k in ("logits", "probs", "log_probs") if k in given)
        rows = rows_of(given)
        n, c = len(rows.scores), len(rows.scores[0])
        labels = given["labels"]
        seen[kind] += 1
        seen[f"ndim {given[kind].ndim}"] += 1
        seen[f"smoothing {rows.smoothing} {'soft' if rows.is_soft else 'index'}"] += 1
        seen["N = C"] += given[kind].ndim == 2 and n == c
        if rows.is_soft:
            q = np.array(rows.labels)
            seen["one-hot"] += bool((np.sort(q)[:, :-1] == 0).all())
            seen["negative entry"] += bool((q < 0).any())
            seen["unnormalised"] += bool((abs(q.sum(axis=1) - 1) > 0.1).any())
        else:
            seen[f"ignore {rows.ignore_index}"] += bool((labels == rows.ignore_index).any())
            seen["all ignored"] += bool((labels == rows.ignore_index).all())
        for name in ("weight", "sample_weight"):
            vector = getattr(rows, name)
            if vector is None:
                seen[f"no {name}"] += 1
            else:
                seen[f"{name} with a zero"] += 0 < vector.count(0) < len(vector)
                seen[f"{name} all zero"] += not any(vector)
        seen["weight of both signs"] += rows.weight is not None and min(rows.weight) < 0 < max(rows.weight)
    assert seen.pop("N = C") == 0  # where N = C, half of the mistakes cannot be seen
    expected = {f"smoothing {eps} {kind}" for eps in SMOOTHINGS for kind in ("soft", "index")}
    expected |= {f"ndim {k}" for k in (1, 2, 3, 4)} | {f"ignore {k}" for k in IGNORED}
    assert expected <= set(seen)
    assert min(seen.values()) >= 5, seen


FAR_APART: dict[str, Any] = {
    "logits": [[1.2, -0.3, 0.5], [-0.7, 0.8, 2.0], [0.4, 0.4, -1.0], [2.0, 0.1, 0.3], [-0.2, -0.5, 1.5]],
    "weight": [1.5, 0.25, 0.0],
    "sample_weight": [1.0, 0.5, 2.0, 0.0, 3.0],
}
INDEX = FAR_APART | {"labels": [0, 1, -100, 0, 2], "label_smoothing": 0.1}
SOFT = FAR_APART | {"labels": [[0.7, 0.2, 0.1], [0, 0.6, 0.4], [0.3, 0.3, 0.4], [1, 0, 0], [0.05, 0.15, 0.8]]}


@pytest.mark.parametrize("given", [INDEX, SOFT, SOFT | {"label_smoothing": 0.1}], ids=["index", "soft", "smoothed"])
def test_a_batch_on_which_every_value_differs(given):
    found = answers(Batch.build(**given))
    exact = expected_values(rows_of(given))
    for pair, value in found.items():
        assert_pair_is(value, exact[pair], "far apart")
    by_placement: dict[str, list[float]] = {name: [] for name in PLACEMENTS}
    for value in found.values():
        by_placement[value.placement].append(value.value)
    for placement, values in by_placement.items():
        for one, other in itertools.combinations(values, 2):
            # A probability label is always kept, so that batch-mean and kept-mean are one number there.
            same = given is not INDEX and one == other == found[f"batch-mean/{placement}"].value
            assert same or abs(one - other) > 1e-3, (placement, values)
    for method in METHODS.values():
        values = [found[f"{method.name}/{p}"].value for p in method.placements if f"{method.name}/{p}" in found]
        for one, other in itertools.combinations(values, 2):
            assert abs(one - other) > 1e-3, (method.name, values)


def test_all_pairs_of_the_hand_made_batch_are_there():
    assert len(answers(Batch.build(**INDEX))) == 6 * 3 + 1
    soft = set(answers(Batch.build(**SOFT)))
    missing = {"weighted-mean/class", "nonzero-mean/class", "nonzero-mean/label-mix"}
    assert set(answers(Batch.build(**INDEX))) - soft == missing
    assert soft < set(answers(Batch.build(**INDEX)))


def test_placements_are_one_for_plain_index_labels():
    found = answers(Batch.build(**(INDEX | {"label_smoothing": 0.0})))
    for method in (method for method in METHODS.values() if not method.by_item):
        assert len({found[f"{method.name}/{p}"].value for p in method.placements}) == 1


def test_the_question_that_started_this():
    for weight, losses in {(1, 1): (1.1711, 1.1711), (0.1, 1): (1.1711, 0.11711), (0, 1): (math.nan, 0)}.items():
        found = answers(Batch.build(logits=[[0.1, 0.9]], labels=[0], weight=weight))
        got = [found["weighted-mean/class"].value, found["batch-mean/class"].value]
        np.testing.assert_allclose(got, losses, atol=5e-6)
    found = answers(Batch.build(logits=[[0.1, 0.9], [0, 0.1]], labels=[0, 1], weight=[0.1, 1]))
    np.testing.assert_allclose(found["weighted-mean/class"].value, 0.692279, atol=5e-7)
    np.testing.assert_allclose(found["batch-mean/class"].value, 0.380753, atol=5e-7)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("c", [1, 2, 5, 100])
def test_uniform_logits_give_log_c_by_every_mean(c, soft, smoothing):
    rng = np.random.default_rng(c)
    n = 7
    batch = Batch.build(
        logits=np.full((n, c), 3.25),
        labels=rng.dirichlet(np.ones(c), size=n) if soft else rng.integers(c, size=n),
        label_smoothing=smoothing,
        sample_weight=rng.uniform(0.5, 2, size=n),
        weight=np.full(c, 2.0),
    )
    for pair, value in answers(batch).items():
        if value.method in ("weighted-mean", "unweighted-mean"):
            np.testing.assert_allclose(value.value, math.log(c), rtol=1e-14, err_msg=pair)
    bare = Batch.build(logits=batch.scores.whole(), labels=batch.labels.array, label_smoothing=smoothing)
    for pair, value in answers(bare).items():
        expected = math.log(c) * {"sum": n, "element-mean": 1 / c}.get(value.method, 1)
        np.testing.assert_allclose(value.value, expected, rtol=1e-14, err_msg=pair)


def test_one_scale_of_the_weights_cancels_in_the_weighted_mean_alone():
    one, ten = answers(Batch.build(**INDEX)), answers(Batch.build(**(INDEX | {"weight": [15, 2.5, 0]})))
    for pair, value in one.items():
        factor = 1 if value.method in ("weighted-mean", "unweighted-mean") else 10
        np.testing.assert_allclose(ten[pair].value, factor * value.value, rtol=1e-14, err_msg=pair)


# Infinite losses: the numerator must be what adding up the terms gives, in every pair.

INFINITE = {
    "an infinite loss": {"logits": [[0.0, -math.inf], [0, 1]], "labels": [1, 0]},
    "a masked class that is no label": {"logits": [[0.0, -math.inf], [0, 1]], "labels": [0, 1]},
    "a masked class under smoothing": {"logits": [[0.0, -math.inf], [0, 1]], "labels": [0, 1], "label_smoothing": 0.1},
    "a masked class of weight 0 under smoothing": {
        "logits": [[0.0, -math.inf]],
        "labels": [0],
        "weight": [1, 0],
        "label_smoothing": 0.1,
    },
    "a masked class beside a label of weight 0 under smoothing": {
        "logits": [[0.0, -math.inf]],
        "labels": [0],
        "weight": [0, 1],
        "label_smoothing": 0.1,
    },
    "an infinite loss with weights that sum to 0": {
        "logits": [[0.0, -math.inf]],
        "labels": [1],
        "weight": [1, -1],
        "label_smoothing": 0.1,
    },
    "a masked class under smoothing of 1": {
        "logits": [[0.0, -math.inf]],
        "labels": [0],
        "weight": [0, 1],
        "label_smoothing": 1.0,
    },
    "a weight of 0 on an infinite loss": {"logits": [[0.0, -math.inf], [0, 1]], "labels": [1, 0], "weight": [1, 0]},
    "a sample weight of 0 on it": {"logits": [[0.0, -math.inf], [0, 1]], "labels": [1, 0], "sample_weight": [0, 1]},
    "an infinite weight on an absent class": {"logits": [[0.0, 1.0, 2]], "labels": [1], "weight": [1, 2, math.inf]},
    "an infinite weight on an absent class under smoothing": {
        "logits": [[0.0, 1.0, 2]],
        "labels": [1],
        "weight": [1, 2, math.inf],
        "label_smoothing": 0.1,
    },
    "one-hot on probability 0": {"probs": [[0.0, 1.0], [0.5, 0.5]], "labels": [[1.0, 0.0], [1.0, 0.0]]},
    "one-hot on probability 0 smoothed": {"probs": [[0.0, 1.0]], "labels": [[1.0, 0.0]], "label_smoothing": 0.1},
    "one-hot on probability 0 smoothed to 1": {"probs": [[0.0, 1.0]], "labels": [[1.0, 0.0]], "label_smoothing": 1.0},
    "one-hot beside probability 0": {"probs": [[0.0, 1.0], [0.5, 0.5]], "labels": [[0.0, 1.0], [1.0, 0.0]]},
    "a mixed label on probability 0": {"probs": [[0.0, 1.0]], "labels": [[0.5, 0.5]]},
    "a label of zeros on an infinite loss": {"logits": [[0.0, -math.inf], [0, 1]], "labels": [[0.0, 0.0], [1, 0]]},
    "a NaN row": {"logits": [[math.nan, 1.0], [0, 1]], "labels": [0, 1]},
}


@pytest.mark.parametrize("given", INFINITE.values(), ids=INFINITE)
def test_numerators_are_the_sum_of_the_terms_also_where_a_loss_is_not_finite(given):
    batch = Batch.build(**given)
    found = answers(batch)
    terms = pairs(block_terms(batch.block(0, 99), batch.spec), batch.spec.class_weight, batch.spec.label_smoothing)
    exact = expected_values(rows_of(given))
    for pair, value in found.items():
        if METHODS[value.method].is_weighted:
            with np.errstate(invalid="ignore"):
                added = float(terms[value.placement][0].sum())
            np.testing.assert_allclose(value.numerator, added, rtol=ROUNDING, err_msg=pair)
        assert_near(value.numerator, exact[pair].numerator, ROUNDING, exact[pair].numerator_scale, pair)


@pytest.mark.parametrize(
    "given",
    [
        {"probs": [[0.0, 1.0]], "labels": [[0.5, 0.5]], "weight": [1, 0]},
        {"logits": [[0.0, -math.inf]], "labels": [[2.0, -1.0]]},
    ],
    ids=["a class of weight 0 in the label", "a label with a negative entry"],
)
def test_the_label_mix_of_an_infinite_loss_is_nan_where_sums_by_class_cannot_tell_its_sign(given):
    batch = Batch.build(**given)
    found = answers(batch)
    term = pairs(block_terms(batch.block(0, 1), batch.spec), batch.spec.class_weight, 0.0)["label-mix"][0]
    assert math.isinf(term[0])
    assert math.isnan(found["sum/label-mix"].value)
    assert math.isinf(found["sum/sample"].value)


def test_infinite_weights_of_both_signs_answer_without_a_warning():
    weight = [1, math.inf, -math.inf]
    found = answers(Batch.build(logits=[[0.0, 1.0, 2.0]], labels=[0], weight=weight, label_smoothing=0.1))
    for pair in ("sum/class", "sum/label-mix"):
        assert math.isnan(found[pair].value)
    assert math.isfinite(found["sum/sample"].value)


# The parts.


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (0.0, 0.0, math.nan),
        (-0.0, 0.0, math.nan),
        (0.0, -0.0, math.nan),
        (2.5, 0.0, math.inf),
        (-2.5, 0.0, -math.inf),
        (math.inf, 0.0, math.inf),
        (-math.inf, 0.0, -math.inf),
        (math.nan, 0.0, math.nan),
        (math.nan, 2.0, math.nan),
        (1.0, math.nan, math.nan),
        (math.inf, math.inf, math.nan),
        (math.inf, -2.0, -math.inf),
        (3.0, math.inf, 0.0),
        (3.0, 2.0, 1.5),
        (-3.0, 2.0, -1.5),
        (3.0, -2.0, -1.5),
        (1e308, 1e-308, math.inf),
        (5e-324, 2.0, 0.0),
    ],
)
def test_divide_is_the_quotient_as_ieee_has_it(numerator, denominator, expected):
    np.testing.assert_equal(divide(numerator, denominator), expected)


@pytest.mark.parametrize("seed", range(20))
def test_values_are_the_quotient_of_what_is_shown(seed):
    for value in answers(Batch.build(**random_batch(seed))).values():
        np.testing.assert_equal(value.value, divide(value.numerator, value.denominator))
        assert value.pair == f"{value.method}/{value.placement}"


@pytest.mark.parametrize("seed", range(40))
def test_smoothed_sums_by_label_add_up_to_the_numerators(seed):
    given = random_batch(3000 + seed)
    batch = Batch.build(**given)
    totals, _ = one_pass(batch)
    asked = Weighting(batch.spec.class_weight, batch.spec.label_smoothing)
    loss, s_loss = smoothed_sums(totals, asked)
    exact = expected_values(rows_of(given), batch.spec.n_classes)
    bare, sample = exact["unweighted-mean/class"], exact["sum/sample"]
    present = totals.count > 0
    assert_near(float(loss[present].sum()), bare.numerator, 4 * ROUNDING, bare.numerator_scale)
    by_hand = float((asked.weight * s_loss)[present].sum())
    assert_near(by_hand, sample.numerator, 4 * ROUNDING, sample.numerator_scale)
    assert not loss[~present].any()


def test_totals_without_smoothing_refuse_to_be_asked_for_it():
    totals, _ = one_pass(Batch.build(logits=[[0.0, 1.0]], labels=[0]))
    with pytest.raises(ValueError, match="taken without smoothing"):
        loss_values(totals, np.ones(2), 0.1)


# The table.


def test_the_methods_are_those_of_the_design_in_order():
    assert list(METHODS) == [
        "weighted-mean",
        "batch-mean",
        "kept-mean",
        "nonzero-mean",
        "element-mean",
        "sum",
        "unweighted-mean",
        "sample-mean",
    ]
    assert list(PLACEMENTS) == ["class", "sample", "label-mix"]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_is_who_uses_it_and_how_that_is_known(name):
    method = METHODS[name]
    assert method.name == name
    assert method.formula
    assert method.summary
    assert not method.summary.endswith(".")
    assert method.used_by
    for claim in method.used_by:
        assert ("measured" in claim) != ("source" in claim), claim
        assert any(character.isdigit() for character in claim), f"no version: {claim}"
    assert method.source.startswith("https://")
    assert method.placements
    assert set(method.placements) <= set(PLACEMENTS)


@pytest.mark.parametrize("name", PLACEMENTS)
def test_every_placement_says_what_it_is_and_who_uses_it(name):
    placement = PLACEMENTS[name]
    assert placement.name == name
    assert all((placement.term, placement.weight, placement.summary, placement.used_by))


def test_the_weighted_mean_is_written_with_the_weights_of_its_placement():
    written = {(p, soft): METHODS["weighted-mean"].formula_for(p, soft) for p in PLACEMENTS for soft in (False, True)}
    assert written["class", False] == written["sample", False] == "Σ w[y]"
    assert written["sample", True] == "Σ w[argmax q]"
    assert written["label-mix", False] == written["label-mix", True] == "Σ w·q"
    for name in set(METHODS) - {"weighted-mean"}:
        for placement in METHODS[name].placements:
            assert METHODS[name].formula_for(placement, True) == METHODS[name].formula


# The real torch.


def torch_call(torch: Any, given: dict[str, Any], reduction: str) -> np.ndarray:
    """`cross_entropy` of the batch in float64, sample weights left out."""

    def tensor(name: str) -> Any:
        value = given.get(name)
        return None if value is None else torch.tensor(np.asarray(value))

    labels = tensor("labels")
    soft = np.shape(given["labels"]) == np.shape(given["logits"])
    answer = torch.nn.functional.cross_entropy(
        tensor("logits"),
        labels if soft else labels.long(),
        weight=tensor("weight"),
        ignore_index=given.get("ignore_index", -100),
        label_smoothing=given["label_smoothing"],
        reduction=reduction,
    )
    return np.asarray(answer)


@pytest.mark.parametrize("start", range(0, BATCHES, 100))
def test_torch_returns_the_numbers_of_class_placement(start):
    torch = pytest.importorskip("torch")
    for seed in range(start, start + 100):
        given = random_batch(seed, ("logits",))
        s = given.pop("sample_weight", None)
        batch = Batch.build(**given)
        found, exact = answers(batch), expected_values(rows_of(given), batch.spec.n_classes)
        # torch subtracts a rounded logsumexp: its error grows with the logits, not with the loss.
        reach = float(np.abs(given["logits"]).max()) + 10
        size = float(np.abs(batch.spec.class_weight).max()) * reach
        if batch.spec.is_soft:
            size *= float(np.abs(given["labels"]).sum(axis=1 if given["logits"].ndim > 1 else 0).max()) + 1
        mean = found["batch-mean/class" if batch.spec.is_soft else "weighted-mean/class"]
        close = {"rtol": 1e-12, "err_msg": str(seed)}

        returned = torch_call(torch, given, "sum")
        np.testing.assert_allclose(found["sum/class"].value, returned, atol=1e-14 * size * batch.n_samples, **close)

        returned = torch_call(torch, given, "mean")
        if mean.denominator == 0 and given["label_smoothing"] > 0:
            assert np.isnan(returned), seed  # torch divides its two parts one by one, and 0/0 is in the first
        else:
            atol = 1e-14 * size * batch.n_samples / abs(mean.denominator) if mean.denominator else 0
            if abs(mean.denominator) > 1e-9 * float(exact[mean.pair].denominator_scale):
                np.testing.assert_allclose(mean.value, returned, atol=atol, **close)

        returned = torch_call(torch, given, "none")
        if returned.ndim > 1 and returned[0].size > 1:
            mean = torch.tensor(returned).flatten(1).sum(1).mean().item()
            value = found["sample-mean/class"].value
            np.testing.assert_allclose(value, mean, atol=1e-14 * size * batch.n_samples, **close)
        assert returned.shape == batch.sample_shape
        terms = block_terms(batch.block(0, batch.n_samples), batch.spec)
        term = pairs(terms, batch.spec.class_weight, batch.spec.label_smoothing)["class"][0]
        mine = np.where(terms.kept, term, 0.0).reshape(batch.sample_shape)
        np.testing.assert_allclose(mine, returned, atol=1e-14 * size, **close)

        if s is not None:
            weighted = answers(Batch.build(**given, sample_weight=s))
            atol = 1e-14 * size * batch.n_samples * 3
            np.testing.assert_allclose(weighted["sum/class"].value, (s * returned).sum(), atol=atol, **close)
            np.testing.assert_allclose(weighted["batch-mean/class"].value, (s * returned).mean(), atol=atol, **close)


# cross_entropy takes logits, and no sample weight.
FOR_TORCH = {name: given for name, given in INFINITE.items() if "logits" in given and "sample_weight" not in given}


@pytest.mark.parametrize("given", FOR_TORCH.values(), ids=FOR_TORCH)
def test_torch_returns_the_same_infinities(given):
    torch = pytest.importorskip("torch")
    given = {"label_smoothing": 0.0} | given
    given |= {name: np.array(given[name], dtype=float) for name in ("logits", "weight") if name in given}
    found = answers(Batch.build(**given))
    np.testing.assert_allclose(found["sum/class"].value, torch_call(torch, given, "sum"), rtol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_torch_agrees_where_every_label_is_ignored_or_every_weight_is_zero(smoothing):
    torch = pytest.importorskip("torch")
    for labels, weight in (([-100, -100], [1.0, 2.0]), ([0, 1], [0.0, 0.0])):
        given = {"logits": np.eye(2), "labels": labels, "weight": weight, "label_smoothing": smoothing}
        found = answers(Batch.build(**given))
        np.testing.assert_equal(found["weighted-mean/class"].value, math.nan)
        np.testing.assert_equal(torch_call(torch, given, "mean").item(), math.nan)
        assert found["sum/class"].value == torch_call(torch, given, "sum") == 0
