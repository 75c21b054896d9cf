"""Each finding: raised exactly where it should be, with this batch's numbers; and its page."""

from __future__ import annotations

import math
import pkgutil
import shlex

import numpy as np
import pytest

import wce_cli.findings
from tests.findings.said import findings_of, message
from tests.run import run
from wce_cli.findings import FINDINGS

SCORES = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1]]
HARD = {"logits": SCORES, "labels": [0, 1, -100, 1], "weight": [0, 0.25, 3], "label_smoothing": 0.1}


def loss(row, y):
    """logsumexp(x) − x[y], by hand."""
    return math.log(sum(math.exp(x) for x in row)) - row[y]


ONE = loss(SCORES[0], 1) + loss(SCORES[1], 1) + loss(SCORES[3], 1)
CYCLE = loss(SCORES[0], 0) + loss(SCORES[1], 1) + loss(SCORES[2], 2) + loss(SCORES[3], 1)


SAYS = [
    (
        "weight-cancels",
        {"logits": [[0.1, 0.9]], "labels": [0], "weight": [0.1, 1]},
        "the only kept sample weighs 0.1, and weighted-mean divides by the same weight: it is 1.1711 whatever that "
        "weight is, unless it is 0. batch-mean sees it: 0.11711",
    ),
    (
        "weight-cancels",
        {"logits": SCORES, "labels": [1, 1, -100, 1], "weight": [1, 0.25, 3]},
        f"all 3 kept samples weigh 0.25, and weighted-mean divides by the same weight: it is {ONE / 3:.6g} whatever "
        f"that weight is, unless it is 0. batch-mean sees it: {ONE * 0.25 / 4:.6g}",
    ),
    (
        "weight-cancels",
        {"logits": SCORES, "labels": [0, 1, 2, 1], "sample_weight": [2, 2, 2, 2]},
        f"all 4 kept samples weigh 2, and weighted-mean divides by the same weight: it is {CYCLE / 4:.6g} whatever "
        "that weight is, unless it is 0, as long as it is one weight for all of them. batch-mean sees it: "
        f"{CYCLE / 2:.6g}",
    ),
    (
        "zero-denominator",
        {"logits": SCORES[:2], "labels": [-100, -100], "weight": [1, 2, 3]},
        "both samples are ignored: weighted-mean, kept-mean, nonzero-mean and unweighted-mean are 0/0 = nan",
    ),
    (
        "zero-denominator",
        {"logits": SCORES, "labels": [0, 0, -100, 0], "weight": [0, 2, 3]},
        "every kept sample weighs 0: weighted-mean and nonzero-mean are 0/0 = nan",
    ),
    (
        "zero-denominator",
        {"logits": [[2.0, 1, 0], [0, 1, 1]], "labels": [0, 1], "weight": [1, -1, 3]},
        "the weights of the kept samples add up to 0: weighted-mean is "
        f"{loss([2, 1, 0], 0) - loss([0, 1, 1], 1):.6g}/0 = -inf",
    ),
    (
        "zero-denominator",
        {"logits": SCORES[:1], "labels": [[0.5, 0.25, 0.25]], "weight": [0, 0, 0]},
        "the only kept sample weighs 0: weighted-mean/sample, weighted-mean/label-mix and nonzero-mean/sample are "
        "0/0 = nan",
    ),
    (
        "zero-denominator",
        {"logits": np.zeros((0, 3)), "labels": np.zeros(0, dtype=int)},
        "the batch is empty: weighted-mean, batch-mean, kept-mean, nonzero-mean, element-mean and unweighted-mean are "
        "0/0 = nan",
    ),
    (
        "ignored-samples",
        {"logits": SCORES, "labels": [0, 1, 7, 1], "ignore_index": 7},
        "1 of 4 samples is ignored (label 7): N = 4, by which batch-mean divides, counts it; N kept = 3 does not: "
        f"kept-mean is {(CYCLE - loss(SCORES[2], 2)) / 3:.6g}",
    ),
    (
        "methods-coincide",
        {"logits": SCORES, "labels": [0, 1, 2, 1]},
        f"weighted-mean, batch-mean, kept-mean, nonzero-mean and unweighted-mean are all {CYCLE / 4:.6g}, dividing "
        "by 4: nothing is ignored and there are no weights",
    ),
    (
        "methods-coincide",
        {"logits": SCORES, "labels": [1, 1, -100, 1], "weight": [1, 0.25, 3]},
        f"weighted-mean and unweighted-mean are both {ONE / 3:.6g}; kept-mean and nonzero-mean are both "
        f"{ONE / 12:.6g}, dividing by 3: all kept samples weigh the same and no weight is 0",
    ),
    (
        "weight-cancels",
        {"logits": [[1.0, 2], [3, 4]], "labels": [0, 1], "weight": [3, 3], "label_smoothing": 0.1},
        "both kept samples weigh 3, and weighted-mean divides by the same weight: it is 0.813262 whatever that weight "
        "is, unless it is 0, as long as it is one weight for all of them. batch-mean sees it: 2.43979",
    ),
    (
        "weight-cancels",
        {"logits": [[0.1, 0.9]], "labels": [0], "weight": [1, 2]},
        "the only kept sample weighs 1, and weighted-mean divides by the same weight: it is 1.1711 whatever that "
        "weight is, unless it is 0. batch-mean would change with it",
    ),
    (
        "methods-coincide",
        {"logits": [[1.0, 2], [1, 2]], "labels": [0, 1], "weight": [1, 2], "sample_weight": [1, 0]},
        "weighted-mean, nonzero-mean and sum are all 1.31326; batch-mean and kept-mean are both 0.656631, dividing by "
        "2: Σ s·w[y] = N with w ≠ 0 and nothing is ignored",
    ),
    (
        "methods-coincide",
        {"logits": [[1.0, 2], [3, 4]], "labels": [0, 1], "ignore_index": 1},
        "weighted-mean, kept-mean, nonzero-mean, sum and unweighted-mean are all 1.31326: one sample is kept and "
        "there are no weights",
    ),
    (
        "methods-coincide",
        {"logits": [[1.0, 2], [3, 4]], "labels": [0, 1], "weight": [1, 3]},
        "weighted-mean and element-mean are both 0.563262, dividing by 4; batch-mean, kept-mean and nonzero-mean are "
        "all 1.12652, dividing by 2: Σ w[y] = N · C, nothing is ignored and no weight is 0",
    ),
    (
        "methods-coincide",
        {"logits": np.zeros((0, 2)), "labels": np.zeros(0, dtype=int)},
        "weighted-mean, batch-mean, kept-mean, nonzero-mean, element-mean and unweighted-mean are all nan, dividing "
        "by 0: the batch is empty",
    ),
    (
        "methods-coincide",
        {"logits": [[0.0, -math.inf], [1, 2]], "labels": [1, 0], "weight": [1, 2]},
        "weighted-mean, batch-mean, kept-mean, nonzero-mean, element-mean, sum and unweighted-mean are all inf: the "
        "numerator is inf",
    ),
]


