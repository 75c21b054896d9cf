"""The arrays that stand in a called criterion: those of the batch, or others, held to PyTorch, which is called with the
very line.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import wce_cli
from tests.criteria.real import ARE_INSTALLED, X, Y, returned
from tests.run import run
from wce_cli.answers.report import CriterionPart

pytestmark = pytest.mark.skipif(not ARE_INSTALLED, reason="a framework is not installed")

SCORES, LABELS = X.reshape(2, 3, 4), Y.reshape(2, 3)
IMAGES, MASKS = np.moveaxis(np.arange(120.0).reshape(2, 3, 5, 4) % 7, -1, 1), np.arange(30).reshape(2, 3, 5) % 4
CALL = "F.cross_entropy({}, {})"


def said(line: str, scores: Any = SCORES, labels: Any = LABELS, **beside: Any) -> CriterionPart:
    given = {"class_axis": -1} | beside
    report = wce_cli.explain(logits=scores, labels=labels, criterion=line, engines=(), **given)
    assert report.criterion is not None
    return report.criterion


def of_torch(line: str, scores: Any = SCORES, labels: Any = LABELS) -> float:
    return float(returned(line, "torch", scores, labels))


SHIFTED = [
    "F.cross_entropy(logits[:, :-1].reshape(-1, V), labels[:, 1:].reshape(-1))",
    "F.cross_entropy(logits[:, :-1, :].flatten(0, 1), labels[..., 1:].flatten())",
    "F.cross_entropy(logits[..., :-1, :].contiguous().view(-1, V), labels[..., 1:].contiguous().view(-1))",
    "F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:].long())",
    "nn.CrossEntropyLoss()(logits[:, :-1].mT, labels[:, 1:])",
    "F.cross_entropy(shift_logits.reshape(-1, V), shift_labels.reshape(-1), reduction='sum')",
    "shift_logits = logits[..., :-1, :].contiguous()\ntargets = labels[..., 1:].contiguous()\n"
    "F.cross_entropy(shift_logits.view(-1, V), targets.view(-1))",
]


@pytest.mark.parametrize("line", SHIFTED)
def test_a_causal_cut_is_the_batch_where_that_is_shifted(line):
    one = said(line, shift=True)
    assert (one.reason, one.given) == (None, None)
    assert one.loss == pytest.approx(of_torch(line), rel=2e-6)


@pytest.mark.parametrize("line", SHIFTED)
def test_a_causal_cut_of_a_batch_that_is_not_shifted_is_no_method_of_it(line):
    one = said(line)
    assert (one.pair, one.loss) == (None, None)
    why = "which is no batch as it was tokenised; of one that is, " if "(shift_" in line else ""
    why = why if "shift_logits = " not in line else ""
    assert f", {why or 'and the batch is not shifted: '}--shift (shift=True in Python) pairs" in one.reason
    whole = wce_cli.explain(logits=SCORES, labels=LABELS, class_axis=-1, engines=())
    assert not math.isclose(whole.value("weighted-mean"), of_torch(line), rel_tol=1e-3)


def test_a_shift_of_rows_without_sequences():
    line = "F.cross_entropy(x[:-1], y[1:])"
    one = said(line, X, Y, class_axis=None, shift=True)
    assert one.loss == pytest.approx(of_torch(line, X, Y), rel=2e-6)
    assert said(line, X, Y, class_axis=None).loss is None


SAME = [
    "F.cross_entropy(logits.view(-1, V), labels.view(-1))",
    "F.cross_entropy(logits.reshape((-1, 4)).float().contiguous(), labels.flatten().to(torch.long))",
    "F.cross_entropy(logits.view(-1, logits.size(-1)).double(), labels.ravel().detach().cpu())",
    "F.cross_entropy(torch.flatten(logits, 0, 1), torch.flatten(labels))",
    "F.cross_entropy(logits.permute(0, 2, 1), labels)",
    "F.cross_entropy(logits.movedim(-1, 1).flatten(2), labels.flatten(1), label_smoothing=0.25)",
    "F.cross_entropy(logits.mT, labels.squeeze(), reduction='sum')",
    "outputs = logits.float()\nF.cross_entropy(outputs.transpose(1, 2), labels)",
]


@pytest.mark.parametrize("line", SAME)
def test_what_is_moved_or_made_rows_of_is_the_batch(line):
    one = said(line)
    assert (one.reason, one.given) == (None, None)
    assert one.loss == pytest.approx(of_torch(line), rel=2e-6)
    ahead = said(line, shift=True)
    assert ahead.given == "with labels one position ahead"  # it does not shift them itself
    assert ahead.loss != pytest.approx(of_torch(line), rel=1e-3)


def test_classes_that_stay_last_are_told():
    for line in ("F.cross_entropy(logits.float(), labels)", "F.cross_entropy(batch['logits'], labels)"):
        assert said(line).given == "with its classes on axis 1"
    assert said("F.cross_entropy(logits[:, :-1], labels[:, 1:])", shift=True).given == "with its classes on axis 1"


def test_images_are_rows_once_their_classes_are_last():
    for line in (
        "F.cross_entropy(x.permute(0, 2, 3, 1).reshape(-1, V), y.reshape(-1))",
        "F.cross_entropy(x.flatten(2), y.flatten(1))",
        "F.cross_entropy(x, y.squeeze(1).long())",
    ):
        one = said(line, IMAGES, MASKS, class_axis=None)
        assert one.loss == pytest.approx(of_torch(line, IMAGES, MASKS)), line
    for line in (
        "F.cross_entropy(x.reshape(-1, V), y.reshape(-1))",
        "F.cross_entropy(x.transpose(2, 3).flatten(2), y.flatten(1))",
    ):
        one = said(line, IMAGES, MASKS, class_axis=None)
        assert one.loss is None
        assert "which may not be the scores as they are given" in one.reason
        assert of_torch(line, IMAGES, MASKS)


OTHERS = [
    ("logits.softmax(-1).view(-1, V)", "labels.view(-1)", "logits.softmax(-1)"),
    ("logits.view(-1, V) / 2.0", "labels.view(-1)", "logits.view(-1, V) / 2.0"),
    ("-logits.view(-1, V)", "labels.view(-1)", "-logits.view(-1, V)"),
    ("logits[keep]", "labels[keep]", "logits[keep]"),
    ("logits[0]", "labels[0]", "logits[0]"),
    ("logits.view(-1, V)", "labels.view(-1).roll(-1)", "labels.view(-1).roll(-1)"),
    ("logits.flip(1).view(-1, V)", "labels.view(-1)", "logits.flip(1)"),
    ("logits.long().float().view(-1, V)", "labels.view(-1)", "logits.long().float().view(-1, V)"),
    ("logits.to(torch.int64).double().view(-1, V)", "labels.view(-1)", "logits.to(torch.int64).double().view(-1, V)"),
    ("logits.transpose(1, 2).reshape(-1, V)", "labels.view(-1)", "logits.transpose(1, 2).reshape(-1, V)"),
    ("logits.transpose(0, 1).reshape(-1, V)", "labels.view(-1)", "logits.transpose(0, 1).reshape(-1, V)"),
    ("logits[:-1].reshape(-1, V)", "labels[1:].reshape(-1)", "logits[:-1].reshape(-1, V)"),
    ("logits[:, 1:].reshape(-1, V)", "labels[:, :-1].reshape(-1)", "logits[:, 1:].reshape(-1, V)"),
    ("torch.clamp(logits, -1, 1).view(-1, V)", "labels.view(-1)", "torch.clamp(logits, -1, 1)"),
]


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize(("scores", "labels", "told"), OTHERS)
def test_other_arrays_are_not_those_of_the_batch(scores, labels, told, shift):
    line = CALL.format(scores, labels)
    one = said(line, shift=shift)
    assert (one.pair, one.loss) == (None, None)
    place = "labels" if told.startswith("labels") else "scores"
    assert one.reason == f"it is called with {told}, which may not be the {place} as they are given"
    whole = wce_cli.explain(logits=SCORES, labels=LABELS, class_axis=-1, shift=shift, engines=())
    assert not math.isclose(whole.value("weighted-mean"), of_torch(line), rel_tol=1e-3)


def test_a_name_that_was_given_another_array_is_that_one():
    rest = "\nF.cross_entropy(logits.view(-1, V), labels.view(-1))"
    for line, told in (
        ("logits = logits / 2", "logits / 2"),
        ("logits /= 2", "logits / 2"),
        ("logits = torch.softmax(logits, -1)", "torch.softmax(logits, -1)"),
    ):
        assert f"it is called with {told}, " in said(line + rest).reason
    for line in (
        "logits = model(x).logits",
        "logits, labels = batch",
        "labels = inputs.pop('labels')",
        "logits = f(h)",
    ):
        assert said(line + rest).pair == "weighted-mean"


def test_arrays_that_change_places_are_told():
    for line, told in (
        ("F.cross_entropy(labels, logits)", "labels in the place of the scores"),
        ("F.cross_entropy(batch['labels'], outputs['logits'])", "batch['labels'] in the place of the scores"),
        ("F.cross_entropy(x, y_pred)", "y_pred in the place of the labels"),
        ("keras.losses.SparseCategoricalCrossentropy(True)(y_pred, y_true)", "y_pred in the place of the labels"),
    ):
        one = said(line, X, Y, class_axis=None)
        assert one.loss is None
        assert one.reason == f"it is called with {told}"


@pytest.mark.parametrize(
    "line",
    [
        "criterion(outputs.logits, batch['labels'])",
        "criterion(out[0], batch[1])",
        "criterion(net(images), labels)",
        "criterion(self.model(**batch).logits, batch.y)",
        "criterion(out['logits'].float(), batch.pop('labels'))",
    ],
)
def test_names_are_the_arrays_of_the_batch(line):
    assert said(f"criterion = nn.CrossEntropyLoss()\n{line}", X, Y, class_axis=None).pair == "weighted-mean"


def test_one_cut_alone_is_no_method_of_a_shifted_batch():
    one = said("F.cross_entropy(logits[:, :-1].reshape(-1, V), labels.reshape(-1))", shift=True)
    assert one.reason == "it cuts the scores alone: logits[:, :-1].reshape(-1, V)"


def test_settings_are_read_beside_any_array():
    line = "F.cross_entropy(logits[keep], labels[keep], weight=torch.tensor([1., 2., 1., 1.]), ignore_index=3)"
    report = wce_cli.explain(logits=SCORES, labels=LABELS, class_axis=-1, criterion=line, engines=())
    assert report.batch.weight == (1.0, 2.0, 1.0, 1.0)
    assert report.batch.ignore_index == 3
    assert report.criterion.pair is None


COMMANDS = {
    "explain": ["--engine", "none"],
    "identify": ["0.9"],
    "split": ["--size", "2"],
    "gradient": [],
    "sweep": ["--class", "0"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_says_what_it_returns(command):
    batch = ["-x", "1 2; 0 1; 3 1", "-y", "0 1 1", "--criterion", "F.cross_entropy(logits / 2.0, labels)"]
    ran = run(command, *COMMANDS[command], *batch)
    told = " ".join(ran.out.split())
    assert "it is called with logits / 2.0, which may not be the scores as they are given" in told
    assert " returns " not in told
    assert "Traceback" not in ran.err


def test_a_check_of_its_number_is_refused():
    batch = ["-x", "1 2; 0 1; 3 1", "-y", "0 1 1", "--criterion", "F.cross_entropy(logits / 2.0, labels)"]
    ran = run("check", *batch, "--expect", "0.9")
    assert ran.code == 2
    assert "it is called with logits / 2.0, which may not be the scores as they are given" in ran.err


@pytest.mark.parametrize("size", ["--1", "+1", "~0", "1.5", "'a'", "None", "True", "*sizes", "n // 2", "-" * 20 + "1"])
def test_any_size_of_a_view_is_read_or_left_alone(size):
    for call in (f"logits.view({size}, V)", f"logits.flatten({size})", f"logits.transpose({size}, 1)"):
        assert said(CALL.format(call, "labels")).text == f"F.cross_entropy({call}, labels)"
