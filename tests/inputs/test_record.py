"""A batch as programs print it: dicts, outputs of models, names above values; and what is none."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

from tests.run import run
from wce_cli import explain
from wce_cli.inputs import read_file
from wce_cli.inputs.mapping import split_at_commas
from wce_cli.inputs.record import parts_of
from wce_cli.inputs.text import LARGEST

torch = pytest.importorskip("torch")

X, Y = torch.tensor([[0.1, 0.9], [0.0, 0.1]]), torch.tensor([0, 1])
LOSS = torch.nn.functional.cross_entropy(X.double(), Y).item()
GRAPH = "tensor([[0.1000, 0.9000],\n        [0.0000, 0.1000]], device='cuda:0', grad_fn=<AddmmBackward0>)"
Batch = namedtuple("Batch", "logits labels")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(name: str, text: str) -> str:
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def loss(*arguments: str, stdin: bytes = b"") -> float:
    ran = run("explain", *arguments, "--engine", "none", "--only", "value", "--method", "weighted-mean", stdin=stdin)
    assert ran.code == 0, ran.err
    return float(ran.out)


PRINTS = {
    "a dict": str({"logits": X, "labels": Y}),
    "a dict of arrays": str({"logits": X.numpy(), "y_true": Y.numpy()}),
    "a dict of lists": str({"labels": Y.tolist(), "logits": X.tolist(), "epoch": 3, "name": "val, last"}),
    "an OrderedDict": str(OrderedDict(logits=X, labels=Y)),
    "an OrderedDict of Python 3.11": f"OrderedDict([('logits', {X}), ('labels', {Y})])",
    "a namedtuple": str(Batch(X, Y)),
    "a namespace": str(SimpleNamespace(logits=X, target=Y)),
    "an output of transformers": "SequenceClassifierOutput(loss=tensor(0.9077, grad_fn=<NllLossBackward0>), "
    f"logits={GRAPH}, hidden_states=None, attentions=None, labels={Y})",
    "the same of TensorFlow": "TFSequenceClassifierOutput(loss=<tf.Tensor: shape=(2,), dtype=float32, "
    "numpy=array([1.1711, 0.6444], dtype=float32)>, logits=<tf.Tensor: shape=(2, 2), "
    "dtype=float32, numpy=\narray([[0.1, 0.9],\n       "
    "[0. , 0.1]], dtype=float32)>, labels=<tf.Tensor: shape=(2,), dtype=int32, numpy=array([0, 1], dtype=int32)>)",
    "JAX": "{'logits': Array([[0.1, 0.9],\n       [0. , 0.1]], dtype=float32), 'labels': Array([0, 1], dtype=int32)}",
    "lines with =": f"logits = {GRAPH}\nlabels = {Y}\n",
    "lines of print(name, x)": f"logits {X}\ntarget {Y}\n",
    "lines with :": "logits: [[0.1, 0.9],\n [0, 0.1]]\nlabels:\n0, 1\n",
    "a session": f">>> batch\n{ {'logits': X, 'labels': Y} }",
    "an assignment": f"out = { ({'logits': X, 'labels': Y}) }",
    "a dict that was typed": "{logits: [[0.1, 0.9], [0, 0.1]], labels: [0, 1]}",
    "JSON": '{"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1]}',
}


@pytest.mark.parametrize("name", PRINTS)
def test_a_print_is_a_batch_from_a_file_of_any_name_a_pipe_and_as_the_argument(name):
    text = PRINTS[name]
    for path in ("saved_print.txt", "a.log", "b.out", "none"):
        assert loss(save(path, text)) == pytest.approx(LOSS, abs=1e-8)
    assert loss("-", stdin=text.encode()) == pytest.approx(LOSS, abs=1e-8)
    assert loss(text) == pytest.approx(LOSS, abs=1e-8)
    assert explain("none", engines=())["weighted-mean"] == pytest.approx(LOSS, abs=1e-8)


@pytest.mark.parametrize("name", [name for name in PRINTS if name != "JSON"])
def test_an_option_takes_its_part_of_a_print(name):
    text = PRINTS[name]
    save("p.txt", text)
    for logits in ("p.txt", "@p.txt", text):
        assert loss("--logits", logits, "--labels", "0,1") == pytest.approx(LOSS, abs=1e-8)
    assert loss("--logits", "p.txt:logits", "--labels", "@p.txt") == pytest.approx(LOSS, abs=1e-8)
    assert loss("--logits", "@-", "--labels", "0,1", stdin=text.encode()) == pytest.approx(LOSS, abs=1e-8)


ROWS = [
    "0.1 0.9\n0 0.1\n",
    "0.1,0.9; 0,0.1",
    "[0.1, 0.9]\n[0, 0.1]",
    "[[0.1 0.9]\n [0.  0.1]]",
    f"{X}",
    "x = np.array([[.1,.9],[0,.1]])",
]


@pytest.mark.parametrize("text", ROWS)
def test_rows_are_read_from_a_file_and_a_pipe_as_they_are_typed(text):
    assert loss("-x", text, "-y", "0,1") == pytest.approx(LOSS, abs=1e-8)
    save("x.txt", text)
    save("y.log", "0\n1\n")
    save("names", "cat\ndog\n")
    save("w.txt", "{'cat': 2, 'dog': 2}")
    for logits in ("@x.txt", "x.txt", "./x.txt"):
        assert loss("-x", logits, "-y", "@y.log") == pytest.approx(LOSS, abs=1e-8)
    assert loss("-x", "@-", "-y", "y.log", stdin=text.encode()) == pytest.approx(LOSS, abs=1e-8)
    assert loss("-x", "x.txt", "-y", "cat,dog", "--classes", "@names", "-w", "w.txt") == pytest.approx(LOSS, abs=1e-8)


def test_how_far_a_print_is_rounded_is_known_and_said():
    save("p.txt", f"{{'logits': {GRAPH}, 'labels': {Y}, 'epoch': 3}}")
    ran = run("explain", "p.txt", "--engine", "none")
    assert ran.err.splitlines() == [
        "note: p.txt: logits is a tensor repr rounded to 4 decimals; ignored device, grad_fn",
        "note: p.txt: labels is a tensor repr",
        "note: p.txt: left out epoch",
        "note: rounded as they are, the inputs leave open: weighted-mean by 5.9e-05, batch-mean by 5.9e-05, sum by "
        "0.00012, unweighted-mean by 5.9e-05",
    ]
    assert "0.00012" in run("explain", "-x", "p.txt", "-y", "p.txt", "--engine", "none").err
    assert "leave open" not in run("explain", "p.txt", "-x", "0.1 0.9; 0 0.1", "--engine", "none").err


def test_a_number_is_read_from_a_file_with_the_digits_that_stand_there():
    batch = ("-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1")
    save("loss.txt", "loss: 0.3808\n")
    save("last", "tensor(0.6923, grad_fn=<NllLossBackward0>)\n")
    assert run("identify", "loss.txt", *batch).out.startswith("0.3808 is batch-mean")
    assert run("identify", "@last", *batch).out.startswith("0.6923 is weighted-mean")
    assert run("identify", "@-", *batch, stdin=b"0.76151").out.startswith("0.76151 is sum")
    save("losses.txt", "tensor([1.1711, 0.6444])")
    assert (
        run("identify", "--loss-values", "losses.txt", *batch).out
        == run("identify", "--loss-values", "tensor([1.1711, 0.6444])", *batch).out
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{'logits': tensor([[0.1000, ..., 0.9000]]), 'labels': tensor([0])}", "has '...': the print left values out"),
        ("Output(logits=tensor([[0.1000,  ...,  0.9000]]), labels=[0])", "has '...': the print left values out"),
        ("logits = [[0.1 0.9 ... 0.3]]\nlabels = [0]", "has '...': the print left values out"),
        ("{'y_pred': [[0.1, 0.9]], 'labels': [0]}", "has y_pred, and no logits, log_probs or probs"),
        (
            "PredictionOutput(predictions=array([[0.1, 0.9]]), label_ids=array([0]), metrics={'loss': 0.3})",
            "has predictions",
        ),
        ("{'logits': [[0.1, 0.9]], 'labels': [0], 'target': [0]}", "are both given, and mean the same"),
        ("{'logits': [[0.1, 0.9]], 'labels': [5]}", "labels[0] is 5, but logits has 2 classes (0..1)"),
        ("{'logits': __import__('os').system('touch pwned'), 'labels': [0]}", "has __import__(…), expected numbers"),
        ("Output(logits=open('pwned', 'w'), labels=[0])", "has open(…), expected numbers"),
        (f"{{'logits': {'[' * 5000}0.1, 'labels': [0]}}", "is nested too deep"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_words_of_what_was_typed_and_nothing_is_run(folder, text, said):
    save("p.txt", text)
    ran = run("explain", "p.txt", "--engine", "none")
    assert (ran.code, ran.out) == (2, "")
    first = ran.err.splitlines()[0]
    assert first.startswith("error: ")
    assert said in first or said in ran.err
    assert "missing" not in ran.err
    assert [path.name for path in folder.iterdir()] == ["p.txt"]


def test_a_text_that_is_no_batch_is_told_what_it_could_be():
    for text in ("hello world", "0.1 0.9\n0 0.1\n", "loss: 0.38", "{'a': 1}", "[[0.1 0.9]]x"):
        ran = run("explain", save("p.txt", text))
        assert ran.err.startswith("error: p.txt is "), text
    ran = run("explain", save("p.txt", "0.1 0.9\n0 0.1\n"))
    assert ran.err == (
        "error: p.txt is no batch: neither JSON nor a print with the names logits and labels\n"
        "hint: rows alone are the value of an option: --logits p.txt\n"
    )
    assert run("explain", save("p.txt", '{"logits": [[1, 2')).err.startswith("error: p.txt is not JSON at line 1")
    assert run("explain", save("p.json", "{'logits': [[1, 2]]}")).err.startswith("error: p.json is not JSON at line 1")
    ran = run("explain", "-x", save("p.txt", "{'logits': [[1, 2]], 'epoch': 1}"), "-y", "p.txt")
    assert ran.err == (
        "error: p.txt has no labels: it is a print of logits, epoch\nhint: name one of them, as in @p.txt:logits\n"
    )
    ran = run("check", save("p.txt", PRINTS["a dict"]), "--save-expect", "o.json")
    assert ran.err == "error: --save-expect copies a JSON file, and p.txt is a print\n"


def test_what_is_too_large_for_a_print_is_refused_before_it_is_read(monkeypatch):
    large = "0.125 " * (LARGEST // 6 + 1)
    for arguments in (("p.txt",), ("-x", "p.txt", "-y", "0")):
        ran = run("explain", *arguments) if save("p.txt", large) else None
        assert ran.err.startswith(f"error: p.txt has {len(large)} bytes of text, more than the {LARGEST} of a print\n")
        assert "numpy.save('x.npy', x)" in ran.err
    assert "bytes of text" in run("explain", "-x", "@-", "-y", "0", stdin=large.encode()).err
    save("b.txt", '{"logits": [[' + large.strip().replace(" ", ", ") + ']], "labels": [0]}')
    assert loss("b.txt") == pytest.approx(np.log(len(large) // 6), rel=1e-12)  # JSON may be as large as it likes


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a=<tf.Tensor: shape=(2,), numpy=1>, b=2", ["a=<tf.Tensor: shape=(2,), numpy=1>", "b=2"]),
        ("a: '<b', c: 1", ["a: '<b'", "c: 1"]),
        ("a=x < 3, b=f(1, 2), c=<Fn>", ["a=x < 3", "b=f(1, 2)", "c=<Fn>"]),
        ("a='x, y', b=\"(\", c=[1, (2, 3)]", ["a='x, y'", 'b="("', "c=[1, (2, 3)]"]),
    ],
)
def test_commas_inside_something_part_nothing(text, items):
    assert list(split_at_commas(text, angles=True)) == items


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0.1 0.9; 0 0.1",
        "tensor([[0.1, 0.9]])",
        "{cat: 0.1, dog: 1}",
        "{'a': 1}",
        "x = 1",
        "a.json",
        "C:\\x.json",
        "f(1)",
        "(=:",
    ],
)
def test_what_names_no_field_is_no_record(text):
    assert parts_of(text) is None


def test_a_file_whose_name_looks_like_a_batch_is_a_file():
    save("f(logits=1, labels=2)", '{"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1]}')
    (document,) = read_file("f(logits=1, labels=2)")
    assert document.fields["labels"] == [0, 1]
