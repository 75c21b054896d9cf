"""What the loss pulls at: torch's autograd of each pair, written out, has the same gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wce_cli import gradient
from wce_cli.batches.batch import Batch
from wce_cli.questions.gradient import gradient_batch
from wce_cli.questions.gradient.per_row import PULL_KINDS, gradients_of

torch = pytest.importorskip("torch")


RNG = np.random.default_rng(4)


N, C = 9, 4


LOGITS = RNG.normal(size=(N, C)) * 2


INDEX = np.array([0, 1, 3, -100, 2, 2, 0, 3, -100])


SOFT = RNG.dirichlet(np.ones(C), size=N) * RNG.uniform(0.5, 1.5, size=(N, 1))  # which need not sum to 1


WEIGHT = np.array([0.2, 1.0, 0.0, 3.0])


S = RNG.uniform(0.1, 2, size=N)


CASES = [(labels, eps, s) for labels in ("index", "soft") for eps in (0.0, 0.3, 1.0) for s in (None, S)]


def given(labels, eps, s):
    batch = {"logits": LOGITS, "labels": INDEX if labels == "index" else SOFT, "weight": WEIGHT}
    return {**batch, "label_smoothing": eps, **({} if s is None else {"sample_weight": s})}


def by_autograd(labels, eps, s):
    """dL/dx of the numerator of each kind, from losses that are written with torch's own log_softmax. {kind: (N, C)}"""
    x = torch.tensor(LOGITS, requires_grad=True)
    w, rows = torch.tensor(WEIGHT), torch.ones(N, dtype=torch.float64) if s is None else torch.tensor(s)
    if labels == "index":
        kept = torch.tensor(INDEX >= 0)
        y = torch.tensor(np.where(INDEX >= 0, INDEX, 0))
        q = torch.nn.functional.one_hot(y, C).double()
    else:
        kept, q = torch.ones(N, dtype=torch.bool), torch.tensor(SOFT)
        y = q.argmax(dim=1)
    q = (1 - eps) * q + eps / C
    a = -torch.log_softmax(x, dim=1)
    loss = (q * a).sum(dim=1)
    terms = {
        "class": rows * (w * q * a).sum(dim=1),
        "sample": rows * w[y] * loss,
        "label-mix": rows * (q @ w) * loss,
        "unweighted": loss,
    }
    return {kind: torch.autograd.grad(t[kept].sum(), x, retain_graph=True)[0].numpy() for kind, t in terms.items()}


def cosine(a, b):
    return float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()))


@pytest.mark.parametrize(("labels", "eps", "s"), CASES)
def test_every_row_has_the_gradient_of_autograd(labels, eps, s):
    expected = by_autograd(labels, eps, s)
    found = gradients_of(Batch.build(**given(labels, eps, s)), 0, N)
    for position, kind in enumerate(PULL_KINDS):
        assert found.gradients[position] == pytest.approx(expected[kind][found.row], rel=1e-11, abs=1e-14), kind


@pytest.mark.parametrize(("labels", "eps", "s"), CASES)
def test_the_answer_has_the_factors_norms_and_cosines_of_autograd(labels, eps, s):
    expected = by_autograd(labels, eps, s)
    answer = gradient(**given(labels, eps, s))
    plain = expected["unweighted"]
    for row in answer.methods:
        whole = expected[row.kind] / row.denominator
        assert row.norm == pytest.approx(math.sqrt((whole**2).sum()), rel=1e-11), row.pair
        assert row.cosine == pytest.approx(cosine(whole, plain), rel=1e-11), row.pair
        for sample in answer.samples:
            factor = answer.factor(sample, row)
            if factor is not None:
                assert factor * plain[sample.n] == pytest.approx(whole[sample.n], rel=1e-9, abs=1e-13), row.pair
            else:
                assert row.kind == "class"
                assert labels == "soft" or eps > 0
    for sample in answer.samples:
        assert sample.norm == pytest.approx(np.linalg.norm(plain[sample.n]), rel=1e-11)
        for kind, pull in sample.pulls.items():
            own = expected[kind][sample.n]
            assert pull.norm == pytest.approx(np.linalg.norm(own), rel=1e-11, abs=1e-15)
            if pull.cosine is not None:
                assert pull.cosine == pytest.approx(cosine(own, plain[sample.n]), abs=1e-11)