@pytest.mark.parametrize(("code", "batch", "said"), SAYS)
def test_it_says_this_of_this_batch(code, batch, said):
    assert message(code, batch) == said


NOT_RAISED = [
    ("weight-cancels", HARD),
    ("weight-cancels", {"logits": SCORES, "labels": [0, 1, 2, 1], "weight": [1, 1, 1]}),
    ("weight-cancels", {"logits": [[0.1, 0.9]], "labels": [0]}),
    ("weight-cancels", {"logits": [[0.1, 0.9]], "labels": [0], "weight": [0, 1]}),
    ("weight-cancels", {"logits": [[0.1, 0.9]], "labels": [[0.5, 0.5]], "weight": [0.1, 1]}),
    ("weight-cancels", {"logits": [[0.1, 0.9]], "labels": [0], "weight": [0.1, 1], "label_smoothing": 0.1}),
    ("weight-cancels", {"logits": [[5.0], [7]], "labels": [0, 0], "weight": [3]}),
    ("methods-coincide", {"logits": [[5.0], [7]], "labels": [0, 0]}),
    ("weight-cancels", {"logits": SCORES, "labels": [1] * 4, "weight": [1, 2, 3], "sample_weight": [1, 1, 1, 2]}),
    ("zero-denominator", HARD),
    ("zero-denominator", {"logits": SCORES, "labels": [0, 1, 0, 0], "weight": [0, 1e-300, 1]}),
    ("ignored-samples", {"logits": SCORES, "labels": [0, 1, 2, 1], "ignore_index": 7}),
    ("ignored-samples", {"logits": SCORES, "labels": np.full((4, 3), 1 / 3)}),
    ("methods-coincide", HARD),
    ("float32-differs", HARD),
    ("measured-differs", HARD),
]


