"""Labels beside the wrong scores, as torch code has them by mistake: each is named by its own rule."""

import numpy as np
import pytest

from wce_cli import identify
from wce_cli.batches.batch import Batch
from wce_cli.batches.file_rows import StoredRows
from wce_cli.cli.batches import read_batches
from wce_cli.formats.identify.blocks import answer_blocks
from wce_cli.formats.look import Look
from wce_cli.questions.identify import NumbersAsked, evaluation, identify_batch, pairings
from wce_cli.questions.identify.evaluation import Evaluation, case_of
from wce_cli.questions.identify.number import printed_number
from wce_cli.questions.identify.pairings import PAIRINGS
from wce_cli.questions.identify.rules import Rule, rules
from wce_cli.questions.identify.separate import separating

torch = pytest.importorskip("torch")
F = torch.nn.functional

B, T, V = 4, 6, 5


def sequences(seed=0, *, weighted=False, ignored=0.25):
    """Scores (B, T, V) and labels (B, T), the classes last."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(B, T, V)) * 2, rng.integers(0, V, (B, T))
    y[rng.random((B, T)) < ignored] = -100
    y[:2, 0], y[2:, 0] = 1, -100
    fields = {"logits": x, "labels": y, "class_axis": -1}
    return fields | {"weight": rng.uniform(0.2, 2, V).round(3)} if weighted else fields


def loss(fields, x, y, **how):
    """torch's, of rows of V scores and their labels."""
    weight = fields.get("weight")
    w = None if weight is None else torch.tensor(weight)
    return F.cross_entropy(x.reshape(-1, V), y.reshape(-1), w, **how).item()


def first(value, fields, **how):
    (number,) = identify(f"{value:.7g}", **fields, **how).numbers
    return number.matches[0]


MISTAKES = {
    "labels-ahead": (False, lambda x, y: (x[:, :-1], y[:, 1:])),
    "labels-behind": (False, lambda x, y: (x[:, 1:], y[:, :-1])),
    "not-shifted": (True, lambda x, y: (x, y)),
    "shifted-twice": (True, lambda x, y: (x[:, :-2], y[:, 2:])),
    "scores-time-major": (False, lambda x, y: (x.transpose(0, 1), y)),
    "labels-time-major": (False, lambda x, y: (x, y.T)),
    "viewed-as-torchs": (False, lambda x, y: (x.view(B, V, T).transpose(1, 2), y)),
}
"""Whether the batch is given with a shift, and what somebody took for scores (…, V) and labels instead."""


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", MISTAKES)
def test_labels_beside_the_wrong_scores(name, weighted):
    fields, (shift, taken) = sequences(3, weighted=weighted), MISTAKES[name]
    x, y = taken(torch.tensor(fields["logits"]), torch.tensor(fields["labels"]))
    match = first(loss(fields, x, y), fields, shift=shift)
    assert match.departures == (name,)
    assert match.title == f"weighted-mean; {PAIRINGS[name].title}"
    match = first(loss(fields, x, y, reduction="sum"), fields, shift=shift)
    assert (match.method, match.departures) == ("sum", (name,))


def test_a_view_that_does_not_move_the_class_axis():
    """Scores (B, V, T) and `x.view(-1, V)`."""
    fields = sequences(1, weighted=True)
    x = np.ascontiguousarray(np.moveaxis(fields["logits"], 2, 1))
    given = {"logits": x, "labels": fields["labels"], "weight": fields["weight"]}
    match = first(loss(fields, torch.tensor(x).view(-1, V), torch.tensor(fields["labels"])), given)
    assert match.departures == ("rows-of-memory",)


@pytest.mark.parametrize("name", ["scores-time-major", "labels-time-major"])
def test_axes_are_mixed_after_a_shift_too(name):
    fields = sequences(5, weighted=True)
    x, y = torch.tensor(fields["logits"])[:, :-1], torch.tensor(fields["labels"])[:, 1:]
    match = first(loss(fields, *MISTAKES[name][1](x, y)), fields, shift=True)
    assert match.departures == (name,)


