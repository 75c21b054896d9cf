"""A gap between two methods is one factor or another direction, and a sentence says which."""

from __future__ import annotations

import numpy as np
import pytest

from wce_cli import gradient

RNG = np.random.default_rng(4)


N, C = 9, 4


LOGITS = RNG.normal(size=(N, C)) * 2


INDEX = np.array([0, 1, 3, -100, 2, 2, 0, 3, -100])


WEIGHT = np.array([0.2, 1.0, 0.0, 3.0])


def gaps(**batch):
    return {one.other: one for one in gradient(**batch).gaps}


def test_a_gap_is_one_factor_or_another_direction():
    found = gaps(logits=LOGITS, labels=INDEX, weight=WEIGHT)
    total = WEIGHT[INDEX[INDEX >= 0]].sum()
    assert found["batch-mean"].factor == pytest.approx(N / total, rel=1e-12)
    assert found["unweighted-mean"].factor is None
    assert 0 < found["unweighted-mean"].cosine < 0.999
    same = gaps(logits=LOGITS, labels=INDEX, weight=[2, 2, 2, 2])
    assert same["unweighted-mean"].factor == pytest.approx(1, rel=1e-12)
    answer = gradient(logits=LOGITS, labels=INDEX, weight=WEIGHT)
    assert answer.sentences[0].startswith(f"weighted-mean has {N / total:.6g} times the gradient of batch-mean, ")
    assert "pull in different directions (cosine " in answer.sentences[1]
    assert gradient(logits=LOGITS, labels=INDEX, weight=[2, 2, 2, 2]).sentences[1].endswith("have the same gradient.")


def test_a_weight_of_no_effect_has_no_direction_to_compare():
    answer = gradient(logits=LOGITS, labels=INDEX, weight=[0, 0, 0, 0])
    assert answer.gaps[1].cosine is None
    assert "no directions to compare" in answer.sentences[1]


@pytest.mark.parametrize("labels", [[-100] * 9, [-1] * 9])
def test_where_nothing_is_kept_torch_has_a_gradient_of_0_and_no_methods_are_compared(labels):
    torch = pytest.importorskip("torch")
    answer = gradient(logits=LOGITS, labels=labels, weight=WEIGHT, ignore_index=labels[0])
    (said,) = answer.sentences
    assert said.startswith("No sample is kept: in PyTorch the gradient is 0 by every method")
    x, y = torch.tensor(LOGITS, requires_grad=True), torch.tensor(labels)
    loss = torch.nn.functional.cross_entropy(x, y, weight=torch.tensor(WEIGHT), ignore_index=labels[0])
    loss.backward()
    assert loss.isnan()
    assert (x.grad == 0).all()
    assert "of the gradient" not in str(answer)  # a table without a row
