"""Lines of code as people have them: what is read of them, and what is said of those that hold nothing to read."""

from __future__ import annotations

import os

import numpy as np
import pytest

from wce_cli.criteria.read import read
from wce_cli.errors import WceError
from wce_cli.loss.spec import Criterion


def plain(criterion: Criterion) -> dict[str, object]:
    """The fields that a criterion sets, arrays as lists."""
    return {
        field: np.asarray(value).tolist() if isinstance(value, np.ndarray) else value
        for field, value in criterion.fields.items()
    }


POSTED = [
    # a class, with its settings
    ("nn.CrossEntropyLoss(weight=torch.tensor([0.5, 1.0]), ignore_index=255, label_smoothing=0.1)", "CrossEntropyLoss",
     {"weight": [0.5, 1.0], "ignore_index": 255, "label_smoothing": 0.1}),
    ("criterion = nn.CrossEntropyLoss()", "CrossEntropyLoss", {}),
    ("criterion = torch.nn.CrossEntropyLoss(weight=torch.FloatTensor([1, 10]).to(device))  # 10x the rare class",
     "CrossEntropyLoss", {"weight": [1.0, 10.0]}),
    ("self.loss_fn = nn.CrossEntropyLoss(torch.Tensor([1,2,4]).cuda(), reduction=\"mean\")", "CrossEntropyLoss",
     {"weight": [1.0, 2.0, 4.0]}),
    ("    criterion=nn.CrossEntropyLoss(ignore_index = -1, ).cuda(),", "CrossEntropyLoss", {"ignore_index": -1}),
    ("weights = torch.tensor([9., 1.])\nweights = weights / weights.sum()\ncriterion = nn.CrossEntropyLoss(weights)",
     "CrossEntropyLoss", {"weight": [np.float32(0.9).item(), np.float32(0.1).item()]}),
    ("nn.CrossEntropyLoss(weight=1 / torch.tensor([4.0, 8.0]))", "CrossEntropyLoss", {"weight": [0.25, 0.125]}),
    ("nn.CrossEntropyLoss(weight=torch.tensor([1.0] * 2 + [0.5] * 2, dtype=torch.float64))", "CrossEntropyLoss",
     {"weight": [1.0, 1.0, 0.5, 0.5]}),
    ("nn.CrossEntropyLoss(weight=torch.from_numpy(np.array([0.25, 0.75])).float())", "CrossEntropyLoss",
     {"weight": [0.25, 0.75]}),
    ("loss_function = nn.NLLLoss(torch.ones(3), ignore_index=0)", "NLLLoss",
     {"weight": [1.0, 1.0, 1.0], "ignore_index": 0}),
    ("def __init__(self):\n    super().__init__()\n    self.ce = nn.CrossEntropyLoss(label_smoothing=1e-1)",
     "CrossEntropyLoss", {"label_smoothing": 0.1}),
    ("with torch.cuda.amp.autocast():\n    out = model(x)\n    loss = F.cross_entropy(out, y, label_smoothing=0.05)",
     "cross_entropy", {"label_smoothing": 0.05}),
    # functions, with their arrays
    ("loss = F.cross_entropy(logits.view(-1, V), labels.view(-1), reduction='sum')", "cross_entropy", {}),
    ("return F.nll_loss(F.log_softmax(output, dim=1), target, ignore_index=0)", "nll_loss", {"ignore_index": 0}),
    ("self.log('val_loss', F.cross_entropy(self(x), y, ignore_index=-1))", "cross_entropy", {"ignore_index": -1}),
    ("loss = torch.nn.functional.cross_entropy(shift_logits.view(-1, shift_logits.size(-1)), shift_labels.view(-1), "
     "ignore_index=-100)", "cross_entropy", {"ignore_index": -100}),
    ("for images, labels in loader:\n    optimizer.zero_grad()\n    loss = F.cross_entropy(net(images), labels)\n"
     "    loss.backward()\n    optimizer.step()\n    running_loss += loss.item()", "cross_entropy", {}),
    ("loss = F.cross_entropy(input=pred, target=mask.squeeze(1).long(), weight=torch.tensor([.5, 2.]), "
     "ignore_index=255)",
     "cross_entropy", {"weight": [0.5, 2.0], "ignore_index": 255}),
    # Keras, scikit-learn, optax
    ("model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])",
     "SparseCategoricalCrossentropy", {}),
    ("model.compile(loss=tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), optimizer=o)",
     "CategoricalCrossentropy", {"label_smoothing": 0.1}),
    ("loss_object = tf.keras.losses.SparseCategoricalCrossentropy(\n    from_logits=True, reduction='none', "
     "ignore_class=-1)", "SparseCategoricalCrossentropy", {"ignore_index": -1}),
    ("print('log loss:', 1); score = log_loss(y_test, clf.predict_proba(X_test), labels=[0, 1])", "log_loss", {}),
    ("print(log_loss(y_true, y_pred, sample_weight=[1, 2.5]))", "log_loss", {"sample_weight": [1, 2.5]}),
    ("loss = optax.softmax_cross_entropy_with_integer_labels(logits=logits, labels=batch['label']).mean()",
     "softmax_cross_entropy_with_integer_labels", {}),
    ("criterion = partial(F.cross_entropy, weight=torch.tensor([0.5, 1.5]), reduction='sum')", "cross_entropy",
     {"weight": [0.5, 1.5]}),
    ("nn.CrossEntropyLoss(weight={0: 1., 1: 10.})", "CrossEntropyLoss", {"weight": {0: 1.0, 1: 10.0}}),
    ("nn.CrossEntropyLoss(weight=torch.tensor([1/3, 2/3], dtype=torch.double))", "CrossEntropyLoss",
     {"weight": [1 / 3, 2 / 3]}),
    ("nn.CrossEntropyLoss(weight=torch.tensor([1., float('inf'), math.inf, 1e-3]).double())", "CrossEntropyLoss",
     {"weight": [1.0, np.inf, np.inf, np.float32(1e-3).item()]}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "fields"), POSTED, ids=[text[:60] for text, _, _ in POSTED])
