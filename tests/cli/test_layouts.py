"""One batch in every layout and by every way in: the same report, to the byte."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.run import run
from wce_cli import WceError, explain

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

RNG = np.random.default_rng(4)
SCORES = np.round(RNG.normal(size=(2, 3, 5)) * 2, 2)
LABELS = np.where(RNG.random((2, 5)) < 0.3, -100, RNG.integers(3, size=(2, 5)))
WEIGHT = np.array([0.5, 1.0, 2.5])
PROBS = np.round(RNG.dirichlet([1.0] * 3, (2, 5)), 2)
PROBS[..., 2] = np.round(1 - PROBS[..., 0] - PROBS[..., 1], 2)
PROBS = PROBS.transpose(0, 2, 1)
Q = np.round(np.eye(3)[RNG.integers(3, size=(2, 5))] * 0.75 + 0.25 * np.eye(3)[RNG.integers(3, size=(2, 5))], 2)
Q = Q.transpose(0, 2, 1)

BATCHES = {
    "index labels": {"logits": SCORES, "labels": LABELS, "weight": WEIGHT},
    "sample weights": {"logits": SCORES, "labels": LABELS, "sample_weight": np.round(RNG.random((2, 5)), 2)},
    "smoothing": {"logits": SCORES, "labels": LABELS, "weight": WEIGHT, "label_smoothing": np.array(0.1)},
    "probabilities": {"probs": PROBS, "labels": LABELS, "weight": WEIGHT},
    "probability labels": {"logits": SCORES, "labels": Q, "weight": WEIGHT},
    "shift": {"logits": SCORES, "labels": LABELS, "weight": WEIGHT, "shift": np.array(True)},
    "shift of probability labels": {"logits": SCORES, "labels": Q, "shift": np.array(True)},
}
"""In torch's layout, the classes on axis 1."""
LAYOUTS = {"torch's": 1, "classes last": 2, "classes first": 0}


def laid_out(batch, axis):
    """The same batch with its classes on another axis, which is named where it is neither axis 1 nor the last."""
    given = {
        name: np.moveaxis(array, 1, axis) if array.shape == SCORES.shape else array for name, array in batch.items()
    }
    return {**given, "class_axis": np.array(axis)} if axis == 0 else given


def plain(batch):
    """Lists and numbers."""
    return {name: array.tolist() for name, array in batch.items()}


def arguments_of(batch):
    """What is typed."""
    for name, value in plain(batch).items():
        option = "--" + name.replace("_", "-")
        yield from [option] if value is True else [option, json.dumps(value)]


def typed(folder, batch):
    return run("explain", *arguments_of(batch), *SHOWN)


def document(folder, batch):
    (folder / "x.json").write_text(json.dumps(plain(batch)), "utf-8")
    return run("explain", str(folder / "x.json"), *SHOWN)


def stdin(folder, batch):
    return run("explain", "-", *SHOWN, stdin=json.dumps(plain(batch)).encode())


def npz(folder, batch):
    np.savez(folder / "x.npz", **batch)
    return run("explain", str(folder / "x.npz"), *SHOWN)


def fortran_npz(folder, batch):
    np.savez(folder / "x.npz", **{name: np.asfortranarray(array) for name, array in batch.items()})
    return run("explain", str(folder / "x.npz"), *SHOWN)


def fortran_npy(folder, batch):
    """Arrays of which each has a file, the others typed."""
    files = []
    for name in [name for name, array in batch.items() if array.ndim > 1]:
        np.save(folder / f"{name}.npy", np.asfortranarray(batch[name]))
        files += ["--" + name.replace("_", "-"), str(folder / f"{name}.npy")]
    rest = {name: array for name, array in batch.items() if array.ndim < 2}
    return run("explain", *files, *arguments_of(rest), *SHOWN)


def pt(folder, batch):
    torch.save({name: torch.from_numpy(array.copy()) for name, array in batch.items()}, folder / "x.pt")
    return run("explain", str(folder / "x.pt"), *SHOWN)


def transposed_pt(folder, batch):
    """Tensors whose axes lie in the file the other way round."""
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array.T)) for name, array in batch.items()}
    torch.save({name: tensor.permute(*range(tensor.ndim)[::-1]) for name, tensor in tensors.items()}, folder / "x.pt")
    return run("explain", str(folder / "x.pt"), *SHOWN)


def safetensors(folder, batch):
    from safetensors.numpy import save_file

    arrays = {name: np.ascontiguousarray(array) for name, array in batch.items() if array.ndim}
    save_file(arrays, folder / "x.safetensors")
    rest = {name: array for name, array in batch.items() if not array.ndim}
    return run("explain", str(folder / "x.safetensors"), *arguments_of(rest), *SHOWN)


