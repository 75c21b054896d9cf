"""What is said of the curves holds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.questions.batches import GIVEN, LABELS, LOGITS, WEIGHT
from wce_cli import explain, sweep


def test_the_bounds_that_are_said_hold():
    answer = sweep(0, **GIVEN, stop=1e6, points=1000)
    kept = [
        explain(logits=[x], labels=[y], engines=()).value("sum") for x, y in zip(LOGITS, LABELS, strict=True) if y >= 0
    ]
    assert answer.sentences[0].endswith(
        f"with weights of 0 or more it cannot leave {min(kept):.6g} to {max(kept):.6g}, the smallest and the largest "
        "loss of a sample."
    )
    values = answer.values("weighted-mean")
    assert (values >= min(kept)).all()
    assert (values <= max(kept)).all()
    alone = explain(logits=[LOGITS[0], LOGITS[5]], labels=[0, 0], engines=()).value("weighted-mean")
    assert f"towards {alone:.6g} (those of class 0 alone)" in answer.sentences[0]
    assert values[-1] == pytest.approx(alone, rel=1e-5)


def said(**given):
    class_ = given.pop("class_", 0)
    return sweep(class_, **given).sentences


def test_what_one_class_alone_or_none_shows_is_said():
    one = {"logits": LOGITS[:2], "labels": [0, 0], "weight": WEIGHT}
    loss = explain(**one, engines=()).value("unweighted-mean")
    assert said(**one)[0] == (
        f"Every kept sample is of class 0, so its weight cancels: weighted-mean is flat at {loss:.6g} "
        "(at 0, it is nan)."
    )
    assert said(**one, class_=1) == ("No kept sample is of class 1: its weight changes nothing.",)
    assert said(**one, class_=1, label_smoothing=0.1) != said(**one, class_=1)


def test_negative_weights_are_bounded_by_nothing():
    assert not any("cannot leave" in one for one in said(**{**GIVEN, "weight": [1, -0.25, 3]}))
    s = np.linspace(0.5, 2, 7)
    assert not any("cannot leave" in one for one in said(**GIVEN, sample_weight=s))


def test_straight_lines_are_straight():
    for given, pair in itertools.product(({"class_": 0}, {"scale": True}, {"smoothing": True}), ("batch-mean", "sum")):
        values = sweep(**given, **GIVEN, points=11).values(pair)
        assert np.diff(values) == pytest.approx(np.full(10, np.diff(values)[0]), rel=1e-9)
    slope = np.diff(sweep(0, **GIVEN, points=3).values("batch-mean"))[0]
    assert f"batch-mean is a straight line: {slope:.6g} more for each 1 of the weight." in said(**GIVEN)


def test_a_weight_of_no_effect_and_weights_of_nothing_are_said():
    alike = {"logits": [[1.0, 0], [0, 1]], "labels": [0, 1]}
    loss = explain(**alike, engines=()).value("unweighted-mean")
    assert (
        said(**alike)[0] == f"weighted-mean is {loss:.6g} whatever the weight: those of class 0 and the others alike."
    )
    nothing = {"logits": LOGITS[:2], "labels": [0, 0], "weight": [0, 1, 2]}
    answer = sweep(scale=True, **nothing)
    assert answer.sentences[0] == "The weights of the kept samples add up to 0 at every scale: weighted-mean is nan."
    assert np.isnan(answer.values("weighted-mean")).all()
    assert "weighted-mean, nowhere a finite number" in str(answer)
    assert "unweighted-mean, nowhere" not in str(answer)


def test_what_smoothing_leaves_above_a_denominator_of_0_is_said():
    torch = pytest.importorskip("torch")
    given = {"logits": [[1.0, 2], [0, 1]], "labels": [0, 0], "weight": [0, 1], "label_smoothing": 0.1}
    told = "weighted-mean is infinite there, and PyTorch returns nan."
    (one,) = (one for one in said(**given, class_=0) if told in one)
    assert one.startswith("At 0 the weights of the labels add up to 0, ")
    (all_of_them,) = (one for one in said(**given, class_=1, start=0.5) if told in one)
    assert all_of_them.startswith("At 41 of the points ")
    assert not any(told in one for one in said(**{**given, "label_smoothing": 0.0}, class_=0))
    x, w = torch.tensor(given["logits"]), torch.tensor([0.0, 1])
    assert torch.nn.functional.cross_entropy(x, torch.tensor([0, 0]), weight=w, label_smoothing=0.1).isnan()
    assert np.isinf(sweep(0, **given, values=[0]).values("weighted-mean")).all()


@pytest.mark.parametrize("score", [-np.inf, np.nan])
@pytest.mark.parametrize("axis", [{"class_": 0}, {"class_": 1}])
def test_where_no_point_has_a_finite_loss_that_is_said(score, axis):
    given = {"logits": [[1, score], [0.2, 0.4]], "labels": [1, 0], "weight": [1, 2]}
    assert said(**given, **axis)[-1].startswith("No method is a finite number at any of these points")
    assert not any("finite" in one for one in said(**{**given, "logits": [[1, 2], [0.2, 0.4]]}, **axis))
    assert not any("finite" in one for one in said(**{**given, "labels": [-100, -100]}, **axis))