def test_a_line_that_people_have_is_read(text, name, fields):
    found = read(text)
    assert found.name == name
    assert plain(found) == fields
    assert found.reason == ""


def test_arrays_have_the_dtype_that_the_code_gives_them():
    for code, dtype in [
        ("torch.tensor([0.1, 1.0])", "float32"),
        ("torch.tensor([0.1, 1.0], dtype=torch.float64)", "float64"),
        ("torch.tensor([0.1, 1.0]).double()", "float64"),
        ("torch.tensor([0.1, 1.0]).half()", "float16"),
        ("torch.DoubleTensor([0.1, 1.0])", "float64"),
        ("torch.from_numpy(np.array([0.1, 1.0]))", "float64"),
        ("torch.tensor(np.array([0.1, 1.0]))", "float64"),
        ("torch.tensor([1, 10])", "int64"),
        ("torch.Tensor([1, 10])", "float32"),
        ("torch.full((2,), 0.5)", "float32"),
        ("np.ones(2)", "float64"),
        ("jnp.array([0.1, 1.0], dtype=jnp.float32)", "float32"),
        ("torch.tensor([0.1, 1.0]).to('cuda:0')", "float32"),
        ("torch.tensor([0.1, 1.0]).to(torch.float64)", "float64"),
    ]:
        value = read(f"nn.CrossEntropyLoss(weight={code})").fields["weight"]
        assert value.dtype == dtype, code


@pytest.mark.parametrize(
    "code",
    [
        "w",
        "class_weights.to(device)",
        "compute_class_weight('balanced', classes=c, y=y)",
        "torch.tensor(counts) / 2",
        "torch.tensor([0.1, 1.0], dtype=torch.bfloat16)",
        "1.0 / torch.tensor([90, 10])",
        "torch.Tensor(3)",
        "torch.rand(3)",
        "[w0, w1]",
        "open('w.txt').read()",
        "torch.ones(10 ** 12)",
        "[1.0] * 10 ** 12",
    ],
)
def test_what_the_code_does_not_hold_is_left_to_who_knows_it(code):
    found = read(f"nn.CrossEntropyLoss(weight={code})")
    assert found.fields == {}
    assert set(found.unsaid) == {"weight"}
    assert found.takes == ("weight",)