@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_torchs_own_calls_have_these_gradients(eps):
    answer = gradient(logits=LOGITS, labels=INDEX, weight=WEIGHT, label_smoothing=eps)
    w, y = torch.tensor(WEIGHT), torch.tensor(INDEX)
    for pair, arguments, scale in (
        ("weighted-mean", {"weight": w}, 1),
        ("sum", {"weight": w, "reduction": "sum"}, 1),
        ("batch-mean", {"weight": w, "reduction": "sum"}, N),
        ("unweighted-mean", {}, 1),
    ):
        x = torch.tensor(LOGITS, requires_grad=True)
        (torch.nn.functional.cross_entropy(x, y, label_smoothing=eps, **arguments) / scale).backward()
        assert answer.method(pair).norm == pytest.approx(x.grad.norm().item(), rel=1e-11)


def test_shares_by_class_are_those_of_the_norms():
    expected = by_autograd("index", 0.1, S)
    answer = gradient(**given("index", 0.1, S))
    for kind, field in (("class", "share"), ("unweighted", "unweighted_share")):
        norms = np.linalg.norm(expected[kind], axis=1)
        for row in answer.classes:
            share = norms[row.index == INDEX].sum() / norms[INDEX >= 0].sum()
            assert getattr(row, field) == pytest.approx(share, rel=1e-11)


def test_what_is_not_finite_is_counted_apart_and_said():
    logits = LOGITS.copy()
    logits[1, 0] = np.nan
    logits[4, 1] = -np.inf  # which has a gradient: its share is 0
    answer = gradient(logits=logits, labels=INDEX, weight=WEIGHT)
    assert answer.sentences[-1] == (
        "sample 1 has a gradient that is nan or infinite: it is left out here, and in training it is not."
    )
    assert all(math.isfinite(row.norm) for row in answer.methods)


@pytest.mark.parametrize("eps", [0.0, 0.1])
def test_where_all_is_ignored_the_loss_is_nan_and_nothing_pulls_as_in_torch(eps):
    torch = pytest.importorskip("torch")
    x, y = torch.randn(3, 4, dtype=torch.float64, requires_grad=True), torch.tensor([-100, -100, -100])
    w = torch.tensor([1.0, 2, 0, 3], dtype=torch.float64)
    loss = torch.nn.functional.cross_entropy(x, y, weight=w, label_smoothing=eps)
    loss.backward()
    assert torch.isnan(loss)
    answer = gradient(logits=x.detach(), labels=y, weight=w, label_smoothing=eps)
    assert answer.method("weighted-mean").norm == x.grad.norm().item() == 0
    assert {row.norm for row in answer.methods} == {0.0}
    ignored = torch.tensor([2, 2, 2])  # kept samples that weigh 0 are another thing
    x.grad = None
    torch.nn.functional.cross_entropy(x, ignored, weight=w, label_smoothing=eps).backward()
    assert math.isnan(
        gradient(logits=x.detach(), labels=ignored, weight=w, label_smoothing=0.0).method("weighted-mean").norm
    )
    assert torch.isnan(x.grad).all()


def test_ignored_samples_take_none_of_the_rows_that_are_asked_for():
    scores, labels = np.random.default_rng(0).normal(size=(90, 3)), np.arange(90) % 3
    labels[:40] = -100
    found = gradient_batch(Batch.build(logits=scores, labels=labels), rows=2)
    assert [row.n for row in found.samples] == [40, 41]
    assert len(gradient(logits=scores, labels=labels).samples) == 50