def printed(folder, batch):
    """What torch prints of it; all its numbers have two decimals, so that four are not rounded."""
    shown = {name: str(torch.from_numpy(array.copy())) for name, array in batch.items() if array.ndim > 1}
    pasted = [word for name, text in shown.items() for word in ("--" + name.replace("_", "-"), text)]
    rest = {name: array for name, array in batch.items() if array.ndim < 2}
    return run("explain", *pasted, *arguments_of(rest), *SHOWN)


SHOWN = ("--engine", "none", "--rows", "all", "--method", "all", "--width", "200")
WAYS = (typed, document, stdin, npz, fortran_npz, fortran_npy, pt, transposed_pt, safetensors, printed)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", BATCHES)
def test_every_layout_by_every_way_prints_what_torchs_typed_prints(name, way, layout, tmp_path):
    expected = typed(tmp_path, BATCHES[name])
    assert expected.code == 0, expected.err
    found = way(tmp_path, laid_out(BATCHES[name], LAYOUTS[layout]))
    assert found.code == 0, found.err
    assert found.out == expected.out
    noted = "the classes are the last axis" in found.err
    assert noted == (layout == "classes last"), found.err


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", BATCHES)
def test_python_has_the_same_report_of_lists_arrays_and_tensors(name, layout):
    expected = explain(**given_in_python(BATCHES[name]), engines=()).to_dict()
    batch = given_in_python(laid_out(BATCHES[name], LAYOUTS[layout]))
    arrays = {key: value for key, value in batch.items() if isinstance(value, np.ndarray)}
    for kind in (
        np.asfortranarray,
        np.ndarray.tolist,
        torch.from_numpy,
        lambda array: torch.from_numpy(np.ascontiguousarray(array.T)).permute(*range(array.ndim)[::-1]),
    ):
        given = {**batch, **{key: kind(array.copy()) for key, array in arrays.items()}}
        found = explain(**given, engines=()).to_dict()
        assert len(found["batch"]["notes"]) == {"classes last": 2, "classes first": 1}.get(layout, "shift" in batch)
        assert but_for_the_notes(found) == but_for_the_notes(expected)


def but_for_the_notes(report):
    """Also for the dtype, which lists have none of."""
    return {**report, "batch": {name: said for name, said in report["batch"].items() if name not in ("notes", "dtype")}}


def given_in_python(batch):
    """Arrays, and single numbers as Python has them."""
    return {name: array if array.ndim else array.item() for name, array in batch.items()}


COMMANDS = {
    "split": ("--size", "1"),
    "gradient": ("--rows", "all"),
    "sweep": ("--class", "0", "--to", "2"),
    "identify": ("1.2345",),
    "explain": ("--engine", "torch", "--label-smoothing", "0.1"),
}