REFUSED = [
    ("nn.CrossEntropyLoss(lable_smoothing=0.1)", "criterion: CrossEntropyLoss has no keyword lable_smoothing",
     "did you mean 'label_smoothing'?"),
    ("nn.NLLLoss(label_smoothing=0.1)", "criterion: NLLLoss has no keyword label_smoothing",
     "CrossEntropyLoss has it"),
    ("nn.CrossEntropyLoss(pos_weight=w)", "criterion: CrossEntropyLoss has no keyword pos_weight",
     "it takes weight, size_average, ignore_index, reduce, reduction, label_smoothing"),
    ("nn.CrossEntropyLoss(w, weight=w)", "criterion: CrossEntropyLoss got weight twice", ""),
    ("log_loss(y, p, s)", "criterion: log_loss takes 2 arguments by position, and got 3",
     "it takes y_true, y_proba, normalize, sample_weight, labels, y_pred"),
    ("nn.CrossEntropyLoss(reduction='average')", 'criterion: "average" is no reduction of CrossEntropyLoss',
     "it has 'mean', 'elementwise_mean', 'sum', 'none'"),
    ("nn.CrossEntropyLoss(outputs, labels)",
     "criterion: nn.CrossEntropyLoss(outputs, labels) makes a criterion whose weight and size_average they are",
     "call what it makes: nn.CrossEntropyLoss()(outputs, labels)"),
    ("nn.CrossEntropyLoss(weight='balanced')",
     "criterion: weight of CrossEntropyLoss is 'balanced', expected numbers",
     "--weight balanced counts the labels"),
    ("nn.CrossEntropyLoss(ignore_index=None)",
     "criterion: ignore_index of CrossEntropyLoss is None, expected numbers", ""),
    ("nn.BCEWithLogitsLoss(pos_weight=p)", "criterion is nn.BCEWithLogitsLoss, which is no loss that is known",
     "sigmoid losses are not there yet: write a column x as two, '0 x', whose softmax is the sigmoid of x"),
    ("FocalLoss(gamma=2)", "criterion is FocalLoss, which is no loss that is known", "focal losses are not there yet"),
    ("paddle.nn.CrossEntropyLoss()", "criterion is paddle.nn.CrossEntropyLoss, which is no loss that is known",
     "torch.nn.CrossEntropyLoss is PyTorch's; paddle.nn.CrossEntropyLoss may divide by something else"),
    ("nn.CrossEntropyLos()", "criterion is nn.CrossEntropyLos, which is no loss that is known",
     "did you mean 'CrossEntropyLoss'?"),
    ("criterion(outputs, labels)", "criterion is criterion, which is no loss that is known",
     "known are nn.CrossEntropyLoss, nn.NLLLoss, F.cross_entropy, keras.losses.CategoricalCrossentropy, log_loss and "
     "optax's softmax_cross_entropy; wce audit FILE.py:NAME says what a function of your own computes"),
    ("", "criterion is empty", "write nn.CrossEntropyLoss(), or the line that you have"),
    ("nn.CrossEntropyLoss(", 'criterion is no Python: "nn.CrossEntropyLoss("', "'(' was never closed"),
    ("nn.CrossEntropyLoss(weight=w, weight=v)", "criterion: CrossEntropyLoss got weight twice", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "told"), REFUSED, ids=[text[:40] or "empty" for text, _, _ in REFUSED])
def test_what_is_no_loss_is_refused_in_one_line(text, message, told):
    with pytest.raises(WceError) as refused:
        read(text)
    (problem,) = refused.value.problems
    assert (problem.message, problem.hint) == (message, told)


