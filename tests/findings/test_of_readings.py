"""Findings that ask whether scores and labels are what they were taken for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.findings.said import f, findings_of, losses, message
from wce_cli import explain
from wce_cli.loss.clipped import SUMMED

RAW = [[-5.0, -6], [-5, -4]]
LOG = "log-probs-not-normalised"
PROBS = "probs-not-normalised"
DOUBTS = {LOG, PROBS, "probs-as-log-probs", "log-prob-above-zero", "multi-hot-labels", "labels-not-normalised"}


def normal(rng: np.random.Generator, n: int, c: int, scale: float = 2.0) -> np.ndarray:
    """Log-probabilities (n, c), by plain numpy."""
    x = rng.normal(size=(n, c)) * scale
    return x - np.logaddexp.reduce(x, axis=1, keepdims=True)


# log-probs-not-normalised


def test_raw_logits_given_for_log_probabilities_are_said_with_their_loss_as_logits():
    assert message(LOG, {"log_probs": RAW, "labels": [0, 1]}) == (
        "exp of the log-probabilities of 2 of 2 samples does not sum to 1: in the first, sample 0, to "
        f"{f(math.exp(-5) + math.exp(-6))}. They are taken as they stand, and weighted-mean is 4.5; read as logits "
        f"(--logits) it is {f(losses(RAW, [0, 1]).mean())}"
    )
    one = message(LOG, {"log_probs": [[-1, -2, -3], [math.log(0.5), math.log(0.25), math.log(0.25)]], "labels": [0, 1]})
    assert one is not None
    assert one.startswith(
        f"exp of the log-probabilities of sample 0 sums to {f(math.exp(-1) + math.exp(-2) + math.exp(-3))}, not to 1 "
        "(1 of 2 samples). "
    )
    only = message(LOG, {"log_probs": [[-5.0, -6]], "labels": [0]})
    assert only is not None
    assert only.startswith("exp of the log-probabilities of the only sample sums to ")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("kind", ["index", "soft"])
@pytest.mark.parametrize("seed", range(5))
def test_the_other_number_is_that_of_torchs_cross_entropy_on_the_same_rows(seed, kind, smoothing):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    x, w, y = -np.abs(rng.normal(size=(9, 4))) - 2, rng.uniform(0.2, 3, 4), rng.integers(4, size=9)
    y[2] = -100
    labels = y if kind == "index" else rng.dirichlet(np.ones(4), size=9)
    given = torch.tensor(x), torch.tensor(labels)
    loss = torch.nn.functional.cross_entropy(*given, weight=torch.tensor(w), label_smoothing=smoothing).item()
    said = message(LOG, {"log_probs": x, "labels": labels, "weight": w, "label_smoothing": smoothing})
    assert said is not None
    is_told = kind == "index" or smoothing == 0
    assert said.endswith(f"read as logits (--logits) it is {f(loss)}") == is_told


def test_a_label_above_0_is_proof_and_says_it_alone():
    codes = findings_of({"log_probs": [[2.0, -6], [-5, -4]], "labels": [0, 1]})
    assert "log-prob-above-zero" in codes
    assert LOG not in codes
    other = findings_of({"log_probs": [[2.0, -6], [-5, -4]], "labels": [1, 1]})  # it is another class's
    assert LOG in other


def test_a_long_batch_is_looked_at_in_its_first_rows():
    n = SUMMED // 4 + 5
    x = np.full((n, 4), -7.0)
    said = message(LOG, {"log_probs": x, "labels": np.zeros(n, dtype=int)})
    assert said == (
        f"exp of the log-probabilities of {SUMMED // 4} of {SUMMED // 4} samples that were looked at does not sum to "
        f"1: in the first, sample 0, to {f(4 * math.exp(-7))}. They are taken as they stand, and weighted-mean is 7"
    )


# False alarms.


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("decimals", [1, 2, 3, 4])
def test_printed_log_probabilities_are_none(decimals, seed):
    rng = np.random.default_rng(seed)
    lp = normal(rng, int(rng.integers(1, 40)), int(rng.choice([2, 3, 10, 100])), rng.choice([0.1, 2, 10]))
    rows = [[float(f"{x:.{decimals}f}") for x in row] for row in lp.tolist()]
    assert not DOUBTS & set(findings_of({"log_probs": rows, "labels": [0] * len(rows)}))


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_printed_probabilities_are_none(decimals, seed):
    rng = np.random.default_rng(seed)
    p = np.exp(normal(rng, int(rng.integers(1, 40)), int(rng.choice([2, 3, 10, 100]))))
    rows = [[float(f"{x:.{decimals}f}") for x in row] for row in p.tolist()]
    assert not DOUBTS & set(findings_of({"probs": rows, "labels": [0] * len(rows)}))


@pytest.mark.parametrize("c", [2, 10, 1000, 50000])
@pytest.mark.parametrize("scale", [0.0, 0.01, 1, 10])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_what_torch_makes_in_half_precision_is_none(dtype, scale, c):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    x = (torch.randn(8, c) * scale).to(getattr(torch, dtype))
    labels = torch.arange(8) % c
    for batch in (
        {"log_probs": x.log_softmax(1)},
        {"log_probs": x.softmax(1).log()},
        {"log_probs": x.log_softmax(1).tolist()},
        {"probs": x.softmax(1)},
        {"probs": x.softmax(1).tolist()},
    ):
        said = {finding.code for finding in explain(**batch, labels=labels, engines=()).findings}
        assert not DOUBTS & said, batch.keys()


def test_masked_columns_ignored_rows_and_one_hot_rows_are_none():
    lp = normal(np.random.default_rng(0), 6, 5)
    masked = np.concatenate([lp, np.full((6, 3), -np.inf)], axis=1)
    finite = np.concatenate([lp, np.full((6, 3), -1e4)], axis=1)
    padded = np.concatenate([lp, np.zeros((2, 5))])
    for rows, labels in ((masked, [0] * 6), (finite, [0] * 6), (padded, [0] * 6 + [-100] * 2)):
        assert not DOUBTS & set(findings_of({"log_probs": rows, "labels": labels}))
    assert not DOUBTS & set(findings_of({"log_probs": [[0, -np.inf]], "labels": [0]}))
    assert not DOUBTS & set(findings_of({"probs": [[0.0, 1], [1, 0]], "labels": [1, 0]}))
    assert not DOUBTS & set(findings_of({"log_probs": padded, "labels": [-100] * 8}))


def test_a_seg_map_of_log_probabilities_is_none_and_its_logits_are_said():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    x, y = torch.randn(2, 4, 8, 8), torch.randint(4, (2, 8, 8))
    assert not DOUBTS & set(findings_of({"log_probs": x.log_softmax(1), "labels": y}))
    said = message(LOG, {"log_probs": -x.abs(), "labels": y})
    assert said is not None
    assert said.endswith(f"it is {f(torch.nn.functional.cross_entropy(-x.double().abs(), y).item())}")


@pytest.mark.parametrize("seed", range(20))
def test_raw_logits_of_any_kind_are_said_whatever_their_digits(seed):
    rng = np.random.default_rng(seed)
    x = -np.abs(rng.normal(size=(6, 5)) * 3) - 0.5
    for rows in (x, x.round(2), x.astype("float16"), x.round(0)):
        assert set(findings_of({"log_probs": rows, "labels": [0] * 6})) & {LOG, "log-prob-above-zero"}


# probs-as-log-probs


def test_a_softmax_given_to_nll_loss_is_said():
    p = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]
    assert message("probs-as-log-probs", {"log_probs": p, "labels": [0, 1]}) == (
        "every row lies in [0, 1] and sums to 1, as after a softmax, so that −p is taken for −log p: weighted-mean is "
        f"-0.75, and {f(-(math.log(0.7) + math.log(0.8)) / 2)} with the same rows read as probabilities (--probs)"
    )
    codes = set(findings_of({"log_probs": [[0.9, 0.1]], "labels": [0]}))
    assert codes & DOUBTS == {"probs-as-log-probs"}
    assert "probabilities-as-logits" not in codes
    soft = {"log_probs": p, "labels": [[0.5, 0.5, 0], [0, 1, 0]], "weight": [1, 2, 3]}
    read = (-0.5 * math.log(0.7) - math.log(0.2) - 2 * math.log(0.8)) / 2
    assert (message("probs-as-log-probs", soft) or "").endswith(
        f"and {f(read)} with the same rows read as probabilities (--probs)"
    )


def test_one_row_that_is_no_probability_makes_none_of_them_so():
    assert message("probs-as-log-probs", {"log_probs": [[0.9, 0.1], [-1, -2]], "labels": [0, 0]}) is None


# probs-not-normalised


def test_probabilities_that_do_not_sum_to_1_are_said_with_the_number_of_their_shares():
    p = np.array([[0.5, 0.2], [0.9, 0.9]])
    own = p[[0, 1], [0, 1]]
    assert message(PROBS, {"probs": p, "labels": [0, 1]}) == (
        "the probabilities of 2 of 2 samples do not sum to 1: in the first, sample 0, to 0.7. They are taken as they "
        f"stand, and weighted-mean is {f(-np.log(own).mean())}; divided by their sum, as Keras does, it is "
        f"{f(-np.log(own / p.sum(axis=1)).mean())}"
    )


def test_sigmoids_of_a_model_are_said():
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    p = torch.randn(5, 4).sigmoid()
    said = message(PROBS, {"probs": p, "labels": torch.tensor([0, 1, 2, 3, 0])})
    assert said is not None
    assert said.startswith("the probabilities of 5 of 5 samples do not sum to 1")


def test_a_row_of_zeros_has_no_share_to_show():
    said = message(PROBS, {"probs": [[0.0, 0.0], [0.5, 0.5]], "labels": [0, 1]})
    assert said == "the probabilities of sample 0 sum to 0, not to 1 (1 of 2 samples). They are taken as they stand"


# multi-hot-labels

SCORES = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1]]


def test_multi_hot_rows_are_said_with_the_binary_cross_entropy():
    labels = [[1.0, 0, 1], [0, 1, 1], [0, 1, 0]]
    bce = np.log1p(np.exp(-np.where(np.array(labels) == 1, SCORES, -np.array(SCORES)))).mean()
    assert message("multi-hot-labels", {"logits": SCORES, "labels": labels}) == (
        "the labels are rows of 0 and 1, 2 of 3 with several 1s, the first that of sample 0: several classes at once "
        f"are multi-label, and their loss is BCEWithLogitsLoss, whose mean over N · C = 9 elements is {f(bce)}. "
        f"batch-mean over the classes is {f(explain(logits=SCORES, labels=labels, engines=()).value('batch-mean'))}"
    )
    for rows, begin in (
        ([[1.0, 0, 1]], "the label is a row of 0 and 1 with several 1s"),
        ([[1.0, 0, 1], [1, 1, 1]], "both labels are rows of 0 and 1 with several 1s"),
        ([[1.0, 0, 1], [0, 0, 0]], "the labels are rows of 0 and 1, 1 of 2 with several 1s, that of sample 0"),
    ):
        batch = {"logits": SCORES[: len(rows)], "labels": rows}
        assert (message("multi-hot-labels", batch) or "").startswith(f"{begin}: ")
        assert DOUBTS & set(findings_of(batch)) == {"multi-hot-labels"}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", ["logits", "probs"])
def test_that_number_is_torchs_binary_cross_entropy(kind, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    shape = [(7, 4), (3, 4, 2), (2, 3, 2, 2)][seed % 3]
    x, z, w = rng.normal(size=shape) * 5, (rng.random(shape) < 0.6) * 1.0, rng.uniform(0.5, 2, shape[1])
    z.reshape(-1)[:] = z.reshape(-1)
    z[0, :2] = 1
    s = rng.uniform(0.5, 2, (shape[0], *shape[2:]))
    scores = torch.tensor(x).sigmoid() if kind == "probs" else torch.tensor(x)
    element = torch.tensor(w.reshape(-1, *[1] * (len(shape) - 2)) * np.expand_dims(s, 1))
    loss = torch.nn.BCELoss if kind == "probs" else torch.nn.BCEWithLogitsLoss
    value = loss(weight=element)(scores, torch.tensor(z)).item()
    said = message("multi-hot-labels", {kind: scores, "labels": z, "weight": w, "sample_weight": s})
    assert said is not None
    assert f"{loss.__name__}, whose mean over N · C = {x.size} elements is {f(value)}. " in said


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
def test_they_are_seen_in_any_dtype(dtype):
    torch = pytest.importorskip("torch")
    labels = torch.tensor([[1.0, 0, 1], [0, 1, 0], [0, 0, 0]]).to(getattr(torch, dtype))
    assert message("multi-hot-labels", {"logits": SCORES, "labels": labels}) is not None


def test_shares_smoothed_labels_and_masked_one_hot_rows_are_no_multi_hot():
    eye = np.eye(3)
    for labels in (eye, eye * 0.9 + 0.1 / 3, (eye + eye[[1, 2, 0]]) / 2, eye * [[1], [1], [0]], eye * 2, eye * 0):
        assert message("multi-hot-labels", {"logits": SCORES, "labels": labels}) is None
    assert message("multi-hot-labels", {"logits": SCORES, "labels": [0, 1, 2]}) is None
    assert message("multi-hot-labels", {"logits": SCORES, "labels": [[1.0, 1, 0], [0.5, 0.5, 0], [0, 0, 1]]}) is None
    assert message("multi-hot-labels", {"logits": [[1.0], [2]], "labels": [[1.0], [1]]}) is None


# counts-as-weights

X = [[2.0, 1], [0, 1], [1, 3], [2, 0]]


def test_a_counter_is_counts():
    from collections import Counter

    weight = Counter([1] * 900 + [0] * 100)
    said = message("counts-as-weights", {"logits": X[:3], "labels": [1, 1, 0], "weight": weight})
    mean = losses(X[:3], [1, 1, 0])
    assert said == (
        "the weights are counts, as a Counter has them: class 1 has the most, 900, and weighs most. weighted-mean is "
        f"{f(mean @ [9, 9, 1] / 19)}; with total / (C · count), 5 and {f(5 / 9)}, which favours the rarest, it is "
        f"{f(mean @ [1, 1, 9] / 11)}"
    )
    names = {"logits": X[:3], "labels": ["b", "b", "a"], "classes": ["a", "b"], "weight": Counter(b=9, a=1)}
    assert 'class "b" has the most, 9' in (message("counts-as-weights", names) or "")
    assert message("counts-as-weights", {"logits": X[:3], "labels": [1, 1, 0], "weight": dict(weight)}) is None
    assert message("counts-as-weights", {"logits": X[:3], "labels": [1, 1, 0], "weight": Counter([0, 1])}) is None


def test_value_counts_of_pandas_are_counts_and_their_inverse_is_none():
    pd = pytest.importorskip("pandas")
    labels = pd.Series(["b", "b", "b", "a"])
    batch = {"logits": X, "labels": labels.tolist(), "classes": ["a", "b"]}
    assert message("counts-as-weights", {**batch, "weight": labels.value_counts()}) is not None
    assert message("counts-as-weights", {**batch, "weight": 1 / labels.value_counts()}) is None


def test_the_label_counts_of_the_batch_itself_are_seen():
    batch = {"logits": X, "labels": [1, 1, 0, 1]}
    said = message("counts-as-weights", {**batch, "weight": [1, 3]})
    assert said is not None
    assert said.startswith("the weights are the label counts of this batch, 1 and 3: class 1 has the most, 3, and ")
    shares = message("counts-as-weights", {**batch, "weight": [0.25, 0.75]})
    assert (shares or "").startswith("the weights are the shares of the labels in this batch, 0.25 and 0.75: ")
    assert message("counts-as-weights", {**batch, "weight": [2, 6]}) is None  # of four labels that is chance
    many = {"logits": np.zeros((40, 2)), "labels": [0] * 10 + [1] * 30, "weight": [2, 6]}
    assert (message("counts-as-weights", many) or "").startswith(
        "the weights go as the label counts of this batch, 10 "
    )
    one_hot = {"logits": X, "labels": np.eye(2)[[1, 1, 0, 1]], "weight": [1, 3]}
    assert message("counts-as-weights", one_hot) is not None


def test_weights_that_are_not_the_counts_are_not_said_to_be():
    batch = {"logits": X, "labels": [1, 1, 0, 1]}
    for weight in ([3, 1], [1, 2], [1, 1], [0.1, 1], [-1, -3], [math.nan, 1], "balanced", None, [1, math.inf]):
        assert message("counts-as-weights", {**batch, "weight": weight}) is None
    assert message("counts-as-weights", {"logits": X, "labels": [1, 1, 0, 0], "weight": [2, 2]}) is None
    assert message("counts-as-weights", {"logits": X[:3], "labels": [1, 1, 0], "weight": [1, 2]}) is None
    assert message("counts-as-weights", {"logits": X, "labels": [1, 1, -100, 1], "weight": [0, 3]}) is None
    assert message("counts-as-weights", {"logits": X, "labels": [-100] * 4, "weight": [1, 3]}) is None
