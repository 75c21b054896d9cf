"""What each sequence or image leaves: PyTorch's mean of it alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.formats.reports import to_table
from wce_cli import explain
from wce_cli.formats.look import Look


def sequences(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(B, T, V) scores, and (B, T) labels of which some are ignored."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(7, size=(5, 9))
    for item, length in enumerate((9, 4, 6, 2, 8)):
        labels[item, length:] = -100
    return rng.normal(size=(5, 9, 7)), labels


WEIGHT = np.array([0.5, 1, 2, 3, 0.1, 4, 1.5])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("shift", [False, True])
def test_each_sequence_is_torchs_mean_of_it_alone(shift, weight, smoothing):
    torch = pytest.importorskip("torch")
    x, y = sequences()
    given = {"shift": shift, "weight": weight, "label_smoothing": smoothing, "engines": ()}
    report = explain(logits=x, labels=y, class_axis=-1, **given)
    scores, labels = (x[:, :-1], y[:, 1:]) if shift else (x, y)
    w = None if weight is None else torch.tensor(weight)
    own = [
        torch.nn.functional.cross_entropy(torch.tensor(one), torch.tensor(label), w, label_smoothing=smoothing).item()
        for one, label in zip(scores, labels, strict=True)
    ]
    rows = report.by_sample.rows
    assert [row.value for row in rows] == pytest.approx(own, rel=1e-12)
    assert [row.n_kept for row in rows] == (labels >= 0).sum(axis=1).tolist()
    assert report.by_sample.mean_of_values == pytest.approx(sum(own) / 5, rel=1e-12)
    assert math.fsum(row.numerator for row in rows) == pytest.approx(report.totals.numerator, rel=1e-14)
    assert math.fsum(row.denominator for row in rows) == pytest.approx(report.totals.weight_sum, rel=1e-14)
    assert math.fsum(row.share for row in rows) == pytest.approx(1, rel=1e-14)
    assert (report.by_sample.n, report.by_sample.total) == (labels.shape[1], 5)
    assert report.by_sample == explain(logits=x.transpose(0, 2, 1), labels=y, **given).by_sample


def test_probability_labels_divide_by_every_position():
    torch = pytest.importorskip("torch")
    x, y = sequences()
    q = np.random.default_rng(1).dirichlet(np.ones(7), size=y.shape)
    report = explain(logits=x, labels=q, class_axis=-1, weight=WEIGHT, engines=())
    ask = torch.nn.functional.cross_entropy
    own = [ask(torch.tensor(one), torch.tensor(p), torch.tensor(WEIGHT)).item() for one, p in zip(x, q, strict=True)]
    assert report.by_sample.method == "batch-mean"
    assert [row.value for row in report.by_sample.rows] == pytest.approx(own, rel=1e-12)


def test_with_shifted_labels_an_item_is_known_to_be_a_sequence():
    x, y = sequences()
    report = explain(logits=x, labels=y, class_axis=-1, shift=True, engines=())
    text = to_table([report], Look(by_sample=True))
    assert "\nweighted-mean of each of 5 sequences of 8 samples, D = Σ w[y]\nsequence  kept " in text
    assert "the 5 sequences keep 1 to 8 samples each: " in " ".join(text.split())
    text = to_table([explain(logits=x, labels=y, class_axis=-1, engines=())], Look(by_sample=True))
    assert "\nweighted-mean of each of 5 items of 9 samples, D = Σ w[y]\nitem  kept " in text


@pytest.mark.parametrize("shape", [(5,), (3, 4), (0, 3, 4), (2, 3, 0), (3, 4, 1)])
def test_where_no_sample_is_several_rows_there_is_nothing(shape):
    labels = np.zeros(shape[:1] + shape[2:] if len(shape) > 1 else (), dtype=int)
    assert explain(logits=np.zeros(shape), labels=labels, engines=()).by_sample is None
