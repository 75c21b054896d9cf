"""What a criterion returns, held to the framework itself: the line that is read here is run there."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import wce_cli
from tests.criteria.real import ARE_INSTALLED, IGNORED, P, Q, S, W, X, Y, returned
from wce_cli.answers.report import Report
from wce_cli.criteria.known import KNOWN
from wce_cli.criteria.read import read
from wce_cli.errors import WceError

pytestmark = pytest.mark.skipif(not ARE_INSTALLED, reason="a framework is not installed")

LOG_P = np.log(P)
TORCH = [
    "nn.CrossEntropyLoss()",
    "nn.CrossEntropyLoss(weight=w)",
    "nn.CrossEntropyLoss(w)(x, y)",
    "nn.CrossEntropyLoss(weight=torch.tensor([0.5, 1.0, 2.0, 0.25]), ignore_index=255, label_smoothing=0.125)",
    "nn.CrossEntropyLoss(weight=torch.FloatTensor([0.5, 1, 2, 0.25]), reduction='sum')",
    "nn.CrossEntropyLoss(label_smoothing=0.25)",
    "nn.CrossEntropyLoss(weight=w, label_smoothing=0.25, reduction='sum')",
    "nn.CrossEntropyLoss(size_average=False)",
    "nn.CrossEntropyLoss(w, size_average=False)",
    "nn.CrossEntropyLoss(w, reduce=True, size_average=True, reduction='sum')",
    "nn.CrossEntropyLoss(weight=w, reduce=None, size_average=None)",
    "nn.CrossEntropyLoss(reduction='none')",
    "nn.CrossEntropyLoss(weight=w, reduce=False)",
    "nn.CrossEntropyLoss(weight=w, reduction='none')(x, y).mean()",
    "nn.CrossEntropyLoss(weight=w, reduction='none')(x, y).sum()",
    "F.cross_entropy(x, y)",
    "F.cross_entropy(x, y, weight=w)",
    "F.cross_entropy(x, y, w, None, -100, None, 'sum')",
    "F.cross_entropy(x, y, weight=w, label_smoothing=0.25)",
    "F.cross_entropy(x, y, weight=w, reduction='elementwise_mean')",
    "torch.nn.functional.cross_entropy(input=x, target=y, weight=w, reduction='mean').item()",
    "torch.mean(F.cross_entropy(x, y, weight=w, reduction='none', label_smoothing=0.25))",
    "(F.cross_entropy(x, y, reduction='none') * s).mean()",
    "(s * F.cross_entropy(x, y, reduction='none', label_smoothing=0.25)).sum()",
    "(F.cross_entropy(x, y, weight=w, reduction='none') * s).mean()",
    "(F.cross_entropy(x, y, reduction='none') * s).sum() / s.sum()",
    "(F.cross_entropy(x, y, weight=w, reduction='none') * s).sum() / s.sum()",
    "(F.cross_entropy(x, y, reduction='none', label_smoothing=0.25) * w[y]).mean()",
    "(F.cross_entropy(x, y, reduction='none') * w[y]).sum() / w[y].sum()",
    "(F.cross_entropy(x, y, reduction='none', label_smoothing=0.25) * w[y]).sum() / w[y].sum()",
    "partial(F.cross_entropy, weight=w, label_smoothing=0.25)",
    "functools.partial(F.cross_entropy, reduction='sum')",
]
NLL = [
    "nn.NLLLoss()",
    "nn.NLLLoss(w)",
    "nn.NLLLoss(weight=w, ignore_index=255)(x, y)",
    "F.nll_loss(x, y, weight=w)",
    "F.nll_loss(x, y, w, reduction='sum')",
    "(F.nll_loss(x, y, reduction='none') * s).mean()",
    "F.nll_loss(x, y, w, reduction='none').mean()",
]
SPARSE = [
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, x)",
    "keras.losses.SparseCategoricalCrossentropy(True, reduction='sum')(y, x, sample_weight=s)",
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction='mean_with_sample_weight')",
    "tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction='none')",
    "tf.reduce_mean(keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)(y, x))",
    "keras.losses.sparse_categorical_crossentropy(y, x, from_logits=True)",
    "tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, x, from_logits=True))",
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100)",
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)(y, x)",
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1)(y, x, s)",
    "keras.losses.SparseCategoricalCrossentropy(True, 1, reduction='mean_with_sample_weight')(y, x, s)",
    "keras.losses.SparseCategoricalCrossentropy(True, 1, 'sum')(y, x, s)",
    "tf.reduce_mean(keras.losses.SparseCategoricalCrossentropy(True, 1, 'none')(y, x))",
]
DENSE = [
    "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.125)",
    "keras.losses.CategoricalCrossentropy(from_logits=True)(y, x)",
    "keras.losses.CategoricalCrossentropy(True, 0.125, -1, 'sum')(y, x, sample_weight=s)",
    "keras.losses.CategoricalCrossentropy(True, reduction='mean_with_sample_weight', name='loss')",
    "tf.reduce_mean(keras.losses.categorical_crossentropy(y, x, from_logits=True, label_smoothing=0.125))",
    "tf.reduce_mean(keras.losses.categorical_crossentropy(y, x, True) * s)",
]
OPTAX = ["optax.softmax_cross_entropy", "jnp.mean(optax.softmax_cross_entropy(logits=x, labels=y))"]
OPTAX_SPARSE = [
    "optax.softmax_cross_entropy_with_integer_labels(x, y)",
    "optax.softmax_cross_entropy_with_integer_labels(x, y).mean()",
    "optax.softmax_cross_entropy_with_integer_labels(x, y, axis=-1).sum()",
    "jnp.average(optax.softmax_cross_entropy_with_integer_labels(x, y), weights=s)",
    "(optax.softmax_cross_entropy_with_integer_labels(x, y) * s).mean()",
    "(s * optax.softmax_cross_entropy_with_integer_labels(x, y)).sum() / s.sum()",
]
LOG_LOSS = [
    "log_loss(y, p)",
    "log_loss(y, p, sample_weight=s)",
    "log_loss(y, p, normalize=False)",
    "log_loss(y, p, sample_weight=s, normalize=False)",
    "log_loss(y_true=y, y_proba=p, labels=[0, 1, 2, 3])",
]
WITHOUT_LOGITS = [line.replace("from_logits=True", "from_logits=False").replace("(True", "(False") for line in SPARSE]
WITH_255 = np.where(IGNORED == -100, 1, IGNORED)
WITH_100 = np.where(IGNORED == 255, 1, IGNORED)
ROWS: list[tuple[str, list[str], str, Any, Any]] = [
    ("indices", TORCH, "logits", X, Y),
    ("a label of -100", TORCH, "logits", X, WITH_100),
    ("a label of 255", [line for line in TORCH if "255" in line], "logits", X, WITH_255),
    ("probability labels", TORCH, "logits", X, Q),
    ("log-probabilities", TORCH, "log_probs", LOG_P.astype(np.float32), Y),
    ("log-probabilities", NLL, "log_probs", LOG_P.astype(np.float32), Y),
    ("a label of -100", NLL, "log_probs", LOG_P.astype(np.float32), WITH_100),
    ("indices", SPARSE, "logits", X, Y),
    ("a label of -100", SPARSE, "logits", X, WITH_100),
    ("probabilities", WITHOUT_LOGITS, "probs", P.astype(np.float32), Y),
    ("probability labels", DENSE, "logits", X, Q),
    ("one-hot labels", DENSE, "logits", X, np.eye(4, dtype=np.float32)[Y]),
    ("probability labels", OPTAX, "logits", X, Q),
    ("indices", OPTAX_SPARSE, "logits", X, Y),
    ("a label of -100", OPTAX_SPARSE, "logits", X, WITH_100),
    ("indices", LOG_LOSS, "probs", P, Y),
    ("a class without a label", LOG_LOSS, "probs", P, np.where(Y == 3, 0, Y)),
    ("clipped", LOG_LOSS, "probs", np.where(P > 0.6, 1.0, P), np.where(Y == 3, 0, Y)),
    ("clipped", WITHOUT_LOGITS, "probs", np.eye(4, dtype=np.float32)[[0, 0, 1, 3, 1, 0]], Y),
    ("no rows that sum to 1", WITHOUT_LOGITS, "probs", (P * 0.5).astype(np.float32), Y),
]
BESIDE: list[tuple[str, dict[str, Any]]] = [
    ("no weight", {}),
    ("class weight", {"weight": W}),
    ("sample weight", {"sample_weight": S}),
    ("both", {"weight": W, "sample_weight": S}),
]
CASES = [
    pytest.param(line, kind, scores, labels, beside, id=f"{line}, {what}, {weights}")
    for what, lines, kind, scores, labels in ROWS
    for line in lines
    for weights, beside in BESIDE
]


def explained(line: str, kind: str, scores: Any, labels: Any, beside: dict[str, Any]) -> Report | None:
    """The report; None where a name of the line stands for nothing that is given."""
    batch = {kind: scores, "labels": labels, "engines": (), "criterion": line}
    with suppress(WceError):
        return wce_cli.explain(**batch, **beside)
    return None


def row_weight(beside: dict[str, Any], labels: Any) -> Any:
    """What who calls a criterion gives it as a sample weight: s · w[y]."""
    s = beside.get("sample_weight")
    if "weight" not in beside:
        return s
    index = labels.argmax(axis=1) if labels.ndim == 2 else np.where((labels < 0) | (labels > 3), 0, labels)
    return W[index] if s is None else s * W[index]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("line", "kind", "scores", "labels", "beside"), CASES)
def test_the_method_of_a_line_is_what_its_framework_returns(line, kind, scores, labels, beside):
    report = explained(line, kind, scores, labels, beside)
    if report is None:
        return
    said = report.criterion
    assert said is not None
    assert (said.pair is None) == (said.reason is not None)
    if said.pair is None:
        return
    package = KNOWN[read(line).name].package
    s = row_weight(beside, labels) if "] as its sample weight" in (said.given or "") else beside.get("sample_weight")
    found = returned(line, package, scores, labels, s)
    assert found.shape == ()
    assert math.isclose(float(found), report.value(said.pair), rel_tol=2e-6, abs_tol=2e-7)


def said(line: str, **batch: Any) -> Any:
    """What is said of a line beside a small batch."""
    given = {"logits": [[0.5, 1.5], [0.0, 0.25]], "labels": [0, 1], "engines": (), "criterion": line} | batch
    return wce_cli.explain(**given).criterion


@pytest.mark.parametrize(
    ("line", "batch", "reason"),
    [
        (
            "nn.CrossEntropyLoss(weight=w, label_smoothing=0.5)",
            {"weight": [-1, 1]},
            "it divides by 0 under label smoothing, where PyTorch adds two quotients and may have nan",
        ),
        (
            "keras.losses.SparseCategoricalCrossentropy(True, reduction='mean_with_sample_weight')",
            {"weight": [0, 0]},
            "it divides by 0, where Keras has 0",
        ),
        (
            "log_loss(y, p, sample_weight=s)",
            {"logits": None, "probs": [[0.5, 0.5], [0.25, 0.75]], "sample_weight": [0, 0]},
            "it divides by 0, where scikit-learn has an error",
        ),
        (
            "log_loss(y, p)",
            {"logits": None, "probs": [[0.5, 0.5], [0.25, 0.75]], "labels": ["b", "a"], "classes": ["b", "a"]},
            "labels that are names are sorted by it: a, b",
        ),
        (
            "log_loss(y, p)",
            {"logits": None, "probs": [[0.5, 0.5], [0.25, 0.75]], "labels": [1, 1]},
            "1 of 2 classes have no label, and it has no labels= that names them",
        ),
        (
            "nn.CrossEntropyLoss()",
            {"logits": None, "probs": [[0.5, 0.5], [0.25, 0.75]]},
            "it takes logits, and the scores are given as probabilities",
        ),
        (
            "nn.NLLLoss()",
            {"logits": None, "log_probs": [[-1.0, -2.0], [-2.0, -1.0]], "labels": [[0.5, 0.5], [0, 1]]},
            "it is known here for class indices alone, and the labels are probability rows",
        ),
        (
            "optax.softmax_cross_entropy_with_integer_labels(x, y).mean()",
            {"labels": [0, -100]},
            "it ignores no label, and 1 of 2 are ignored here",
        ),
        (
            "optax.softmax_cross_entropy_with_integer_labels(x, y).mean()",
            {"label_smoothing": 0.5},
            "it knows no label smoothing, and here it is 0.5",
        ),
        (
            "nn.CrossEntropyLoss(reduction='sum')",
            {"weight": [1, 2]},
            "it leaves the weights out, and sums the bare losses to 1.8892",
        ),
    ],
)
def test_a_reason_is_given_where_nothing_is_sure(line, batch, reason):
    found = said(line, **batch)
    assert (found.pair, found.loss, found.reason) == (None, None, reason)


def test_the_numbers_that_a_reason_tells_are_those_of_the_framework():
    x, y = np.array([[0.5, 1.5], [0.0, 0.25]], dtype=np.float32), np.array([0, 1])
    found = float(returned("nn.CrossEntropyLoss(reduction='sum')", "torch", x, y))
    assert f"sums the bare losses to {found:.6g}" in said("nn.CrossEntropyLoss(reduction='sum')", weight=[1, 2]).reason
    p = np.array([[1.0, 0.0], [0.25, 0.75]])
    labels = [1, 0]
    reason = said("log_loss(y, p)", logits=None, probs=p, labels=labels).reason
    assert (
        "inf" in reason
        or f"gives {float(returned('log_loss(y, p)', 'sklearn', p, np.array(labels))):.6g} here" in reason
    )
    p = np.array([[1.0 - 1e-9, 1e-9], [0.5, 0.25]], dtype=np.float32)
    loss = returned("keras.losses.SparseCategoricalCrossentropy()(y, x)", "keras", p, np.array([1, 0]))
    reason = said("keras.losses.SparseCategoricalCrossentropy()", logits=None, probs=p, labels=[1, 0]).reason
    assert f"gives {float(loss):.6g} here" in reason


@pytest.mark.parametrize(
    ("line", "batch", "given"),
    [
        ("nn.CrossEntropyLoss(weight=[1.0, 2.0])", {}, "with its weight as a float tensor"),
        ("nn.CrossEntropyLoss(weight=torch.tensor([1, 2]))", {}, "with its weight as a float tensor"),
        ("nn.CrossEntropyLoss(weight=np.array([1.0, 2.0]))", {}, "with its weight as a float tensor"),
        ("nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))", {}, None),
        ("nn.CrossEntropyLoss()", {"labels": [[1, 0], [0, 1]]}, "with its labels as floats"),
        ("nn.CrossEntropyLoss()", {"labels": [1, 2], "label_base": 1}, "with labels that count from 0"),
        ("nn.CrossEntropyLoss()", {"label_smoothing": 0.5}, "with label_smoothing 0.5"),
        ("nn.CrossEntropyLoss(label_smoothing=0.5)", {"label_smoothing": 0.25}, "with label_smoothing 0.25"),
        ("nn.CrossEntropyLoss(label_smoothing=eps)", {"label_smoothing": 0.25}, None),
        ("nn.CrossEntropyLoss()", {"labels": [0, 255], "ignore_index": 255}, "with ignore_index 255"),
        ("nn.CrossEntropyLoss(ignore_index=255)", {"labels": [0, 255]}, None),
        (
            "nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))",
            {"weight": [1, 3]},
            "with the weight that is given",
        ),
        ("nn.CrossEntropyLoss(weight=torch.tensor([0.1, 2.0]))", {"weight": [0.1, 2]}, None),
        (
            "nn.CrossEntropyLoss(weight={'dog': 2.0, 'cat': 1.0})",
            {"labels": ["cat", "dog"], "classes": ["cat", "dog"]},
            "with its weight as a float tensor",
        ),
        ("keras.losses.CategoricalCrossentropy(from_logits=True)", {}, "with one-hot labels"),
        (
            "keras.losses.CategoricalCrossentropy(from_logits=True)",
            {"labels": [[0.5, 0.5], [0, 1]], "weight": [1, 2]},
            "with w[argmax y] as its sample weight",
        ),
        (
            "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
            {"weight": [1, 2], "sample_weight": [1, 3]},
            "with s·w[y] as its sample weight",
        ),
        (
            "optax.softmax_cross_entropy(x, y).mean()",
            {"label_smoothing": 0.5},
            "with one-hot labels and with labels smoothed by 0.5",
        ),
    ],
)
def test_what_it_must_be_given_beside_is_told(line, batch, given):
    found = said(line, **batch)
    assert found.reason is None
    assert found.given == given


PAIRS = [
    ("nn.CrossEntropyLoss(weight=w)", {"weight": [1, 2]}, "weighted-mean"),
    ("nn.CrossEntropyLoss(weight=w)", {"weight": [1, 2], "labels": [[0.5, 0.5], [0, 1]]}, "batch-mean"),
    ("nn.CrossEntropyLoss()", {"weight": [1, 2]}, "unweighted-mean"),
    ("F.cross_entropy(x, y, weight=w, reduction='none').mean()", {"weight": [1, 2]}, "batch-mean"),
    ("(F.cross_entropy(x, y, reduction='none') * w[y]).mean()", {"weight": [1, 2]}, "batch-mean/sample"),
    ("keras.losses.SparseCategoricalCrossentropy(True)", {"weight": [1, 2]}, "batch-mean/sample"),
    ("keras.losses.SparseCategoricalCrossentropy(True)(y, x)", {"weight": [1, 2]}, "unweighted-mean"),
    ("keras.losses.SparseCategoricalCrossentropy(True, 1)", {"weight": [1, 2]}, "kept-mean/sample"),
    ("model.compile(loss='sparse_categorical_crossentropy')", {"logits": None, "probs": [[0.5, 0.5]] * 2},
     "batch-mean/sample"),
    ("log_loss(y, p, sample_weight=s)", {"logits": None, "probs": [[0.5, 0.5]] * 2, "sample_weight": [1, 2]},
     "weighted-mean/sample"),
    ("log_loss(y, p, normalize=False)", {"logits": None, "probs": [[0.5, 0.5]] * 2}, "sum/sample"),
    ("log_loss(y, p)", {"logits": None, "probs": [[0.5, 0.5]] * 2, "classes": ["b", "a"]}, "weighted-mean/sample"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "batch", "pair"), PAIRS)
def test_each_framework_has_its_own_denominator(line, batch, pair):
    assert said(line, **batch).pair == pair


X3 = X.reshape(2, 3, 4)
Y3 = WITH_100.reshape(2, 3)
SEQUENCES = [
    ("F.cross_entropy(x.movedim(-1, 1), y)", {}, "weighted-mean", None),
    ("F.cross_entropy(logits.view(-1, V), labels.view(-1))", {}, "weighted-mean", None),
    ("F.cross_entropy(x.view(-1, V), y.view(-1), reduction='sum')", {"shift": False}, "sum", None),
    (
        "F.cross_entropy(x[:, :-1].reshape(-1, V), y[:, 1:].reshape(-1), label_smoothing=0.25)",
        {"shift": True},
        "weighted-mean",
        None,
    ),
    ("nn.CrossEntropyLoss()", {}, "weighted-mean", "with its classes on axis 1"),
    (
        "F.cross_entropy(logits, labels)",
        {"shift": True},
        "weighted-mean",
        "with labels one position ahead and with its classes on axis 1",
    ),
    ("keras.losses.SparseCategoricalCrossentropy(True, -100)(y, x)", {}, "kept-mean/sample", None),
]


@pytest.mark.parametrize(("line", "beside", "pair", "given"), SEQUENCES)
def test_sequences_are_taken_as_the_line_has_them(line, beside, pair, given):
    report = wce_cli.explain(logits=X3, labels=Y3, class_axis=-1, criterion=line, engines=(), **beside)
    assert report.criterion is not None
    assert (report.criterion.pair, report.criterion.given) == (pair, given)
    if given is None:
        loss = float(returned(line, KNOWN[read(line).name].package, X3, Y3))
        assert math.isclose(loss, report.value(pair), rel_tol=2e-6)
