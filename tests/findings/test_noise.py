"""Findings are quiet about ordinary batches, never fail, and their words hold no number that is not there."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.findings.said import findings_of
from tests.loss.random_batches import random_batch
from tests.test_docs import CONSOLE
from wce_cli import explain
from wce_cli.answers.analysis import Analysis
from wce_cli.batches.batch import Batch
from wce_cli.findings import FINDINGS
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass

EVERYDAY = {
    *("methods-coincide", "ignored-samples", "weight-cancels", "zero-denominator", "weight-scale"),
    "probabilities-as-logits",
}
"""What the batches of README are about: one-sided weights among them."""
MEASURED = {"frameworks-differ", "index-or-one-hot", "loss-and-metric"}
"""What those are about that are measured in several frameworks."""


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("kind", ["logits", "log_probs", "probs"])
def test_an_ordinary_batch_raises_nothing_about_its_oddities(kind, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(50, 10)) * 2
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    scores = {"logits": logits, "log_probs": log_probs, "probs": np.exp(log_probs)}[kind]
    labels = np.concatenate([np.arange(10), rng.integers(10, size=40)])
    batch = {kind: scores.tolist(), "labels": labels, "weight": rng.uniform(0.5, 2, size=10)}
    assert set(findings_of(batch)) == {"methods-coincide"}


@pytest.mark.parametrize(("line", "shown"), [(line, shown) for _, line, shown in CONSOLE])
def test_the_examples_of_the_pages_raise_none_but_the_everyday(line, shown):
    raised = set(re.findall(r"^(?:note|caution|error) ([a-z0-9-]+):", shown, re.MULTILINE))
    assert raised <= (EVERYDAY | MEASURED if "--engine all" in line else EVERYDAY)


@pytest.mark.parametrize("seed", range(400))
def test_no_rule_fails_and_nan_is_said_only_where_a_number_is(seed):
    batch = random_batch(seed)
    report = explain(**batch, engines=())
    numbers = [row.value for row in report.methods]
    for finding in report.findings:
        assert finding.message
        assert not re.search(r"\bNone\b|np\.|array\(|\[\]|  ", finding.message)
        if re.search(r"\bnan\b", finding.message):
            assert np.isnan(numbers).any(), finding
        if re.search(r"\binf\b", finding.message) and finding.code != "naive-overflow":
            assert not np.isfinite(numbers).all(), finding


@pytest.mark.parametrize("seed", range(60))
def test_a_batch_without_samples_or_with_all_of_them_ignored_fails_no_rule(seed):
    batch = random_batch(1000 + seed)
    kind = next(name for name in ("logits", "log_probs", "probs") if name in batch)
    labels = np.asarray(batch["labels"])
    if labels.ndim < np.asarray(batch[kind]).ndim:
        explain(**{**batch, "labels": np.full_like(labels, batch.get("ignore_index", -100))}, engines=())
    if np.asarray(batch[kind]).ndim > 1:
        cut = {key: batch[key][:0] for key in (kind, "labels", "sample_weight") if key in batch}
        explain(**{**batch, **cut}, engines=())


@pytest.mark.parametrize("code", FINDINGS)
def test_a_rule_reads_the_analysis_and_nothing_else(code):
    given = random_batch(3)
    batch = Batch.build(**given)
    totals, facts = one_pass(batch)
    _, rule = FINDINGS[code]
    found = findings_of(given).get(code)
    values = loss_values(totals, batch.spec.class_weight, batch.spec.label_smoothing)
    assert rule(Analysis(batch.spec, totals, facts, values, ())) == (found and found.message)
