"""Classes on any axis and labels one position ahead, against arrays that numpy has moved and cut beforehand."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from tests.loss.test_rows import Compressed, File
from wce_cli import WceError, explain
from wce_cli.batches.batch import Batch, WrongRows
from wce_cli.loss.layout import items_between
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.explain.of_batch import explain_batch

SHAPES = [(4, 3), (3, 4, 5), (3, 2, 4, 5), (2, 3, 1, 4, 2)]


def drawn(shape, axis, seed=0, soft=False):
    """A batch with its classes on an axis, and the same in torch's layout."""
    rng = np.random.default_rng(seed)
    c, others = shape[axis], shape[:axis] + shape[axis + 1 :]
    scores, s = rng.normal(size=shape), rng.uniform(0.5, 2, size=others)
    labels = rng.integers(0, c, others)
    labels.reshape(-1)[::5] = -100
    if soft:
        labels = np.moveaxis(rng.dirichlet(np.ones(c), size=others), -1, axis)
    given = {"logits": scores, "labels": labels, "sample_weight": s, "weight": rng.uniform(0.2, 3, c)}
    moved = given | {"logits": np.moveaxis(scores, axis, 1)}
    return given, moved | {"labels": np.moveaxis(labels, axis, 1)} if soft else moved


def shifted(given):
    """A batch in torch's layout whose labels are cut off one ahead by hand."""
    along = [slice(None)] * given["logits"].ndim
    position = 0 if len(along) == 2 else len(along) - 1
    before, after = list(along), list(along)
    before[position], after[position] = slice(None, -1), slice(1, None)
    soft = given["labels"].shape == given["logits"].shape
    return given | {
        "logits": given["logits"][tuple(before)],
        "labels": given["labels"][tuple(after)] if soft else given["labels"][..., 1:],
        "sample_weight": given["sample_weight"][..., 1:],
    }