@pytest.mark.parametrize("how", ["probabilities", "sample weights", "labels from 1", "another label to ignore"])
def test_labels_of_any_kind_may_be_not_shifted(how):
    fields = sequences(7, weighted=True)
    x, y, w = (torch.tensor(fields[name]) for name in ("logits", "labels", "weight"))
    kept = y != -100
    losses = F.cross_entropy(x.reshape(-1, V), y.reshape(-1), w, reduction="none").reshape(B, T)
    if how == "probabilities":
        fields["labels"] = np.random.default_rng(1).dirichlet(np.ones(V), (B, T))
        losses = F.cross_entropy(x.reshape(-1, V), torch.tensor(fields["labels"]).reshape(-1, V), w, reduction="none")
    elif how == "sample weights":
        fields["sample_weight"] = np.random.default_rng(1).uniform(0.5, 2, (B, T))
        losses = losses * torch.tensor(fields["sample_weight"])
    elif how == "labels from 1":
        fields |= {"labels": torch.where(kept, y + 1, -100).numpy(), "label_base": 1}
    else:
        fields |= {"labels": torch.where(kept, y, 255).numpy(), "ignore_index": 255}
    match = first(losses.mean().item(), fields, shift=True)
    assert (match.method, match.departures) == ("batch-mean", ("not-shifted",))


def test_every_pairing_is_named_somewhere_above():
    assert set(MISTAKES) | {"rows-of-memory"} == set(PAIRINGS)


def test_num_items_in_batch_with_the_first_labels():
    """What transformers' Trainer divided by from 4.46.2 to 5.10.0: `labels.ne(-100).sum()`, the loss being shifted."""
    fields = sequences(6)
    x, y = torch.tensor(fields["logits"]), torch.tensor(fields["labels"])
    shifted = F.cross_entropy(x[:, :-1].reshape(-1, V), y[:, 1:].reshape(-1), reduction="sum").item()
    match = first(shifted / y.ne(-100).sum().item(), fields, shift=True)
    assert match.departures == ("over-labels-before-shift",)
    assert "num_items_in_batch" in match.title
    assert match.denominator == y.ne(-100).sum().item()
    match = first(shifted / y.numel(), fields, shift=True)
    assert match.departures == ("over-positions-before-shift",)
    fields["labels"][:, 0] = -100  # nothing that is dropped was counted
    listed = rules(case_of(Batch.build(**fields, shift=True)), 1)
    before = [rule for rule in listed if rule.method == "over-labels-before-shift"]
    values = Evaluation(Batch.build(**fields, shift=True), before)
    assert [values.value(rule) for rule in before] == [None] * len(before)


@pytest.mark.parametrize("name", sorted(set(MISTAKES) - {"viewed-as-torchs"}))
def test_labels_in_another_order_of_a_batch_too_large_to_keep(monkeypatch, tmp_path, name):
    """From memory and from a file."""
    monkeypatch.setattr(evaluation, "KEPT_SCORES", 0)
    fields, (shift, taken) = sequences(5, weighted=True), MISTAKES[name]
    value = loss(fields, *taken(torch.tensor(fields["logits"]), torch.tensor(fields["labels"])))
    assert first(value, fields, shift=shift).departures == (name,)
    batch = of_file(fields, tmp_path, class_axis="-1", shift="true" if shift else None)
    rule = Rule("weighted-mean", "class", pairing=name)
    assert rule in list(rules(case_of(batch), 1))
    assert Evaluation(batch, [rule]).value(rule) == pytest.approx(value, rel=1e-12)


def of_file(fields, tmp_path, **given):
    """The batch of a file, which is read where it is looked at."""
    np.savez(tmp_path / "batch.npz", **{key: fields[key] for key in ("logits", "labels", "weight")})
    (batch,), _ = read_batches([str(tmp_path / "batch.npz")], given)
    assert isinstance(batch.scores, StoredRows)
    return batch