@pytest.mark.parametrize("shift", [(), ("--shift",)], ids=["", "shifted"])
@pytest.mark.parametrize("layout", ["classes last", "classes first"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_the_same_of_every_layout(command, layout, shift, tmp_path):
    outs = []
    for axis in (1, LAYOUTS[layout]):
        np.savez(tmp_path / "x.npz", **laid_out(BATCHES["index labels"], axis))
        ran = run(command, *COMMANDS[command], str(tmp_path / "x.npz"), *shift, "--width", "120")
        assert ran.code in (0, 1), ran.err
        # which views of the arrays a number may come from is another question in each layout
        outs.append([line for line in ran.out.splitlines() if not line.startswith("tried ")])
    assert outs[0] == outs[1] != []


@pytest.mark.parametrize("layout", ["classes last", "torch's"])
@pytest.mark.parametrize("name", BATCHES)
def test_several_files_are_parts_of_one_batch_in_every_layout(name, layout, tmp_path):
    expected = typed(tmp_path, BATCHES[name])
    batch = laid_out(BATCHES[name], LAYOUTS[layout])
    for item in range(2):
        np.savez(
            tmp_path / f"{item}.npz",
            **{key: np.ascontiguousarray(array[[item]]) for key, array in batch.items() if array.ndim > 1},
        )
    rest = {key: array for key, array in batch.items() if array.ndim < 2}
    found = run("explain", *(str(tmp_path / f"{item}.npz") for item in range(2)), *arguments_of(rest), *SHOWN)
    assert (found.code, found.out) == (0, expected.out), found.err


def test_several_files_cannot_have_the_classes_on_the_axis_along_which_they_follow_each_other(tmp_path):
    """A file for each class would be as right, and a file for each image gives another answer."""
    batch = laid_out(BATCHES["probability labels"], 0)
    names = [str(tmp_path / f"{item}.npz") for item in range(2)]
    for item, name in enumerate(names):
        np.savez(
            name, **{key: np.ascontiguousarray(array[:, [item]]) for key, array in batch.items() if array.ndim > 1}
        )
    ran = run("explain", *names, "--class-axis", "0", *SHOWN)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: the classes are axis 0 of logits, along which several files follow each other\n")
    assert "hint: join them first: numpy.concatenate" in ran.err


def parts_in_files(folder, sequences):
    for k, (x, y) in enumerate(sequences):
        np.savez(folder / f"{k}.npz", logits=x, labels=y)
    return [str(folder / f"{k}.npz") for k in range(len(sequences))]


def parts_by_pattern(folder, sequences):
    for k, (x, y) in enumerate(sequences):
        np.save(folder / f"x{k}.npy", x)
        np.save(folder / f"y{k}.npy", y)
    return ["--logits", str(folder / "x*.npy"), "--labels", str(folder / "y*.npy")]


def parts_of_a_list(folder, sequences):
    torch = pytest.importorskip("torch")
    torch.save([(torch.tensor(x), torch.tensor(y)) for x, y in sequences], folder / "list.pt")
    return [str(folder / "list.pt")]


def parts_by_name(folder, sequences):
    torch = pytest.importorskip("torch")
    torch.save([{"logits": torch.tensor(x), "labels": torch.tensor(y)} for x, y in sequences], folder / "dicts.pt")
    return [str(folder / "dicts.pt")]


def parts_of_tables(folder, sequences):
    for k, (x, y) in enumerate(sequences):
        rows = [",".join([*map(repr, row.tolist()), str(label)]) for row, label in zip(x, y, strict=True)]
        (folder / f"{k}.csv").write_text("\n".join(["a,b,c,label", *rows]))
    return [str(folder / f"{k}.csv") for k in range(len(sequences))]


def parts_of_tables_by_pattern(folder, sequences):
    for k, (x, y) in enumerate(sequences):
        (folder / f"x{k}.csv").write_text("\n".join(["a,b,c", *(",".join(map(repr, row.tolist())) for row in x)]))
        (folder / f"y{k}.csv").write_text("\n".join(["label", *map(str, y)]))
    return ["--logits", str(folder / "x*.csv"), "--labels", str(folder / "y*.csv")]


PARTS = [
    *(parts_in_files, parts_by_pattern, parts_of_a_list, parts_by_name),
    *(parts_of_tables, parts_of_tables_by_pattern),
]


@pytest.mark.parametrize("way", PARTS, ids=lambda way: way.__name__)
def test_a_shift_does_not_run_from_one_part_of_a_batch_into_the_next(way, tmp_path):
    sequences = [(RNG.normal(size=(n, 3)), RNG.integers(0, 3, n)) for n in (5, 2, 4)]
    arguments = [*way(tmp_path, sequences), *SHOWN]
    unshifted = run("explain", *arguments)
    assert unshifted.code == 0, unshifted.err
    ran = run("explain", *arguments, "--shift")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: logits are 3 parts of two axes, which follow each other along their positions")
    assert "hint: save them as one array of three axes, logits (B, T, C) and labels (B, T)" in ran.err
    x, y = np.zeros((3, 5, 3)), np.full((3, 5), -100)
    for k, (some, labels) in enumerate(sequences):
        x[k, : len(some)], y[k, : len(labels)] = some, labels
    np.savez(tmp_path / "whole.npz", logits=x, labels=y)
    hinted = run("explain", str(tmp_path / "whole.npz"), *SHOWN[:2], "--shift", "--class-axis", "-1")
    assert hinted.code == 0, hinted.err


def test_one_part_is_one_sequence_that_is_shifted(tmp_path):
    sequences = [(RNG.normal(size=(5, 3)), RNG.integers(0, 3, 5))]
    for way in PARTS:
        ran = run("explain", *way(tmp_path, sequences), "--shift", *SHOWN)
        assert ran.code == 0, (way, ran.err)


@pytest.mark.parametrize("shape", [(2, 1, 3), (2, 3, 4)])
def test_a_shift_that_a_file_asks_for_is_refused_by_what_overrides_the_file(shape, tmp_path):
    """One position; and labels that have a position less already."""
    labels = np.zeros((2, shape[1] - (shape[1] > 1)), int)
    given = {"logits": np.zeros(shape).tolist(), "labels": labels.tolist(), "class_axis": -1}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({**given, "shift": True}))
    ran = run("explain", str(path), *SHOWN)
    assert ran.code == 2
    assert "give --no-shift" in ran.err
    assert "leave out" not in ran.err
    assert "give shift=False" in str(refusal(path=str(path)))
    path.write_text(json.dumps(given))
    typed = run("explain", str(path), "--shift", *SHOWN)
    assert "leave out --shift" in typed.err
    assert "leave out shift=" in str(refusal(**given, shift=True))


def refusal(path=None, **given):
    with pytest.raises(WceError) as caught:
        explain(*([] if path is None else [path]), **given)
    return caught.value


@pytest.mark.parametrize(
    ("shape", "shift", "hint"),
    [
        (
            (2, 4),
            True,
            "give it as the labels are, not yet shifted: with a weight for the first label of each sequence",
        ),
        ((2,), True, "to weigh each of the 2 as a whole, repeat its weight at all of its positions"),
        ((2, 1), False, "to weigh each of the 2 as a whole, repeat its weight at all of its positions"),
        ((2, 4), False, ""),
        ((3,), True, ""),
    ],
)
def test_a_sample_weight_that_does_not_fit_is_told_what_would(shape, shift, hint):
    found = refusal(logits=np.zeros((2, 5, 3)), labels=np.zeros((2, 5), int), sample_weight=np.ones(shape), shift=shift)
    (problem,) = found.problems
    assert problem.message == f"sample_weight has shape {shape}, expected shape (2, 5)"
    assert problem.hint.startswith(hint) if hint else not problem.hint


WRONG = {
    "labels": (
        BATCHES["index labels"],
        lambda array: array[1, 3:].fill(7),
        r"labels(\S+) is 7, but logits has 3 classes",
    ),
    "probs": (BATCHES["probabilities"], lambda array: array[1, 2, 3:].fill(1.5), r"probs(\S+) is 1.5, expected a "),
}


@pytest.mark.parametrize("shift", [(), ("--shift",)], ids=["", "shifted"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("way", [typed, document, npz, fortran_npz, pt, transposed_pt], ids=lambda way: way.__name__)
@pytest.mark.parametrize("field", ["labels", "probs"])
def test_an_error_names_the_place_in_the_array_as_it_was_given(field, way, layout, shift, tmp_path):
    batch, spoil, message = WRONG[field]
    batch = {**batch, field: batch[field].copy(), **({"shift": np.array(True)} if shift else {})}
    spoil(batch[field])
    given = laid_out(batch, LAYOUTS[layout])
    ran = way(tmp_path, given)
    assert (ran.code, ran.out) == (2, "")
    first = re.search(message, ran.err)
    assert first, ran.err
    place = tuple(int(index) for index in re.findall(r"\d+", first[1]))
    assert len(place) == given[field].ndim
    assert given[field][place] == (7 if field == "labels" else 1.5)
    assert f"{given[field].shape}" in ran.err


@pytest.mark.parametrize("kind", ["logits", "probs"])
def test_one_hot_labels_whose_padding_is_0_are_read_along_the_axis_of_their_ones(kind, tmp_path):
    labels = np.eye(7)[RNG.integers(3, size=(2, 5))]
    labels[1, 3:] = 0
    scores = RNG.normal(size=labels.shape)
    scores = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True) if kind == "probs" else scores
    found = explain(**{kind: scores}, labels=labels, engines=())
    named = explain(**{kind: scores}, labels=labels, class_axis=-1, engines=())
    assert (found.batch.n_classes, found.value("batch-mean")) == (7, named.value("batch-mean"))
    said = "sum to 1 (some labels to 0) along the last axis, not along axis 1"
    assert any(said in note for note in found.batch.notes)
    assert not any("sum to 1" in note for note in named.batch.notes)
    torchs = explain(**{kind: np.moveaxis(scores, -1, 1)}, labels=np.moveaxis(labels, -1, 1), engines=())
    assert (torchs.batch.notes, torchs.value("batch-mean")) == ((), named.value("batch-mean"))


UNFIT = {
    "flat labels": ((2, 5, 3), (10,), "they are flat: reshape them to (2, 5), if they were flattened from that shape"),
    "flat scores": ((10, 3), (2, 5), "the scores are flat: flatten the labels, too, in the same order"),
    "one sequence without its axis": ((1, 5, 3), (5,), "they are flat: reshape them to (1, 5)"),
    "scores cut by hand": ((2, 4, 3), (2, 5), "these have a position more, as if the last scores were dropped: drop"),
    "labels cut by hand": ((2, 5, 3), (2, 4), "these have a position less, as if they were shifted: drop the last"),
    "neither": ((2, 5, 3), (2, 8), "the classes are axis 1 of the scores: --class-axis N names another"),
}


@pytest.mark.parametrize(("scores", "labels", "hint"), UNFIT.values(), ids=UNFIT)
def test_labels_that_do_not_fit_are_told_what_would_make_them(scores, labels, hint, tmp_path):
    np.savez(tmp_path / "x.npz", logits=np.zeros(scores), labels=np.zeros(labels, int))
    ran = run("explain", str(tmp_path / "x.npz"), "--engine", "none")
    assert (ran.code, ran.out) == (2, "")
    assert f"labels have shape {labels}, expected " in ran.err
    assert f"hint: {hint}" in ran.err