def same(one, other):
    """Whether two batches have the same rows, bytes and all, walked in one go, row by row, and in uneven pieces."""
    n = other.n_samples
    assert (one.sample_shape, one.n_samples, one.spec.n_classes) == (other.sample_shape, n, other.spec.n_classes)
    for step in (n, 1, 7):
        for start in range(0, n, step):
            for mine, theirs in zip(one.fields, other.fields, strict=True):
                stop = min(start + step, n)
                np.testing.assert_array_equal(mine.rows(start, stop), theirs.rows(start, stop))
    for mine, theirs in zip(one.fields, other.fields, strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_array_equal(mine.whole(), theirs.whole())


def stored_as(kind, given):
    """The arrays of a batch in memory, or as files are: in C or Fortran order, read anywhere or from the start."""
    if kind == "memory":
        return given

    def of(value):
        return Compressed(value) if kind == "compressed" else File(value, order="F" if kind == "fortran" else "C")

    return given | {name: of(value) for name, value in given.items() if name != "weight"}


@pytest.mark.parametrize("kind", ["memory", "file", "compressed", "fortran"])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(("shape", "axis"), [(s, a) for s in SHAPES for a in range(-1, len(s))])
def test_classes_stand_on_any_axis(shape, axis, soft, kind):
    given, moved = drawn(shape, axis % len(shape), soft=soft)
    plain = Batch.build(**moved, class_axis=1)
    same(Batch.build(**stored_as(kind, given), class_axis=axis), plain)
    if shape[-1] > 1 and len(moved["sample_weight"].shape) and moved["sample_weight"].shape[-1] > 1:
        same(
            Batch.build(**stored_as(kind, given), class_axis=axis, shift=True),
            Batch.build(**shifted(moved), class_axis=1),
        )


def test_a_pass_over_files_of_any_layout_is_that_of_the_moved_array():
    for axis, shift in itertools.product(range(4), (False, True)):
        given, moved = drawn((5, 6, 7, 8), axis, seed=axis)
        plain = Batch.build(**(shifted(moved) if shift else moved), class_axis=1)
        found = [
            one_pass(Batch.build(**stored_as(kind, given), class_axis=axis, shift=shift))[0]
            for kind in ("memory", "file", "compressed", "fortran")
        ]
        for totals in found:
            assert totals.s_loss.values().tobytes() == one_pass(plain)[0].s_loss.values().tobytes()
            assert totals.items == plain.items


def test_items_are_counted_where_they_begin():
    for positions, n in itertools.product((1, 2, 3, 7), (0, 1, 5, 12)):
        begins = [row % positions == 0 for row in range(n)]
        for start in range(n + 1):
            for stop in range(start, n + 1):
                assert items_between(start, stop, positions) == sum(begins[start:stop])


def test_the_last_axis_is_taken_where_labels_leave_no_other():
    given, moved = drawn((2, 5, 3), 2)
    batch = Batch.build(**given)
    same(batch, Batch.build(**moved))
    assert batch.spec.notes == (
        "the classes are the last axis of logits (2, 5, 3): labels (2, 5) leave none of them on axis 1",
        "in the calls of PyTorch, x is logits.movedim(-1, 1)",
    )
    assert Batch.build(**given, class_axis=-1).spec.notes == batch.spec.notes[1:]
    assert not Batch.build(**moved).spec.notes


def test_axis_1_is_taken_where_both_fit_and_the_other_is_named():
    given, _ = drawn((2, 3, 3), 2)
    batch = Batch.build(**given)
    same(batch, Batch.build(**given, class_axis=1))
    (note,) = batch.spec.notes
    assert "axis 1" in note
    assert "class_axis=-1" in note
    assert batch.spec.fits_last_axis
    assert not Batch.build(**given, class_axis=1).spec.fits_last_axis


def test_probabilities_that_sum_to_1_along_the_last_axis_alone_say_where_the_classes_are():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet([1, 1, 1], size=(2, 3))
    batch = Batch.build(probs=probs, labels=rng.integers(0, 3, (2, 3)))
    same(batch, Batch.build(probs=np.moveaxis(probs, -1, 1), labels=batch.labels.whole().astype(int), class_axis=1))
    assert "sum to 1 along it" in batch.spec.notes[0]


def test_the_document_that_was_read_along_the_wrong_axis():
    given = {"probs": [[[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]], "labels": [[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]}
    found = explain(**given, engines=())
    assert found["batch-mean"] == pytest.approx(-(math.log(0.2) + math.log(0.8)) / 2, rel=1e-15)
    assert "sum to 1 along the last axis, not along axis 1" in found.batch.notes[0]
    named = explain(**given, engines=(), class_axis=1)
    assert named["batch-mean"] == pytest.approx(-(math.log(0.2) + math.log(0.8)) / 3, rel=1e-15)
    assert "sum to 1 along the last axis, not along axis 1: class_axis=2?" in named.batch.notes[0]


@pytest.mark.parametrize("kind", ["memory", "file", "compressed"])
@pytest.mark.parametrize("shape", [(2, 7, 4), (2, 3, 5, 4)])
def test_one_hot_labels_say_where_the_classes_are(shape, kind):
    rng = np.random.default_rng(1)
    one_hot = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    given = {"logits": rng.normal(size=shape), "labels": one_hot, "weight": np.arange(4.0)}
    moved = {name: np.moveaxis(value, -1, 1) if value.ndim > 1 else value for name, value in given.items()}
    same(Batch.build(**stored_as(kind, given)), Batch.build(**moved, class_axis=1))
    assert not Batch.build(**moved).spec.notes


def test_multi_hot_rows_of_two_axes_are_not_turned():
    """Their columns may sum to 1 by chance."""
    with pytest.raises(WceError, match=r"several classes at once|a 1 in 2 places"):
        Batch.build(logits=[[1.0, 2.0], [3.0, 4.0]], labels=[[1, 1], [0, 0]])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"logits": np.zeros((2, 3)), "labels": [0, 1], "class_axis": 2}, "class_axis is 2, and logits of shape"),
        ({"logits": np.zeros((2, 3)), "labels": [0, 1], "class_axis": -3}, "have axes 0 to 1"),
        ({"logits": np.zeros(3), "labels": 0, "class_axis": 1}, "have axis 0 alone"),
        ({"logits": np.zeros((2, 3)), "labels": [0, 1], "class_axis": 1.0}, "class_axis is 1.0, expected an integer"),
        ({"logits": np.zeros((2, 3)), "labels": [0, 1], "class_axis": True}, "class_axis is True, expected an integer"),
        ({"logits": np.zeros((2, 3)), "labels": [0, 1], "shift": 1}, "shift is 1, expected true or false"),
        ({"logits": np.zeros(3), "labels": 0, "shift": True}, "one position ahead, and logits of shape"),
        ({"logits": np.zeros((2, 1, 3)), "labels": [[0], [1]], "shift": True}, "have one position"),
        ({"logits": np.zeros((2, 4, 3)), "labels": np.zeros((2, 3), int), "class_axis": -1, "shift": True}, "labels"),
    ],
)
def test_what_cannot_be_is_said(given, said):
    with pytest.raises(WceError) as caught:
        Batch.build(**given)
    assert said in str(caught.value)


