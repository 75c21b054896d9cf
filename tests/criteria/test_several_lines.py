"""What a few lines of code do to a criterion, or to its settings, before and after it: nothing is claimed that may be
otherwise."""

from __future__ import annotations

import pytest

from tests.run import run
from wce_cli import explain
from wce_cli.criteria.read import read
from wce_cli.errors import WceError

MADE = "criterion = nn.CrossEntropyLoss()\n"
SCORES, LABELS = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1]], [0, 1, 2, 1]

UNSURE = [
    (MADE + "criterion.weight = torch.tensor([.2, 1., 3.])\nloss = criterion(x, y)", "sets its weight afterwards"),
    (MADE + "criterion.reduction = 'sum'", "sets its reduction afterwards"),
    (
        "if a:\n  criterion = nn.CrossEntropyLoss(reduction='sum')\nelse:\n  criterion = nn.CrossEntropyLoss()",
        "stands in a branch",
    ),
    (
        "if a:\n  loss = F.cross_entropy(x, y, reduction='sum')\nelse:\n  loss = F.cross_entropy(x, y)\nprint(loss)",
        "stands in a branch",
    ),
    (
        "if a:\n  return F.cross_entropy(x, y, reduction='sum')\nelse:\n  return F.cross_entropy(x, y)",
        "stands in a branch",
    ),
]


@pytest.mark.parametrize(("code", "reason"), UNSURE)
def test_what_may_be_otherwise_is_not_claimed(code, reason):
    assert reason in read(code).reason
    report = explain(logits=SCORES, labels=LABELS, criterion=code, engines=())
    assert report.criterion is not None
    assert report.criterion.pair is None


@pytest.mark.parametrize(
    ("code", "made"),
    [
        (MADE + "loss = criterion(x, y)\nloss = loss / 4", "nn.CrossEntropyLoss()(x, y) / 4"),
        (MADE + "loss = criterion(x, y)\nloss /= accumulation", "nn.CrossEntropyLoss()(x, y) / accumulation"),
        (MADE + "loss = criterion(x, y)\nloss += reg", "nn.CrossEntropyLoss()(x, y) + reg"),
        ("F.cross_entropy(x, y, reduction='none').sum(1).mean()", ".sum(1)"),
        ("torch.sum(F.cross_entropy(x, y, reduction='none'), 1).mean()", ", 1)"),
        ("F.cross_entropy(x, y, reduction='none').sum(0).mean()", ".sum(0)"),
    ],
)
def test_another_number_is_told(code, made):
    (note,) = read(code).notes
    assert note.startswith("the code makes another number of what the criterion returns: ")
    assert made in note


@pytest.mark.parametrize(
    "code",
    [
        MADE + "loss = criterion(x, y)\nrunning_loss += loss.item()",
        MADE + "criterion.cuda()\nloss = criterion(x, y)\nloss.backward()\noptimizer.step()",
        "if amp:\n  loss = F.cross_entropy(x, y)",
        "nn.CrossEntropyLoss().forward(x, y)",
        "lambda x, y: F.cross_entropy(x, y)",
    ],
)
def test_what_changes_nothing_leaves_it(code):
    report = explain(logits=SCORES, labels=LABELS, criterion=code, engines=())
    assert report.criterion is not None
    assert report.criterion.pair == "weighted-mean"
    assert not report.batch.notes


@pytest.mark.parametrize(
    "lines",
    [
        "w = [3., 1., 2.]\nw.sort()",
        "w = [3., 1., 2.]\nw.reverse()",
        "w = v = [3., 1., 2.]\nv[0] = 9.",
        "w = [3., 1.]\nw.append(2.)",
        "if a:\n  w = [1., 2., 3.]\nelse:\n  w = [3., 2., 1.]",
    ],
)
def test_a_list_that_is_changed_is_no_longer_known(lines):
    code = f"{lines}\nnn.CrossEntropyLoss(weight=torch.tensor(w))"
    assert read(code).unsaid == {"weight": "torch.tensor(w)"}
    with pytest.raises(WceError, match="whose value is not in the line"):
        explain(logits=SCORES, labels=LABELS, criterion=code)


@pytest.mark.parametrize("weight", ["balanced", {"0": 1, "1": 2, "2": 3}, {"cat": 1, "dog": 2, "cow": 3}])
def test_a_weight_of_any_kind_takes_the_place_of_the_criterions(weight):
    code = "nn.CrossEntropyLoss(weight=torch.tensor([1., 2., 4.]))"
    report = explain(logits=SCORES, labels=LABELS, criterion=code, weight=weight, engines=())
    plain = explain(logits=SCORES, labels=LABELS, weight=weight, engines=())
    assert report["weighted-mean"] == plain["weighted-mean"]
    assert any("takes the place of the criterion's" in note for note in report.batch.notes)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nn.CrossEntropyLoss(ignore_index=1)", "criterion ignores 1, and these totals were saved with -100 ignored"),
        ("log_loss(y, p, sample_weight=[1, 2, 3, 4])", "these totals were saved without one"),
    ],
)
def test_saved_totals_refuse_a_setting_that_they_were_not_made_with(code, said, tmp_path):
    kind = "--probs" if "log_loss" in code else "--logits"
    scores = ".5 .3 .2; .2 .5 .3; .1 .1 .8; .3 .4 .3"
    part = str(tmp_path / "part.json")
    assert run("explain", kind, scores, "-y", "0,1,2,1", "--engine", "none", "--totals-out", part).code == 0
    refused = run("explain", part, "--criterion", code)
    assert refused.code == 2
    assert said in refused.err