HOSTILE = {
    "a command": "__import__('os').system('touch {}')",
    "a command within": "nn.CrossEntropyLoss(weight=__import__('os').system('touch {}'))",
    "a lambda": "(lambda: open('{}', 'w'))()",
    "a walrus": "nn.CrossEntropyLoss(weight=(w := open('{}', 'w')))",
    "an f-string": "nn.CrossEntropyLoss(weight=f\"{{open('{}', 'w')}}\")",
    "a comprehension": "nn.CrossEntropyLoss(weight=[open('{}', 'w') for _ in range(1)])",
    "a decorator": "@open('{}', 'w')\ndef f():\n    nn.CrossEntropyLoss()",
    "brackets": "(" * 100_000,
    "lists": "nn.CrossEntropyLoss(weight=" + "[" * 150 + "]" * 150 + ")",
    "signs": "-" * 5000 + "1",
    "a sum": "1" + "+1" * 100_000,
    "attributes": "a" + ".b" * 50_000,
    "calls": "nn.CrossEntropyLoss()" + "()" * 5_000,
    "ten megabytes": "nn.CrossEntropyLoss()" + " " * 10_000_000,
    "a null": "nn.CrossEntropyLoss(\0)",
    "half a surrogate pair": "nn.CrossEntropyLoss('\ud800')",
    "a power": "nn.CrossEntropyLoss(ignore_index=9**9**9**9)",
    "a power of a power": "a = 9\n" + "a = a * a\n" * 150 + "nn.CrossEntropyLoss(ignore_index=a)",
    "doublings": "a = [1.0]\n" + "a = a + a\n" * 150 + "nn.CrossEntropyLoss(a)",
    "nested doublings": "a = [1.0]\n" + "a = [a, a]\n" * 150 + "nn.CrossEntropyLoss(a)",
    "an outer sum": "nn.CrossEntropyLoss(torch.tensor([[1.0]] * 4096) + torch.ones(1048576))",
    "many lines": "a = 1\n" * 5_000 + "nn.CrossEntropyLoss()",
    "a name of itself": "a = a\na = -a\nnn.CrossEntropyLoss(a)",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_is_run_and_little_is_done(what, tmp_path):
    """Refused in one line, or read without what it would have to run; a mark on the disk would show otherwise."""
    mark = tmp_path / "mark"
    try:
        found = read(HOSTILE[what].format(mark) if "{}" in HOSTILE[what] else HOSTILE[what])
    except WceError as error:
        (problem,) = error.problems
        assert "\n" not in problem.message
    else:
        assert found.fields == {}
    assert not mark.exists()
    assert os.listdir(tmp_path) == []


def test_what_stands_around_a_line_changes_what_it_returns():
    for text, adds, reason in [
        ("F.cross_entropy(x, y, reduction='none').mean()", "mean", ""),
        ("torch.sum(F.cross_entropy(x, y, reduction='none'))", "sum", ""),
        ("loss = F.cross_entropy(x, y, reduction='none')\nloss = loss.mean()\nloss.backward()", "mean", ""),
        ("(F.cross_entropy(x, y, reduction='none') * mask).sum() / mask.sum()", "average", ""),
        ("mask = (y != 0)\n(F.cross_entropy(x, y, reduction='none') * mask).sum() / mask.sum()", "average", ""),
        ("lam * F.cross_entropy(x, y)", "", "the line multiplies its one number by lam"),
        ("F.cross_entropy(x, y, **options)", "", "what **options holds is not in the line"),
        ("F.cross_entropy(*args)", "", "what *args holds is not in the line"),
        (
            "F.cross_entropy(x, y, reduction=args.reduction)",
            "",
            "its reduction is args.reduction, whose value is not in the line",
        ),
        (
            "keras.losses.CategoricalCrossentropy(from_logits=flag)",
            "",
            "its from_logits is flag, whose value is not in the line",
        ),
        (
            "optax.softmax_cross_entropy(x, y, where=mask).mean()",
            "mean",
            "its where is mask, whose value is not in the line",
        ),
    ]:
        found = read(text)
        assert (found.adds, found.reason, found.notes) == (adds, reason, ()), text


@pytest.mark.parametrize(
    ("text", "told", "made"),
    [
        ("F.cross_entropy(x, y) / accumulation_steps", "F.cross_entropy(x, y)", None),
        (
            "criterion = nn.CrossEntropyLoss()\nloss = criterion(x, y) + 0.4 * criterion(aux, y)",
            "nn.CrossEntropyLoss()(x, y)",
            "nn.CrossEntropyLoss()(x, y) + 0.4 * criterion(aux, y)",
        ),
        ("-F.cross_entropy(x, y)", "F.cross_entropy(x, y)", None),
        ("torch.exp(F.cross_entropy(x, y))", "F.cross_entropy(x, y)", None),
        ("F.cross_entropy(x, y).exp()", "F.cross_entropy(x, y)", None),
        ("losses = [F.cross_entropy(x, y), aux]", "F.cross_entropy(x, y)", "[F.cross_entropy(x, y), aux]"),
        (
            "F.cross_entropy(x, y, reduction='none')[mask].mean()",
            "F.cross_entropy(x, y, reduction='none')",
            "F.cross_entropy(x, y, reduction='none')[mask]",
        ),
        (
            "1 / F.cross_entropy(x, y, reduction='none').sum()",
            "F.cross_entropy(x, y, reduction='none').sum()",
            None,
        ),
    ],
)
def test_another_number_that_is_made_of_it_is_noted(text, told, made):
    found = read(text)
    assert (found.text, found.reason) == (told, "")
    assert found.notes == (f"the code makes another number of what the criterion returns: {made or text}",)


def test_a_name_that_stands_for_nothing_is_no_loss():
    with pytest.raises(WceError, match="criterion is criterion"):
        read("loss = criterion(x, y) + 0.4 * aux")


@pytest.mark.parametrize(
    "between",
    [
        "w[0] = 5",
        "w[1:] *= 2",
        "w.mul_(2)",
        "w, v = v, w",
        "for w in rows:\n    pass",
        "w = f(w)",
        "w += v",
        "w[0], v = 1, 2",
    ],
)
def test_what_was_assigned_is_forgotten_where_it_is_changed(between):
    found = read(f"w = torch.tensor([1.0, 2.0])\n{between}\nnn.CrossEntropyLoss(w)")
    assert (found.fields, set(found.unsaid)) == ({}, {"weight"})


def test_what_was_assigned_is_what_it_was_when_the_criterion_was_made():
    found = read("w = torch.tensor([1.0, 2.0])\nw *= 2\nce = nn.CrossEntropyLoss(w)\nw = torch.ones(2)\nce(x, y)")
    assert found.text == "nn.CrossEntropyLoss(w)(x, y)"
    assert plain(found) == {"weight": [2.0, 4.0]}


def test_an_import_says_whose_loss_it_is():
    for code in (
        "import torch.nn.functional as F\nF.cross_entropy(x, y)",
        "from torch.nn import functional as F\nF.cross_entropy(x, y)",
        "from torch.nn.functional import cross_entropy\ncross_entropy(x, y)",
        "from torch import nn\nnn.CrossEntropyLoss()",
        "from sklearn.metrics import log_loss\nlog_loss(y, p)",
        "from tensorflow import keras\nkeras.losses.CategoricalCrossentropy()",
        "import optax\noptax.softmax_cross_entropy(x, y)",
    ):
        read(code)
    for code, name in (
        ("import paddle.nn.functional as F\nF.cross_entropy(x, y)", "paddle.nn.functional.cross_entropy"),
        ("from mindspore import nn\nnn.CrossEntropyLoss()", "mindspore.nn.CrossEntropyLoss"),
        ("from mylosses import cross_entropy\ncross_entropy(x, y)", "mylosses.cross_entropy"),
    ):
        with pytest.raises(WceError, match=f"criterion is {name}, which is no loss that is known"):
            read(code)


def test_the_older_keywords_of_pytorch_say_the_reduction():
    for code, reduction in [
        ("size_average=False", "sum"),
        ("size_average=True", "mean"),
        ("reduce=False", "none"),
        ("reduce=True, size_average=False, reduction='mean'", "sum"),
        ("size_average=None, reduce=None, reduction='sum'", "sum"),
        ("reduction='sum', size_average=True", "mean"),
    ]:
        assert read(f"nn.CrossEntropyLoss({code})").reduction == reduction, code


def test_what_changes_nothing_is_said():
    for text, notes in [
        ("nn.CrossEntropyLoss(reduce=None)", ("reduce=None changes nothing in CrossEntropyLoss",)),
        ("keras.losses.CategoricalCrossentropy(name='ce')", ("name='ce' changes nothing in CategoricalCrossentropy",)),
        ("keras.losses.categorical_crossentropy(y, p, axis=-1)",
         ("axis=-1 changes nothing in categorical_crossentropy",)),
        ("nn.CrossEntropyLoss(reduction='sum', size_average=True)",
         ("size_average and reduce override the reduction: it is mean",)),
        ("nn.CrossEntropyLoss(reduction='mean', weight=None, label_smoothing=0.0)", ()),
    ]:  # fmt: skip
        assert read(text).notes == notes


def test_a_line_is_told_on_one_line_without_what_is_around_it():
    for text, told in [
        ("criterion = nn.CrossEntropyLoss(\n    weight=w,  # rare\n    ignore_index=255,\n)",
         "nn.CrossEntropyLoss(weight=w, ignore_index=255)"),
        ("criterion = nn.CrossEntropyLoss(weight=w).to(device)\nloss = criterion(out, y)",
         "nn.CrossEntropyLoss(weight=w)(out, y)"),
        ("losses = F.cross_entropy(x, y, reduction=\"none\")\nloss = losses.mean().item()",
         "F.cross_entropy(x, y, reduction='none').mean()"),
    ]:  # fmt: skip
        assert read(text).text == told