def test_labels_that_fit_another_axis_are_told_which():
    with pytest.raises(WceError) as caught:
        Batch.build(logits=np.zeros((4, 5, 3, 2)), labels=np.zeros((4, 5, 2), int))
    assert caught.value.problems[0].hint == "they fit classes on axis 2 of the scores: class_axis=2"


def hint_of(logits, labels, **settings):
    with pytest.raises(WceError) as caught:
        Batch.build(logits=np.zeros(logits), labels=np.zeros(labels, int), **settings)
    return caught.value.problems[0].hint


TURNED = [((9, 13, 6), (6, 9)), ((9, 6, 13), (6, 9)), ((13, 9, 6), (6, 9)), ((2, 3, 4, 5), (5, 2, 4))]


@pytest.mark.parametrize(("scores", "labels"), TURNED)
def test_labels_whose_axes_are_in_another_order_are_never_told_to_be_reshaped(scores, labels):
    hint = hint_of(scores, labels)
    assert "transpose" in hint
    assert not {"flat", "reshape"} & set(re.findall(r"\w+", hint))
    shifted = hint_of(scores, labels, shift=True)  # which of the two to transpose depends on where the positions are
    assert "give both with the positions last" in shifted
    assert "labels.T" not in shifted


@pytest.mark.parametrize(("scores", "labels"), TURNED[:3])
def test_what_is_hinted_for_labels_in_another_order_gives_their_loss(scores, labels):
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=scores), rng.integers(0, 13, labels)
    hint = hint_of(scores, labels)
    named = re.search(r"class_axis=(\d)", hint)
    found = explain(logits=x, labels=y.T, engines=(), **({"class_axis": int(named[1])} if named else {}))
    axes = scores.index(6), scores.index(9), scores.index(13)
    x = x.transpose(axes)
    losses = np.log(np.exp(x).sum(-1)) - np.take_along_axis(x, y[..., None], -1)[..., 0]
    assert found["weighted-mean"] == pytest.approx(losses.mean(), rel=1e-14)


def test_scores_that_are_flat_are_no_sequences_to_shift():
    assert hint_of((10, 3), (2, 5)) == "the scores are flat: flatten the labels, too, in the same order"
    assert hint_of((10, 3), (2, 5), shift=True).endswith("give them as they were, of shape (2, 5, 3)")
    assert hint_of((2, 5, 3), (10,), shift=True).startswith("they are flat: reshape them to (2, 5), if they were")


def test_labels_that_were_shifted_already_are_seen():
    with pytest.raises(WceError) as caught:
        Batch.build(logits=np.zeros((2, 4, 3)), labels=np.zeros((2, 3), int), class_axis=-1, shift=True)
    assert "as if they were shifted" in caught.value.problems[0].hint


@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.parametrize(("axis", "shift"), [(1, False), (2, False), (2, True), (0, False), (1, True)])
def test_a_wrong_number_is_named_where_it_stands(kind, axis, shift):
    given, _ = drawn((4, 5, 6), axis)
    place = (1, 3)
    given["labels"][place] = 77
    given["probs"] = np.full((4, 5, 6), 0.5)
    given.pop("logits")
    spot = (1, 2, 3)
    given["probs"][spot] = 7
    for name, said in (("labels", "labels[1][3] is 77"), ("probs", "probs[1][2][3] is 7,")):
        one = {**given, "labels": np.where(given["labels"] == 77, 0, given["labels"])} if name == "probs" else given
        if name == "labels":
            one = {**given, "probs": np.full((4, 5, 6), 0.5)}
        with pytest.raises((WceError, WrongRows)) as caught:
            one_pass(Batch.build(**stored_as(kind, one), class_axis=axis, shift=shift))
        assert said in str(caught.value), caught.value


@pytest.mark.parametrize("kind", ["memory", "file", "compressed"])
@pytest.mark.parametrize("shift", [False, True])
def test_the_value_along_the_other_axis_is_told_where_both_fit(kind, shift):
    given, _ = drawn((4, 3, 3), 2)
    given.pop("sample_weight")
    report = explain_batch(Batch.build(**stored_as(kind, given), shift=shift))
    other = explain(**given, class_axis=-1, shift=shift, engines=())
    (found,) = [one for one in report.findings if one.code == "class-axis-last"]
    assert f"{other['weighted-mean']:.6g} along the last" in found.message
    assert f"{report['weighted-mean']:.6g} along axis 1" in found.message
    assert "class-axis-last" not in {one.code for one in other.findings}


