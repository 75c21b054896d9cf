"""`--sort`: the order of the samples, and that what is hidden is still added up."""

from __future__ import annotations

import json
import math
import random

import pytest

from tests.formats.printed import assert_added_up, tables
from tests.formats.reports import BATCHES, to_table
from tests.loss.random_batches import random_batch
from tests.run import run
from wce_cli.batches.batch import Batch
from wce_cli.formats.look import Look
from wce_cli.questions.explain import order
from wce_cli.questions.explain.of_batch import explain_batch

NAN, INF = math.nan, math.inf
# Losses by row: inf, ignored, 1.31, nan, 0, ignored, inf, 1.31, nan; a weight of -1 turns the terms of label 1 around.
ODD = {
    "log_probs": [[-INF, 0], [0, 0], [-2, -1], [NAN, 0], [0, 0], [1, 1], [-INF, 0], [-2, -1], [0, NAN], [-5, -INF]],
    "labels": [0, -100, 0, 0, 1, -100, 0, 0, 1, 1],
    "weight": [1, -1],
}


def order_of(batch, sort: str, rows: int = 1000) -> list[int]:
    return [row.n for row in explain_batch(Batch.build(**batch), (), rows, sort).terms]


def test_nan_comes_first_then_the_largest_and_ignored_samples_last():
    assert order_of(ODD, "index") == list(range(10))
    assert order_of(ODD, "loss") == [3, 8, 0, 6, 9, 2, 7, 4, 1, 5]
    assert order_of(ODD, "term") == [3, 8, 0, 6, 2, 7, 4, 9, 1, 5]


@pytest.mark.parametrize("sort", ["loss", "term"])
@pytest.mark.parametrize("seed", range(20))
def test_random_batches_are_in_the_order_of_a_plain_sort(seed, sort):
    batch = Batch.build(**random_batch(9000 + seed))
    plain = explain_batch(batch, (), 1000).terms
    ranked = sorted(
        plain,
        key=lambda row: (not row.kept, -getattr(row, sort) if row.kept else 0.0),  # sorted is stable: ties by row
    )
    assert explain_batch(batch, (), 1000, sort).terms == tuple(ranked)


def many(n: int) -> dict[str, object]:
    draw = random.Random(1)
    logits = [[draw.uniform(-3, 3) for _ in range(3)] for _ in range(n)]
    return {"logits": logits, "labels": [draw.choice([0, 1, 2, -100]) for _ in range(n)], "weight": [0.5, 1, 2]}


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("sort", ["loss", "term"])
def test_the_sorted_table_adds_up_and_shows_the_largest(sort, is_large, monkeypatch):
    if is_large:
        monkeypatch.setattr(order, "SUMMED_EXACTLY", 10)
    batch = Batch.build(**many(100))
    report = explain_batch(batch, (), 20, sort)
    assert len(report.terms) == (20 if is_large else 100)
    samples, methods = tables(to_table([report], Look(rows=20)))
    assert_added_up(samples, methods)
    assert samples[20]["n"] == "… 80 more"
    everything = sorted((getattr(row, sort) for row in explain_batch(batch, (), 100).terms if row.kept), reverse=True)
    assert [getattr(row, sort) for row in report.terms[:20]] == everything[:20]


def test_what_is_hidden_behind_a_nan_is_added_up():
    report = explain_batch(Batch.build(**ODD), (), 5, "loss")
    samples, _ = tables(to_table([report], Look(rows=5)))
    assert [row["loss ℓ"] for row in samples] == ["nan", "nan", "inf", "inf", "inf", "4", "nan"]


def test_nothing_is_sorted_when_nobody_asks(monkeypatch):
    monkeypatch.setattr(order, "_largest_first", None)
    assert order_of(BATCHES["many"], "index", 7) == list(range(7))


def test_a_batch_without_samples_has_no_order():
    import numpy as np

    assert order_of({"logits": np.zeros((0, 3)), "labels": np.zeros(0, dtype=int)}, "loss") == []


@pytest.mark.parametrize("format", ["table", "markdown", "csv", "json"])
def test_every_format_lists_the_first_rows_of_the_order(format, tmp_path):
    file = tmp_path / "batch.json"
    file.write_text(json.dumps(BATCHES["hard"]), "utf-8")
    ran = run("explain", str(file), "--engine", "none", "--sort", "loss", "--rows", "2", "-f", format)
    if format == "json":
        document = json.loads(ran.out)
        assert ([row["n"] for row in document["terms"]], document["terms_shown"]) == ([4, 3], 2)
        assert document["terms_total"] == 5
    elif format == "csv":
        assert [line.split(",")[0] for line in ran.out.splitlines()] == ["n", "4", "3"]
    else:
        heads = [line.strip("| ").partition(" ")[0] for line in ran.out.splitlines()]
        assert heads[heads.index("n") + 1 :][: heads.index("Σ") - heads.index("n")][-4:] == ["4", "3", "…", "Σ"]


def test_an_unknown_order_is_refused():
    ran = run("explain", "-x", "1 2", "-y", "0", "--sort", "los")
    assert ran == (2, "", 'error: --sort is "los", expected index, loss or term\n')