@pytest.mark.parametrize(("code", "batch"), NOT_RAISED)
def test_it_says_nothing_of_this_batch(code, batch):
    engines = ("torch",) if code in ("float32-differs", "measured-differs") else ()
    assert message(code, batch, engines) is None


def test_float32_differs_shows_both_prints_of_torch():
    pytest.importorskip("torch")
    batch = {"logits": [[20.0, 0], [0, 20]], "labels": [0, 1], "weight": [1, 3]}
    exact = math.log1p(math.exp(-20))
    assert message("float32-differs", batch, ("torch",)) == (
        f"PyTorch prints 0 in float32 and {exact:.6g} in float64 for weighted-mean (and otherwise for 3 methods more)"
    )
    assert message("float32-differs", {**batch, "logits": np.array(batch["logits"])}, ("torch",)) is None


def test_measured_differs_names_the_call_and_both_numbers():
    pytest.importorskip("torch")
    batch = {"logits": [[-math.inf, 0], [1, 2]], "labels": [0, 1], "weight": [0.5, 1], "label_smoothing": 1.0}
    assert message("measured-differs", batch, ("torch",)) == (
        "PyTorch returns nan in float64 for cross_entropy(x, y, weight=w, label_smoothing=1.0), where weighted-mean is "
        "inf / 1.5 = inf"
    )


# The pages.


def test_every_module_is_a_rule_and_every_rule_is_registered():
    modules = {module.name for module in pkgutil.iter_modules(wce_cli.findings.__path__)} - {"page", "words"}
    assert {code.replace("-", "_") for code in FINDINGS} == modules


@pytest.mark.parametrize("code", FINDINGS)
def test_every_page_says_what_it_means_why_it_matters_and_what_to_do(code):
    page, _ = FINDINGS[code]
    assert page.code == code
    assert page.severity in ("note", "caution", "error")
    assert not page.summary.endswith(".")
    assert page.meaning.endswith(".")
    assert page.why.endswith(".")
    assert page.remedy
    assert page.references
    assert all(reference.startswith("https://") for reference in page.references)


@pytest.mark.parametrize("code", FINDINGS)
def test_the_example_of_a_page_raises_its_finding(code):
    pytest.importorskip("torch")
    page, _ = FINDINGS[code]
    command, *arguments = shlex.split(page.example)
    assert command == "wce"
    ran = run(*arguments)
    assert ran.code == 0, ran.err
    assert f"\n{page.severity} {code}: " in ran.out


def test_findings_are_shown_with_the_gravest_first():
    order = ["error", "caution", "note"]
    severities = [page.severity for page, _ in FINDINGS.values()]
    assert severities == sorted(severities, key=order.index)


def test_the_help_beside_a_finding_is_the_remedy_of_its_page():
    finding = findings_of({"logits": [[0.1, 0.9]], "labels": [0], "weight": [0.1, 1]})["weight-cancels"]
    page, _ = FINDINGS["weight-cancels"]
    assert (finding.severity, finding.help) == (page.severity, page.remedy)
