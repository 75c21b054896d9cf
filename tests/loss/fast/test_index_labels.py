"""The pass itself: what a row loses in the middle of a large chunk, in every orientation, against 60 digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.oracle import Rows, assert_near, minus_log_p, pairs_of_sample
from wce_cli.batches.batch import Batch
from wce_cli.loss import small_batches
from wce_cli.loss.fast.buffers import NARROW, WIDE, Buffers
from wce_cli.loss.fast.index_labels import Kernel
from wce_cli.loss.rows import CHUNK
from wce_cli.loss.terms import block_terms, pairs
from wce_cli.passes.all_classes import EveryKernel
from wce_cli.passes.one_pass import one_pass

HARD = [
    ([-500.0, 600.0], 0),  # a guard of 600 on x[y] and of 1e280 on the sum let this one overflow
    ([0.1, 700.3], 1),
    ([0.1, 700.3], 0),
    ([30.0, 0.0], 0),
    ([60.0, 0.0], 0),
    ([690.0, 0.0], 0),
    ([340.0, -340.0], 0),
    ([-340.0, 345.0], 0),
    ([-341.0, -342.5], 1),
    ([1e308, -1e308], 0),
    ([1e308, -1e308], 1),
    ([-1e308, -1e308], 0),
    ([1e4 + 0.1, 1e4 - 0.3], 0),
    ([5e-324, 0.0], 0),
    ([-math.inf, 3.0], 1),
    ([-math.inf, 3.0], 0),
    ([-math.inf, -math.inf], 0),
    ([math.inf, 0.0], 0),
    ([0.0, math.inf], 0),
    ([math.nan, 0.0], 1),
    ([0.0, math.nan], 0),
]
"""Rows of two classes and their label; in wider batches the other classes are −∞, and so lose nothing."""

SIZES = [2, 5, NARROW, NARROW + 1, 100, WIDE - 1, WIDE, 1000]


def wide(row: list[float], c: int) -> np.ndarray:
    return np.array(row + [-math.inf] * (c - 2))


def batch_with_hard_rows(c: int, by_class: bool, soft: bool = False, **more: Any) -> tuple[Batch, list[int]]:
    """More than two chunks of usual rows, and the hard ones in the middle of them."""
    n = 2 * max(CHUNK // c, 8) + 5
    rng = np.random.default_rng(c)
    logits, labels = rng.normal(size=(n, c)) * 3, rng.integers(c, size=n)
    places = np.sort(rng.choice(n, size=min(len(HARD), n), replace=False)).tolist()
    for place, (row, y) in zip(places, HARD, strict=False):
        logits[place], labels[place] = wide(row, c), y
    given: Any = np.eye(c)[labels] if soft else labels
    if by_class:
        logits = np.asfortranarray(logits)
    return Batch.build(logits=logits, labels=given, **more), places


def losses_of(batch: Batch, start: int = 0, stop: int | None = None) -> np.ndarray:
    stop = batch.n_samples if stop is None else stop
    losses = Kernel(batch.scores, batch.spec.scores, batch.spec.n_classes, batch.n_samples).losses
    with np.errstate(all="ignore"):
        return losses(start, stop, batch.labels.rows(start, stop).astype(np.int64), None).loss


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("c", SIZES)
def test_the_hard_rows_are_right_to_1e_15_in_the_middle_of_a_chunk(c, by_class):
    batch, places = batch_with_hard_rows(c, by_class)
    found = losses_of(batch)
    for place, (row, y) in zip(places, HARD, strict=False):
        assert_near(found[place], minus_log_p(row, "logits")[y], 1e-15, about=(c, by_class, row, y))
    usual = sorted(set(range(0, batch.n_samples, 37)) - set(places))[:20]
    block = batch.block(0, batch.n_samples)
    for n in usual:
        exact = minus_log_p(block.scores[n].tolist(), "logits")[int(block.labels[n])]
        assert_near(found[n], exact, 1e-15, about=(c, by_class, n))


@pytest.mark.parametrize("scale", [1, 2, 30, 120, 250, 500])
@pytest.mark.parametrize("offset", [0.0, 300.0, 1e4])
@pytest.mark.parametrize("c", [3, 33])
def test_normal_logits_of_any_size_are_right_to_1e_15(scale, offset, c):
    rng = np.random.default_rng(scale)
    logits, labels = rng.normal(size=(40, c)) * scale + offset, rng.integers(c, size=40)
    found = losses_of(Batch.build(logits=logits, labels=labels))
    for n in range(40):
        assert_near(found[n], minus_log_p(logits[n].tolist(), "logits")[labels[n]], 1e-15, about=(scale, offset, n))


@pytest.mark.parametrize("by_class", [False, True])
def test_100_000_classes_are_right_to_1e_15(by_class):
    rng = np.random.default_rng(7)
    logits = rng.normal(size=(9, 100_000)) * 3
    labels = np.array([0, 1, 99_999, int(logits[3].argmax()), int(logits[4].argmin()), 5, 6, 7, 8])
    logits[5, 5] += 60  # a loss of next to nothing: nothing but the sum is in it
    found = losses_of(Batch.build(logits=np.asfortranarray(logits) if by_class else logits, labels=labels))
    for n in (0, 3, 4, 5, 8):
        assert_near(found[n], minus_log_p(logits[n].tolist(), "logits")[labels[n]], 1e-15, about=n)


def row_numbers(batch: Batch, step: int) -> dict[str, bytes]:
    """Every number of every row as the kernels have it, walked `step` rows at a time."""
    spec, n = batch.spec, batch.n_samples
    plain = Kernel(batch.scores, spec.scores, spec.n_classes, n)
    every = EveryKernel(batch) if spec.is_soft or spec.label_smoothing else None
    found: dict[str, list[np.ndarray]] = {}
    for start in range(0, n, step):
        stop = min(start + step, n)
        with np.errstate(all="ignore"):
            if every is None:
                label = batch.labels.rows(start, stop).astype(np.int64)
                rows: Any = plain.losses(start, stop, label, None)
                fields = ("loss", "target_score", "logsumexp")
            else:
                label = np.zeros(stop - start, dtype=np.int64)
                if not spec.is_soft:
                    label = batch.labels.rows(start, stop).astype(np.int64)
                s = batch.sample_weight_of(start, stop)
                rows, _ = every.losses(start, label, np.ones(stop - start, dtype=bool), s)
                fields = ("label", "loss", "logsumexp", "rest", "term", "size", "label_sum")
        for field in fields:
            found.setdefault(field, []).append(getattr(rows, field))
    return {field: np.concatenate(parts).tobytes() for field, parts in found.items()}


@pytest.mark.parametrize("asked", ["plain", "smoothing", "probability"])
@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("c", [1, 2, 3, 10, NARROW, NARROW + 1, 100, 130, WIDE, 1000])
def test_the_digits_of_a_row_depend_on_neither_its_place_nor_its_neighbours(c, by_class, asked):
    rng = np.random.default_rng(c)
    n = 131
    logits = rng.normal(size=(n, c)) * 10
    batch = Batch.build(
        logits=np.asfortranarray(logits) if by_class else logits,
        labels=rng.random((n, c)) if asked == "probability" else rng.integers(c, size=n),
        weight=rng.normal(size=c),
        sample_weight=rng.random(n),
        label_smoothing=0.1 if asked == "smoothing" else 0.0,
    )
    whole = row_numbers(batch, n)
    for step in (1, 3, 7, 8, 64):
        assert row_numbers(batch, step) == whole, step


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("c", [3, NARROW + 1, WIDE, 1000])
def test_terms_over_all_classes_are_right_to_4e_15_of_their_parts(c, soft, smoothing):
    if not soft and smoothing == 0:
        pytest.skip("a single class")
    rng = np.random.default_rng(c)
    n = 12
    logits = rng.normal(size=(n, c)) * np.array([1, 3, 30, 300] * 3)[:, None] + np.repeat([0.0, 200, 1e4], 4)[:, None]
    logits[0, 0] += 60  # one class has it all
    weight = rng.uniform(-1, 3, size=c)
    weight[rng.random(c) < 0.3] = 0.0
    labels: Any = rng.integers(c, size=n)
    labels[0] = 1
    if soft:
        labels = rng.random((n, c)) - 0.3
        labels[0] = 0.0
        labels[0, 0] = 1.0
    batch = Batch.build(logits=logits, labels=labels, weight=weight, label_smoothing=smoothing)
    with np.errstate(all="ignore"):
        label = np.zeros(n, dtype=np.int64) if soft else labels
        rows, _ = EveryKernel(batch).losses(0, label, np.ones(n, dtype=bool), np.ones(n))
    oracle = Rows(logits.tolist(), labels.tolist(), weight.tolist(), smoothing=smoothing)
    for k in range(n):
        exact = pairs_of_sample(oracle, k)["class"]
        assert_near(rows.term[k], exact.term, 4e-15, exact.term_scale, (c, k))


def test_a_class_of_weight_0_hides_no_error_of_the_others():
    # [30, 0] with y = 1: all that the term holds is ε/C · log1p(exp(−30)), and log(1 + exp(−30)) has no digit of it.
    for logits in ([[30.0, 0.0]], [[30.0, 0.0], [0.0, 1.0]], [[330.0, 300.0]]):
        labels = [1] * len(logits)
        batch = Batch.build(logits=logits, labels=labels, weight=[1.0, 0.0], label_smoothing=0.1)
        with np.errstate(all="ignore"):
            kept = np.ones(len(logits), dtype=bool)
            rows, _ = EveryKernel(batch).losses(0, np.array(labels), kept, np.ones(len(logits)))
        exact = pairs_of_sample(Rows(logits, labels, [1.0, 0.0], smoothing=0.1), 0)["class"]
        assert_near(rows.term[0], exact.term, 4e-15, about=logits)


@pytest.mark.parametrize("asked", ["smoothing", "probability"])
@pytest.mark.parametrize("c", [5, 100])
def test_one_odd_row_does_not_send_its_neighbours_class_by_class(c, asked, monkeypatch):
    rng = np.random.default_rng(c)
    logits = rng.normal(size=(400, c))
    logits[[7, 300], 2] = -math.inf
    logits[50, 1] = math.nan
    batch = Batch.build(
        logits=logits,
        labels=rng.random((400, c)) if asked == "probability" else np.zeros(400, dtype=int),
        label_smoothing=0.1 if asked == "smoothing" else 0.0,
    )
    seen: list[int] = []

    def counting(block: Any, spec: Any) -> Any:
        seen.append(len(block.scores))
        return block_terms(block, spec)

    monkeypatch.setattr("wce_cli.passes.all_classes.block_terms", counting)
    one_pass(batch)
    assert sum(seen) == 3


@pytest.mark.parametrize("signed", [False, True])
def test_sums_of_many_losses_are_fsum_to_4e_16(signed):
    rng = np.random.default_rng(8)
    n = 300_000
    logits, labels = rng.normal(size=(n, 3)) * np.array([0.1, 1, 20]), rng.integers(3, size=n)
    s = rng.normal(size=n) if signed else rng.random(n)
    batch = Batch.build(logits=logits, labels=labels, sample_weight=s)
    totals, _ = one_pass(batch)
    losses = losses_of(batch)
    for k in range(3):
        for found, values in ((totals.loss, losses), (totals.s_loss, s * losses), (totals.s, s)):
            mine = values[labels == k]
            exact = math.fsum(mine.tolist())
            assert abs(found.values()[k] - exact) <= 4e-16 * abs(exact)


@pytest.mark.parametrize("c", [3, 40])
def test_sums_over_the_rows_of_a_class_are_right_to_4e_15_of_their_parts(c):
    rng = np.random.default_rng(c)
    n = 200_000 // c
    logits, q = rng.normal(size=(n, c)) * 3 + 100, rng.random((n, c)) - 0.3
    s = rng.normal(size=n)
    totals, _ = one_pass(Batch.build(logits=logits, labels=q, sample_weight=s))
    wide = logits.astype(np.longdouble)
    a = np.log(np.exp(wide - wide.max(axis=1)[:, None]).sum(axis=1))[:, None] + wide.max(axis=1)[:, None] - wide
    loss, rest = (q * a).sum(axis=1)[:, None], a.sum(axis=1)[:, None]
    assert totals.every is not None
    assert totals.every.soft is not None
    soft, sq = totals.every.soft, s[:, None] * q
    for found, parts in (
        (totals.every.s_losses, s[:, None] * a),
        (soft.s_q, sq),
        (soft.s_q_losses, sq * a),
        (soft.s_q_loss, sq * loss),
        (soft.s_q_rest, sq * rest),
    ):
        error = np.abs(found.values() - parts.sum(axis=0))
        assert (error <= 4e-15 * np.abs(parts).sum(axis=0)).all()


@pytest.mark.parametrize("asked", ["plain", "smoothing", "probability"])
def test_the_terms_of_a_small_batch_are_those_that_are_shown_to_the_last_digit(asked, monkeypatch):
    monkeypatch.undo()
    rng = np.random.default_rng(5)
    given: dict[str, Any] = {"logits": rng.normal(size=(50, 7)) * 9, "labels": rng.integers(7, size=50)}
    given["label_smoothing"] = 0.1 if asked == "smoothing" else 0.0
    if asked == "probability":
        given["labels"] = rng.random((50, 7))
    batch = Batch.build(**given)
    assert batch.n_samples * 7 <= small_batches.SMALL
    _, facts = one_pass(batch)
    shown = pairs(block_terms(batch.block(0, 50), batch.spec), np.ones(7), given["label_smoothing"])["class"][0]
    for term, row in facts.top.terms(np.ones(7)):
        assert term == shown[row]


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize(("c", "size", "count"), [(2, CHUNK, 1), (16, CHUNK, 1), (100, 32768, 3), (5000, CHUNK, 1)])
def test_buffers_hold_about_as_much_as_they_are_asked_to(c, size, count, by_class):
    buffers = Buffers(c, by_class, size, count)
    assert len(buffers.flat) == count
    assert all(len(flat) == buffers.rows * c <= max(size, 8 * c) for flat in buffers.flat)