@pytest.mark.parametrize("is_file", [False, True])
@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("axis", [1, 2])
def test_views_of_memory_and_of_a_file_after_a_shift_too(tmp_path, is_file, shift, axis):
    fields = sequences(4, weighted=True)
    x, y, w = (torch.tensor(fields[name]) for name in ("logits", "labels", "weight"))
    x = x if axis == 2 else x.transpose(1, 2).contiguous()
    fields |= {"logits": x.numpy(), "class_axis": axis}
    if shift:
        x, y = (x[:, :-1] if axis == 2 else x[..., :-1]), y[:, 1:]
    if axis == 2:
        value, name = F.cross_entropy(x.reshape(B, V, -1), y, w).item(), "viewed-as-torchs"
    else:
        value, name = F.cross_entropy(x.reshape(-1, V), y.reshape(-1), w).item(), "rows-of-memory"
    if is_file:
        batch = of_file(fields, tmp_path, class_axis=str(axis), shift="true" if shift else None)
    else:
        batch = Batch.build(**fields, shift=shift)
    (number,) = identify_batch(batch, NumbersAsked((printed_number(f"{value:.7g}"),))).numbers
    assert number.matches[0].departures == (name,)


def test_a_view_of_a_batch_too_large_to_keep_is_tried_where_it_is_no_copy(monkeypatch, tmp_path):
    """What is not tried is said."""
    monkeypatch.setattr(evaluation, "KEPT_SCORES", 0)
    fields = sequences(4, weighted=True)
    x, y = MISTAKES["viewed-as-torchs"][1](torch.tensor(fields["logits"]), torch.tensor(fields["labels"]))
    found = identify(f"{loss(fields, x, y):.7g}", **fields)
    assert found.numbers[0].matches[0].departures == ("viewed-as-torchs",)
    assert found.untried == ()
    asked = NumbersAsked((printed_number("1.5"),))
    title = PAIRINGS["viewed-as-torchs"].title
    assert identify(1.5, **fields, shift=True).untried == (title,)  # what is left of a sequence is no view of memory
    batch = of_file(fields, tmp_path, class_axis="-1")
    assert identify_batch(batch, asked).untried == (title,)
    assert identify_batch(batch, asked, depth=0).untried == ()
    monkeypatch.setattr(pairings, "MOST_SCORES", 0)
    found = identify(1.5, **fields)
    assert len(found.untried) == 4
    told = [block.text for block in answer_blocks(found, Look(verbose=True), False)]
    assert f"not tried, with so many scores: {'; '.join(found.untried)}" in told


@pytest.mark.parametrize("shape", [(7,), (2, 3, 4)], ids=str)
def test_rows_and_images_have_no_positions_to_be_shifted(shape):
    rng = np.random.default_rng(0)
    batch = Batch.build(logits=rng.normal(size=(shape[0], V, *shape[1:])), labels=rng.integers(0, V, shape))
    assert case_of(batch).pairings == ()


def test_one_sequence_has_labels_that_were_not_shifted():
    fields = {key: value[0] for key, value in sequences(4).items() if key != "class_axis"}
    value = F.cross_entropy(torch.tensor(fields["logits"]), torch.tensor(fields["labels"])).item()
    assert first(value, fields, shift=True).departures == ("not-shifted",)


@pytest.mark.parametrize("name", ["labels-ahead", "not-shifted", "scores-time-major"])
def test_a_wrong_pairing_is_told_from_the_right_one_on_sequences(name):
    fields = sequences(1)
    tied = [Rule("weighted-mean", "class"), Rule("weighted-mean", "class", pairing=name)]
    apart = separating(Batch.build(**fields, shift=MISTAKES[name][0]), tied)
    again = Batch.build(**apart.batch)
    assert apart.inseparable == ()
    assert [Evaluation(again, tied).value(rule) for rule in tied] == [value for _, value in apart.values]


@pytest.mark.parametrize("shape", [(2, 6, 4), (8, 64, 3000)])
@pytest.mark.parametrize("axis", [1, 2])
def test_labels_that_a_shift_drops_may_be_no_classes(shape, axis):
    """A token that begins every sequence, and that no scores are for: its rows have no loss in any pairing."""
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=shape), rng.integers(0, shape[2], shape[:2])
    labels[:, 0] = 50_000
    twice = torch.tensor(scores)[:, :-2].flatten(0, 1), torch.tensor(labels)[:, 2:].flatten()
    number = f"{F.cross_entropy(*twice).item():.6g}"
    found = identify(number, logits=np.moveaxis(scores, 2, axis), labels=labels, shift=True, class_axis=axis)
    assert "shifted-twice" in found.numbers[0].matches[0].departures
    assert not any("not-shifted" in match.departures for match in found.numbers[0].matches)
