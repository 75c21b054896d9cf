"""Arrays in files: every dtype, byte order, layout and format gives the numbers that were saved."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inputs.arrays import WRITERS, as_numpy, as_tensor, random_array, stored_in, whole, written
from wce_cli.errors import Problem, WceError
from wce_cli.inputs import read_arrays
from wce_cli.inputs.stored import DTYPES, chosen, n_bytes
from wce_cli.inputs.suffixes import ARRAY_READERS

SHAPE = (5, 3, 2)


def check(stored, array, dtype):
    """Every number is there, by the bits, wherever reading begins and ends."""
    assert (stored.shape, stored.dtype, stored.size) == (array.shape, dtype, array.size)
    np.testing.assert_array_equal(whole(stored), array)
    flat = array.reshape(-1, order="F" if stored.fortran else "C")
    for start in range(0, array.size + 1, 7):
        for stop in (start, array.size, min(start + 4, array.size)):
            block = stored.read(start, stop)
            assert block.dtype == DTYPES[dtype]
            assert block.dtype.isnative
            assert block.tobytes() == flat[start:stop].tobytes()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_files_give_the_numbers_that_were_saved(dtype, byte_order, order, tmp_path):
    array = random_array(dtype, SHAPE)
    saved = as_numpy(np.asarray(array, order=order), dtype)
    if dtype != "bfloat16":
        saved = saved.astype(saved.dtype.newbyteorder(byte_order), order="K")
    np.save(tmp_path / "a.npy", saved)
    np.savez(tmp_path / "stored.npz", logits=saved, other=np.zeros(3))
    np.savez_compressed(tmp_path / "packed.npz", other=np.zeros(3), logits=saved)
    alone = stored_in(tmp_path / "a.npy")
    assert (alone.name, alone.source, alone.sequential) == ("", str(tmp_path / "a.npy"), False)
    assert alone.fortran == (order == "F")
    assert alone.note == ("dtype V2 is taken for bfloat16: numpy saves it without its name" * (dtype == "bfloat16"))
    check(alone, array, dtype)
    for name in ("stored", "packed"):
        member = stored_in(tmp_path / f"{name}.npz", "logits")
        assert member.source == f"{tmp_path / name}.npz:logits"
        assert member.sequential == (name == "packed")
        check(member, array, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch_and_safetensors_files_give_the_numbers_that_were_saved(dtype, tmp_path):
    array = random_array(dtype, SHAPE)
    tensor = as_tensor(array, dtype)
    swapped = tensor.permute(2, 0, 1)
    safetensors.torch.save_file({"logits": tensor, "other": torch.zeros(3)}, tmp_path / "a.safetensors")
    torch.save({"logits": tensor, "turned": tensor.permute(2, 1, 0), "swapped": swapped}, tmp_path / "a.pt")
    check(stored_in(tmp_path / "a.safetensors", "logits"), array, dtype)
    check(stored_in(tmp_path / "a.pt", "logits"), array, dtype)
    turned = stored_in(tmp_path / "a.pt", "turned")
    assert turned.fortran
    check(turned, array.transpose(2, 1, 0), dtype)
    check(stored_in(tmp_path / "a.pt", "swapped"), array.transpose(2, 0, 1), dtype)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 5), max_size=4).map(tuple),
    st.sampled_from(sorted(DTYPES)),
    st.sampled_from(list(WRITERS)),
    st.integers(0, 9),
    st.data(),
)
def test_any_slice_of_any_shape_is_read(tmp_path_factory, shape, dtype, fmt, seed, data):
    array = random_array("uint16" if dtype == "bfloat16" else dtype, shape, seed)
    stored = stored_in(written(fmt, tmp_path_factory.mktemp("any"), array))
    assert stored.shape == shape
    flat = array.reshape(-1)
    for _ in range(4):
        start = data.draw(st.integers(0, array.size))
        stop = data.draw(st.integers(start, array.size))
        assert stored.read(start, stop).tobytes() == flat[start:stop].tobytes()


@pytest.mark.parametrize("fmt", WRITERS)
def test_no_rows_are_an_array(fmt, tmp_path):
    stored = stored_in(written(fmt, tmp_path, np.zeros((0, 3), np.float32)))
    assert stored.shape == (0, 3)
    assert stored.read(0, 0).shape == (0,)


@pytest.mark.parametrize("fmt", WRITERS)
def test_a_block_is_filled_in_place_and_no_further_than_the_array(fmt, tmp_path):
    array = random_array("float32", (10, 3))
    stored = stored_in(written(fmt, tmp_path, array))
    block = np.empty(6, np.float32)
    for start in (0, 12, 24, 6):
        stored.read_into(start, block)
        np.testing.assert_array_equal(block, array.reshape(-1)[start : start + 6])
    for start, stop in ((-1, 2), (25, 31)):
        with pytest.raises(IndexError):
            stored.read(start, stop)


@pytest.mark.parametrize("fmt", WRITERS)
def test_forked_workers_and_pickled_copies_read_on_their_own(fmt, tmp_path):
    array = random_array("float64", (1000, 7))
    stored = stored_in(written(fmt, tmp_path, array))
    flat = array.reshape(-1)
    stored.read(0, 500)
    copy = pickle.loads(pickle.dumps(stored))
    child = os.fork()
    if not child:
        right = all((stored.read(n, n + 99) == flat[n : n + 99]).all() for n in range(500, 6000, 700))
        os._exit(0 if right else 1)
    for reader in (stored, copy):
        assert all((reader.read(n, n + 70) == flat[n : n + 70]).all() for n in range(300, 6500, 600))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("fmt", WRITERS)
def test_a_file_that_shrinks_before_it_is_read_is_an_error(fmt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = written(fmt, Path(), random_array("float64", (100_000,)))
    stored = stored_in(name)
    stored.read(0, 10)
    size = os.path.getsize(name)
    os.truncate(name, 4096)
    with pytest.raises(WceError) as caught:
        stored.read(50_000, 100_000)
    assert caught.value.args[0] == f"{name} changed while it was read: it had {size} bytes, and now has 4096"


def test_a_file_may_hold_any_byte_where_a_bool_should_be(tmp_path):
    np.save(tmp_path / "a.npy", np.array([0, 1, 2, 255], np.uint8).view(bool))
    block = stored_in(tmp_path / "a.npy").read(0, 4)
    assert block.view(np.uint8).tolist() == [0, 1, 1, 1]


def test_a_suffix_is_read_in_any_case_and_an_unknown_one_refused(tmp_path):
    with open(tmp_path / "A.NPY", "wb") as file:
        np.save(file, np.zeros(2))
    assert stored_in(tmp_path / "A.NPY").shape == (2,)
    with pytest.raises(WceError) as caught:
        read_arrays("a.mat")
    assert caught.value.lines() == [
        "error: a.mat is no file of arrays by its name",
        "hint: known: .npy, .npz, .safetensors, .pt, .pth, .bin",
    ]
    assert set(ARRAY_READERS) == {".npy", ".npz", ".safetensors", ".pt", ".pth", ".bin"}


def test_an_array_is_chosen_by_its_name_or_because_it_is_the_only_one(tmp_path):
    np.savez(tmp_path / "two.npz", logits=np.zeros((3, 2), np.float32), labels=np.zeros(3, int))
    np.savez(tmp_path / "one.npz", logits=np.zeros((3, 2)))
    assert stored_in(tmp_path / "two.npz", "labels").shape == (3,)
    assert stored_in(tmp_path / "one.npz").name == "logits"


@pytest.mark.parametrize(
    ("members", "name", "said"),
    [
        (
            ["logits", "labels", "ids"],
            "",
            [
                "error: a.npz holds 3 members: logits (3, 2) float32, labels (3, 2) float32, ids",
                "hint: name one of them, as in a.npz:logits",
            ],
        ),
        (
            ["logits", "labels", "ids"],
            "label",
            [
                "error: a.npz has no member 'label': "
                "it holds 3 members: logits (3, 2) float32, labels (3, 2) float32, ids",
                "hint: did you mean 'labels'?",
            ],
        ),
        (
            [f"m{n:02}" for n in range(50)],
            "",
            [
                "error: a.npz holds 50 members: "
                + ", ".join(f"m{n:02} (3, 2) float32" for n in range(12))
                + " (and 38 more)",
                "hint: name one of them, as in a.npz:m00",
            ],
        ),
        (
            ["logits"],
            "x",
            ["error: a.npz has no member 'x': it holds 1 member: logits (3, 2) float32", "hint: known: logits"],
        ),
        (["ids", "logits"], "ids", ["error: ids are no numbers", "hint: leave them out"]),
        (["ids"], "", ["error: ids are no numbers", "hint: leave them out"]),
        ([], "", ["error: a.npz holds no arrays"]),
        (
            [""],
            "logits",
            ["error: a.npz is one array, without members: it has no 'logits'", "hint: write a.npz"],
        ),
    ],
)
def test_an_array_that_is_not_the_one_is_refused_with_those_that_are_there(tmp_path, members, name, said):
    np.save(tmp_path / "a.npy", np.zeros((3, 2), np.float32))
    array = stored_in(tmp_path / "a.npy")
    found = {
        member: Problem("ids are no numbers", "leave them out") if member == "ids" else array for member in members
    }
    with pytest.raises(WceError) as caught:
        chosen(found, name, "a.npz", "labels")
    assert caught.value.lines() == said
    assert caught.value.problems[0].field == "labels"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\nerror: b", "a\\nerror: b"), ("\x1b[2J", "\\x1b[2J"), ("é" * 200, "é" * 97 + "...")],
)
def test_a_name_is_one_line_and_no_command_to_a_terminal(name, shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    safetensors.torch.save_file({name: torch.zeros(2), "b": torch.zeros(2)}, "a.safetensors")
    members = read_arrays("a.safetensors")
    assert members[name].source == f"a.safetensors:{shown}"
    with pytest.raises(WceError) as caught:
        chosen(members, "", "a.safetensors")
    assert f"{shown} (2,) float32" in caught.value.lines()[0]


def test_a_shape_that_no_array_has_is_refused():
    assert n_bytes((), "float64", "x") == 8
    assert n_bytes((0, 1 << 40), "bool", "x") == 0
    for shape in ((1 << 61,), (0, 1 << 61), (1 << 31, 1 << 31, 1 << 31)):
        with pytest.raises(WceError) as caught:
            n_bytes(shape, "float64", "x.npy")
        assert caught.value.args[0] == f"x.npy says it has shape {shape}: no array is that large"
    with pytest.raises(WceError, match=r"^x\.npy says it has 65 axes: no array is that large$"):
        n_bytes((1,) * 65, "float64", "x.npy")