@pytest.mark.parametrize("kind", ["memory", "file", "compressed"])
@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("whole_numbers", [False, True])
def test_the_value_along_the_other_axis_is_told_where_probability_labels_sum_to_1_along_both(
    kind, shift, whole_numbers
):
    rng = np.random.default_rng(4)
    labels = np.stack([np.eye(3, dtype=int)[rng.permutation(3)] for _ in range(4)])
    labels = labels if whole_numbers else 0.75 * labels + 0.25 / 3
    given = {"logits": rng.normal(size=(4, 3, 3)), "labels": labels}
    report = explain_batch(Batch.build(**stored_as(kind, given), shift=shift))
    other = explain(**given, class_axis=-1, shift=shift, engines=())
    (found,) = [one for one in report.findings if one.code == "class-axis-last"]
    assert f"{other['batch-mean']:.6g} along the last" in found.message
    assert f"{report['batch-mean']:.6g} along axis 1" in found.message
    assert "labels sum to 1 along the last axis as well: class_axis=-1" in report.batch.notes[0]
    assert "class-axis-last" not in {one.code for one in other.findings}
    x, q = given["logits"], given["labels"]
    x, q = (x[:, :-1], q[:, 1:]) if shift else (x, q)
    losses = -(q * (x - np.log(np.exp(x).sum(-1, keepdims=True)))).sum(-1)
    assert other["batch-mean"] == pytest.approx(losses.mean(), rel=1e-14)


@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.parametrize("whole_numbers", [False, True])
def test_labels_of_which_only_the_first_sum_to_1_along_the_other_axis_do_not_fit_it(kind, whole_numbers):
    rng = np.random.default_rng(5)
    labels = np.stack([np.eye(3, dtype=int)[rng.permutation(3)] for _ in range(30)])
    labels[-1] = np.eye(3, dtype=int)[[0, 0, 0]].T  # along axis 1 alone
    labels = labels if whole_numbers else labels.astype(float)
    report = explain_batch(Batch.build(**stored_as(kind, {"logits": rng.normal(size=(30, 3, 3)), "labels": labels})))
    assert "class-axis-last" not in {one.code for one in report.findings}
    assert "; the first labels sum to 1 along the last axis as well" in report.batch.notes[0]


@pytest.mark.parametrize("shape", [(4, 3, 5), (2, 3, 5, 3), (3, 3)])
def test_labels_that_sum_to_1_along_torchs_axis_are_not_ambiguous_by_that_alone(shape):
    rng = np.random.default_rng(6)
    labels = np.moveaxis(np.eye(shape[1])[rng.integers(0, shape[1], (*shape[:1], *shape[2:]))], -1, 1)
    spec = Batch.build(logits=rng.normal(size=shape), labels=labels).spec
    assert (spec.fits_last_axis, spec.notes) == (False, ())


def test_what_is_dropped_is_not_looked_at():
    given, _ = drawn((2, 5, 3), 2)
    given["labels"][:, 0] = 50_000  # a token that begins every sequence, and is never predicted
    found = explain(**given, shift=True, engines=())
    assert found.batch.n == 8
    with pytest.raises(WceError, match=r"labels\[0\]\[0\] is 50000"):
        explain(**given, engines=())


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize(("shape", "axis"), [(s, a) for s in [(4, 3), *SHAPES[1:]] for a in range(len(s))])
def test_what_is_typed_in_torch_is_what_is_read(shape, axis, shift, soft):
    torch = pytest.importorskip("torch")
    given, _ = drawn(shape, axis, soft=soft)
    batch = Batch.build(**given, class_axis=axis, shift=shift) if not shift or shape[-2:] != (1, 4) else None
    if batch is None:
        return
    typed = [note for note in batch.spec.notes if "x is " in note]
    if not typed:
        assert (axis, shift) == (1, False)
        return
    x, _, y = typed[0].partition("x is ")[2].partition(", y is ")
    names = {"logits": torch.tensor(given["logits"]), "labels": torch.tensor(given["labels"])}
    np.testing.assert_array_equal(eval(x, names).numpy(), batch.scores.whole())
    if y:
        np.testing.assert_array_equal(eval(y, names).numpy(), batch.labels.whole())
    else:
        assert not soft


def test_a_file_of_torch_may_say_where_the_classes_are_and_that_labels_are_ahead(tmp_path):
    torch = pytest.importorskip("torch")
    given, _ = drawn((2, 5, 5), 2)
    arrays = {name: torch.tensor(given[name]) for name in ("logits", "labels")}
    torch.save(arrays | {"shift": True, "class_axis": -1, "training": False}, tmp_path / "run.pt")
    found = explain(str(tmp_path / "run.pt"), engines=())
    plain = explain(logits=given["logits"], labels=given["labels"], class_axis=-1, shift=True, engines=())
    assert found.batch.shift
    assert found["weighted-mean"] == plain["weighted-mean"]
