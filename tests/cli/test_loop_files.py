"""Files as training loops and trainers save them: tuples, lists of steps, `outputs`, `predictions` with `label_ids`.

What transformers' classes hold is written by their field names, as `dict(outputs)` and `**output._asdict()` do.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.run import run
from wce_cli import batch, explain

torch = pytest.importorskip("torch")

N, C = 9, 4
RNG = np.random.default_rng(19)
X = torch.from_numpy(RNG.normal(size=(N, C)).astype(np.float32))
Y = torch.from_numpy(RNG.integers(C, size=N))
P = X.softmax(1)
SOFT = torch.from_numpy(RNG.dirichlet(np.ones(C), size=N))
CUT = 4
LOSS = float(torch.nn.functional.cross_entropy(X.double(), Y))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answer(*arguments: str, method: str = "weighted-mean") -> tuple[float, list[str]]:
    """The number, and the notes beside it."""
    ran = run("explain", *arguments, "--engine", "none", "--format", "json")
    assert ran.code == 0, ran.err
    by_name = {row["method"]: row["value"] for row in json.loads(ran.out)["methods"]}
    return by_name[method], ran.err.splitlines()


def refused(*arguments: str) -> list[str]:
    ran = run("explain", *arguments, "--engine", "none")
    assert (ran.code, ran.out) == (2, ""), ran.out
    return ran.err.splitlines()


def save(path: str, members: dict[str, object]) -> None:
    """A dict of tensors and numbers into a file of any format."""
    if path.endswith(".npz"):
        np.savez(path, **{name: np.asarray(value) for name, value in members.items()})
    elif path.endswith(".safetensors"):
        tensors = {name: torch.as_tensor(value).contiguous() for name, value in members.items()}
        pytest.importorskip("safetensors.torch").save_file(tensors, path)
    else:
        torch.save(members, path)


def is_odd(name: str, first: torch.Tensor) -> str:
    """Why a member is no probability, with the first number that shows it."""
    flat = first.flatten()
    return f"{name} holds {float(flat[(flat < 0) | (flat > 1)][0]):.4g}, which is no probability"


BY_NUMBERS = {
    "tuple": ((X, Y), "read item 0 as logits, item 1 as labels", "item 0"),
    "list": ([X, Y], "read item 0 as logits, item 1 as labels", "item 0"),
    "labels first": ((Y, X), "read item 0 as labels, item 1 as logits", "item 1"),
    "loss first": ((torch.tensor(LOSS), X, Y.int()), "read item 1 as logits, item 2 as labels", "item 1"),
    "steps": (
        [(X[:CUT], Y[:CUT]), (X[CUT:], Y[CUT:])],
        "read 0.0 as 0.logits, 0.1 as 0.labels, 1.0 as 1.logits, 1.1 as 1.labels",
        "item 0",
    ),
    "two lists": (
        ([X[:CUT], X[CUT:]], [Y[:CUT], Y[CUT:]]),
        "read 0.0 as logits.0, 0.1 as logits.1, 1.0 as labels.0, 1.1 as labels.1",
        "item 0",
    ),
    "dicts": (
        [{"outputs": X[:CUT], "targets": Y[:CUT]}, {"outputs": X[CUT:], "targets": Y[CUT:]}],
        "read 0.outputs as 0.logits, 0.targets as 0.labels, 1.outputs as 1.logits, 1.targets as 1.labels",
        "outputs",
    ),
    "dict of lists": (
        {"preds": [X[:CUT], X[CUT:]], "gt": [Y[:CUT], Y[CUT:]]},
        "read preds.0 as logits.0, preds.1 as logits.1, gt.0 as labels.0, gt.1 as labels.1",
        "preds",
    ),
}


@pytest.mark.parametrize("given", BY_NUMBERS)
def test_logits_and_labels_are_told_by_what_they_are(given):
    value, note, name = BY_NUMBERS[given]
    torch.save(value, "run.pt")
    number, notes = answer("run.pt")
    assert number == pytest.approx(LOSS, rel=1e-14)
    assert f"note: run.pt: {note}: {is_odd(name, X)}" in notes


@pytest.mark.parametrize("suffix", ["pt", "npz", "safetensors"])
@pytest.mark.parametrize("labels", ["target", "targets", "gt", "label_ids", "labels"])
@pytest.mark.parametrize(
    "scores", ["outputs", "output", "out", "preds", "predictions", "scores", "y_pred", "y_hat", "model_output"]
)
def test_usual_names_of_scores_are_logits_where_their_numbers_say_so(scores, labels, suffix):
    save(f"run.{suffix}", {scores: X, labels: Y, "epoch": 3})
    number, notes = answer(f"run.{suffix}")
    assert number == pytest.approx(LOSS, rel=1e-14)
    read = [f"{scores} as logits", *([f"{labels} as labels"] if labels != "labels" else [])]
    assert any(
        set(one.partition("read ")[2].partition(": ")[0].split(", ")) == set(read) and is_odd(scores, X) in one
        for one in notes
    )
    assert f"note: run.{suffix}: left out epoch" in notes


ODD_ONES = {
    "above 1": torch.tensor([[0.5, 3.0], [0.25, 0.5]]),
    "below 0": torch.tensor([[0.5, 0.5], [-0.25, 0.5]]),
    "log-probabilities": torch.tensor([[0.25, 0.75], [0.5, 0.5]]).log(),
    "bfloat16": torch.tensor([[0.5, 3.0], [0.25, 0.5]]).bfloat16(),
    "transposed": torch.tensor([[0.5, 3.0], [0.25, 0.5]]).T,
}


@pytest.mark.parametrize("name", ODD_ONES)
def test_one_number_that_is_no_probability_makes_logits(name):
    torch.save({"outputs": ODD_ONES[name], "targets": torch.tensor([0, 1])}, "run.pt")
    expected = torch.nn.functional.cross_entropy(ODD_ONES[name].double(), torch.tensor([0, 1]))
    assert answer("run.pt")[0] == pytest.approx(float(expected), rel=1e-14)


@pytest.mark.parametrize(
    ("value", "said", "options"),
    [
        ((P, Y), "item 0 holds numbers from 0 to 1 in rows that sum to 1", "--probs run.pt:0 --labels run.pt:1"),
        (
            {"outputs": P.bfloat16(), "targets": Y},
            "outputs holds numbers from 0 to 1 in rows that sum to 1",
            "--probs run.pt:outputs",
        ),
        (
            {"preds": X.sigmoid(), "labels": Y},
            "preds holds numbers from 0 to 1",
            "--probs run.pt:preds",
        ),
        (
            [(P[:CUT], Y[:CUT]), (P[CUT:], Y[CUT:])],
            "item 0 holds numbers from 0 to 1 in rows that sum to 1",
            "--probs run.pt --labels run.pt",
        ),
        (
            {"outputs": [P[:CUT], P[CUT:]], "targets": [Y[:CUT], Y[CUT:]]},
            "outputs holds numbers from 0 to 1 in rows that sum to 1",
            "--probs run.pt",
        ),
        (
            {"outputs": P.T.contiguous().T, "targets": Y},
            "outputs holds numbers from 0 to 1 in rows that sum to 1",
            "--probs run.pt:outputs",
        ),
        (
            {"outputs": X.reshape(3, 3, C).softmax(-1), "targets": Y.reshape(3, 3)},
            "outputs holds numbers from 0 to 1 in rows that sum to 1",
            "--probs run.pt:outputs",
        ),
    ],
)
def test_what_a_softmax_may_have_made_is_asked_for(value, said, options):
    torch.save(value, "run.pt")
    error, hint = refused("run.pt")
    assert error.startswith("error: run.pt has no member logits, log_probs or probs: it holds ")
    other = options.replace("--probs", "--logits")
    assert hint == f"hint: {said}: {options} for the loss of probabilities, {other} if the loss took a softmax of them"
    if "3, 3" in error:  # the classes are the last axis
        return
    scores = P.bfloat16().double() if "bfloat16" in error else X.sigmoid().double() if "sum" not in said else P.double()
    taken = [] if "--labels" in options else ["run.pt"]
    by_probs = float(-scores.log()[torch.arange(N), Y].mean())
    assert answer(*taken, *shlex.split(options))[0] == pytest.approx(by_probs, rel=1e-12)
    twice = float(torch.nn.functional.cross_entropy(scores, Y))
    assert answer(*taken, *shlex.split(other))[0] == pytest.approx(twice, rel=1e-12)


def test_soft_labels_of_a_tuple_are_the_rows_that_could_be_probabilities():
    expected = float(torch.nn.functional.cross_entropy(X.double(), SOFT))
    for value in ((X, SOFT), (SOFT, X)):
        torch.save(value, "run.pt")
        assert answer("run.pt", method="batch-mean")[0] == pytest.approx(expected, rel=1e-14)
    for value in ((X, X), (P, SOFT.float())):
        torch.save(value, "run.pt")
        error, hint = refused("run.pt")
        assert error.endswith(f"it holds 0 ({N}, {C}) float32, 1 ({N}, {C}) float32")
        assert hint == "hint: name it: --logits run.pt:0"


def test_tables_of_which_several_could_be_the_scores_are_asked_for():
    torch.save({"outputs": X, "scores": -X, "targets": Y}, "run.pt")
    assert refused("run.pt")[1] == "hint: name it: --logits run.pt:outputs"
    torch.save((torch.ones(N, 7), X, Y), "run.pt")  # features and logits
    assert refused("run.pt")[0].endswith(f"it holds 0 ({N}, 7) float32, 1 ({N}, {C}) float32, 2 ({N},) int64")
    torch.save((X, Y, X.argmax(1)), "run.pt")
    assert refused("run.pt")[1] == "hint: name them: --logits run.pt:0 --labels run.pt:1"
    torch.save((torch.ones(N, 3, 8, 8), X, Y), "run.pt")  # images have no label a pixel here
    assert answer("run.pt")[0] == pytest.approx(LOSS, rel=1e-14)


def test_a_tuple_of_predictions_beside_one_array_of_labels_is_no_list_of_batches():
    torch.save({"predictions": (X, -X), "label_ids": Y}, "run.pt")
    assert refused("run.pt") == [
        "error: run.pt has no member logits, log_probs or probs: it holds "
        f"predictions.0 ({N}, {C}) float32, predictions.1 ({N}, {C}) float32, label_ids ({N},) int64",
        "hint: name it: --logits run.pt:predictions.0",
    ]
    assert answer("run.pt", "--logits", "run.pt:predictions.0")[0] == pytest.approx(LOSS, rel=1e-14)
    torch.save({"logits": [X, -X], "labels": Y}, "run.pt")
    assert refused("run.pt")[1] == "hint: name it: --logits run.pt:logits.0"
    torch.save({"logits": [X[:CUT], X[CUT:]], "labels": Y}, "run.pt")
    assert answer("run.pt", "--logits", "run.pt")[0] == pytest.approx(LOSS, rel=1e-14)


def test_what_the_model_was_given_is_not_taken_for_what_it_returned():
    torch.save({"inputs": torch.ones(N, C) * 3, "targets": Y}, "run.pt")
    assert refused("run.pt")[1] == "hint: name it: --logits run.pt:inputs"
    torch.save({"input": torch.ones(N, C) * 3, "inputs": torch.ones(N, C) * 3, "output": X, "target": Y}, "run.pt")
    assert answer("run.pt")[0] == pytest.approx(LOSS, rel=1e-14)


def test_scores_by_their_own_name_win_over_what_could_be_scores():
    torch.save({"logits": X, "preds": X.argmax(1), "outputs": -X, "labels": Y}, "run.pt")
    number, notes = answer("run.pt")
    assert number == pytest.approx(LOSS, rel=1e-14)
    assert notes == ["note: run.pt: left out preds, outputs"]


def test_labels_by_another_name_are_asked_for_with_what_is_there():
    torch.save({"outputs": X, "ids": torch.arange(3), "answers": Y}, "run.pt")
    assert refused("run.pt") == [
        f"error: run.pt has no member labels: it holds outputs ({N}, {C}) float32, ids (3,) int64, "
        f"answers ({N},) int64",
        "hint: name it: --labels run.pt:answers",
    ]
    assert answer("run.pt", "--labels", "run.pt:answers")[0] == pytest.approx(LOSS, rel=1e-14)


def test_scores_and_labels_in_a_dict_of_the_file_are_found_where_there_is_one_of_each():
    said = "read batch.logits as logits, batch.targets as labels"
    torch.save({"epoch": 3, "batch": {"logits": X, "targets": Y}}, "run.pt")
    number, notes = answer("run.pt")
    assert number == pytest.approx(LOSS, rel=1e-14)
    assert notes == [f"note: run.pt: {said}", "note: run.pt: left out epoch"]
    torch.save({"outputs": {"loss": LOSS, "logits": X}, "labels": Y, "inputs": {"labels": Y + 1}}, "run.pt")
    number, notes = answer("run.pt")
    assert number == pytest.approx(LOSS, rel=1e-14)
    assert "note: run.pt: read outputs.logits as logits" in notes
    torch.save({"train": {"logits": X, "labels": Y}, "val": {"logits": X, "labels": Y}}, "run.pt")
    assert refused("run.pt")[1] == "hint: name them: --logits run.pt:train.logits --labels run.pt:train.labels"


@pytest.mark.parametrize(("scores", "labels"), [("outputs", "label_ids"), ("predictions", "targets"), ("y_hat", "y")])
def test_usual_names_are_known_one_level_down_where_one_dict_has_them(scores, labels):
    torch.save({"step": 3, "batch": {scores: X, labels: Y}}, "run.pt")
    value, notes = answer("run.pt")
    assert value == pytest.approx(LOSS, rel=1e-6)
    assert notes[0] == f"note: run.pt: read batch.{scores} as logits, batch.{labels} as labels: {is_odd(scores, X)}"
    torch.save({"batch": {scores: P, labels: Y}}, "run.pt")
    assert refused("run.pt")[1].startswith(f"hint: {scores} holds numbers from 0 to 1 in rows that sum to 1: --probs ")
    assert answer("run.pt", "--probs", f"run.pt:batch.{scores}")[0] == pytest.approx(
        float(torch.nn.functional.nll_loss(P.double().log(), Y)), rel=1e-6
    )
    torch.save({"train": {scores: X, labels: Y}, "val": {scores: -X, labels: Y}}, "run.pt")
    assert refused("run.pt")[0].startswith("error: run.pt has no member logits, log_probs or probs")


def test_a_hint_names_members_as_the_file_does():
    torch.save({"step": 3, "outputs": (X,), "targets": Y}, "run.pt")
    hint = refused("run.pt")[1]
    assert hint == "hint: name it: --logits run.pt:outputs.0"
    value, _ = answer("run.pt", *shlex.split(hint.partition(": name it: ")[2]))
    assert value == pytest.approx(LOSS, rel=1e-6)


def test_the_input_of_a_language_model_is_its_labels_one_position_later():
    x = torch.from_numpy(RNG.normal(size=(2, 5, 11)).astype(np.float32))
    y = torch.from_numpy(RNG.integers(11, size=(2, 5)))
    torch.save({"logits": x, "input_ids": y, "attention_mask": torch.ones_like(y)}, "run.pt")
    hint = "--labels run.pt:input_ids --shift"
    assert refused("run.pt")[1] == f"hint: name it: {hint}, as a causal language model is asked for the next token"
    expected = torch.nn.functional.cross_entropy(x[:, :-1].reshape(-1, 11).double(), y[:, 1:].reshape(-1))
    assert answer("run.pt", *hint.split())[0] == pytest.approx(float(expected), rel=1e-14)
    torch.save((x, y), "run.pt")
    assert answer("run.pt", "--shift")[0] == pytest.approx(float(expected), rel=1e-14)


def test_the_outputs_of_a_language_model_are_read_and_the_rest_is_left_out():
    x = torch.from_numpy(RNG.normal(size=(2, 11, 5)).astype(np.float32))
    y = torch.from_numpy(RNG.integers(11, size=(2, 5)))
    loss = torch.nn.functional.cross_entropy(x, y)
    state = torch.ones(2, 5, 8)
    saved = {
        "loss": loss,
        "logits": x,
        "past_key_values": ((state, state), (state, state)),
        "hidden_states": (state, state),
        "attentions": (state,),
        "input_ids": y,
        "attention_mask": torch.ones_like(y),
        "labels": y,
        "epoch": 2,
    }
    torch.save(saved, "run.pt")
    number, notes = answer("run.pt")
    assert number == pytest.approx(float(torch.nn.functional.cross_entropy(x.double(), y)), rel=1e-14)
    shown = str(loss.numpy())
    assert notes == [
        "note: run.pt: left out loss, past_key_values.0.0, past_key_values.0.1, past_key_values.1.0, "
        "past_key_values.1.1, hidden_states.0, …",
        f"note: run.pt: loss is {shown}; wce identify {shown} run.pt looks for its rule",
    ]
    assert run("identify", "run.pt").err.splitlines() == [
        "error: there is no number to identify",
        f"hint: wce identify {shown} run.pt",
    ]
    ran = run("identify", shown, "run.pt")
    assert ran.code == 0
    assert "weighted-mean" in ran.out


def test_the_loss_of_one_step_is_none_of_many():
    steps = [{"logits": X[:CUT], "labels": Y[:CUT], "loss": 1.5}, {"logits": X[CUT:], "labels": Y[CUT:], "loss": 2.5}]
    torch.save(steps, "run.pt")
    number, notes = answer("run.pt")
    assert number == pytest.approx(LOSS, rel=1e-14)
    assert not any("identify" in note for note in notes)
    torch.save(steps[0], "a.pt")
    torch.save(steps[1], "b.pt")
    assert not any("identify" in note for note in answer("a.pt", "b.pt")[1])
    assert any("identify 1.5 a.pt" in note for note in answer("a.pt")[1])


@pytest.mark.parametrize("suffix", ["pt", "npz"])
def test_the_predictions_of_a_trainer_are_read(suffix):
    metrics = {"test_loss": LOSS, "test_runtime": 0.1} if suffix == "pt" else np.array({"test_loss": LOSS})
    save(f"run.{suffix}", {"predictions": X, "label_ids": Y, "metrics": metrics})
    number, notes = answer(f"run.{suffix}")
    assert number == pytest.approx(LOSS, rel=1e-14)
    assert f"note: run.{suffix}: read predictions as logits, label_ids as labels: {is_odd('predictions', X)}" in notes
    if suffix == "pt":
        said = f"note: run.pt: metrics.test_loss is {LOSS}; wce identify {LOSS} run.pt looks for its rule"
        assert said in notes


def test_a_file_is_named_for_a_field_whatever_its_members_are_called():
    torch.save((X, Y), "run.pt")
    torch.save({"outputs": P, "targets": Y}, "p.pt")
    assert answer("--logits", "run.pt", "--labels", "run.pt")[0] == pytest.approx(LOSS, rel=1e-14)
    assert answer("--probs", "@p.pt", "--labels", "@p.pt")[0] == pytest.approx(LOSS, rel=1e-6)


def test_in_python_the_report_says_what_was_taken_for_what():
    torch.save((Y, X), "run.pt")
    for report in (explain("run.pt", engines=()), explain(batch("run.pt"), engines=())):
        assert report.value("weighted-mean") == pytest.approx(LOSS, rel=1e-14)
        said = f"run.pt: read item 0 as labels, item 1 as logits: {is_odd('item 1', X)}"
        assert report.batch.notes == (said,)


@pytest.mark.parametrize(
    "arguments",
    [("identify", f"{LOSS:.6f}", "run.pt"), ("gradient", "run.pt"), ("split", "run.pt", "--size", "4"),
     ("sweep", "run.pt", "--class", "1"), ("check", "run.pt", "--expect", f"weighted-mean={LOSS:.6f}")],
)  # fmt: skip
def test_every_command_reads_such_a_file(arguments):
    torch.save((X, Y), "run.pt")
    ran = run(*arguments)
    assert ran.code == 0, ran.err
    assert "read item 0 as logits, item 1 as labels" in ran.err


class Pickled:
    """Stands for a class of another library in a pickle, of which only the name is looked at."""


@pytest.mark.parametrize(
    ("module", "name", "hint"),
    [
        (
            "transformers.modeling_outputs",
            "CausalLMOutputWithPast",
            "save its tensors: torch.save({'logits': outputs.logits, 'labels': labels}, path)",
        ),
        (
            "transformers.trainer_utils",
            "EvalPrediction",
            "save its arrays: numpy.savez('run.npz', predictions=p.predictions, label_ids=p.label_ids)",
        ),
        ("mine.outputs", "Output", "save tensors only: torch.save({'logits': logits, 'labels': labels}, path)"),
    ],
)
def test_a_pickled_class_is_refused_with_how_to_save_what_it_holds(module, name, hint, monkeypatch):
    import sys
    from types import ModuleType

    for part in (module.partition(".")[0], module):
        monkeypatch.setitem(sys.modules, part, ModuleType(part))
    kind = type(name, (Pickled,), {"__module__": module})
    setattr(sys.modules[module], name, kind)
    torch.save(kind(), "run.pt")
    assert refused("run.pt") == [
        f"error: run.pt holds {module}.{name}, which is not loaded: that would run code",
        f"hint: {hint}",
    ]


def test_numpy_arrays_in_a_pickle_are_saved_with_numpy():
    torch.save({"predictions": X.numpy(), "label_ids": Y.numpy()}, "run.pt")
    assert refused("run.pt")[1] == "hint: save arrays with numpy: numpy.savez('run.npz', logits=logits, labels=labels)"
