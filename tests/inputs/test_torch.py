"""What torch saves: which values become arrays, by which names; what is refused, with torch's reason in one line."""

from __future__ import annotations

import builtins
import os
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.inputs.arrays import stored_in, whole
from tests.inputs.test_npy import Touch
from wce_cli.errors import WceError
from wce_cli.inputs import read_arrays
from wce_cli.inputs.stored import chosen

HINT = "hint: save tensors only: torch.save({'logits': logits, 'labels': labels}, path)"
SIX = torch.arange(6.0).reshape(2, 3)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def said_of(value: Any = None, name: str = "") -> list[str]:
    if value is not None:
        torch.save(value, "a.pt")
    with pytest.raises(WceError) as caught:
        chosen(read_arrays("a.pt"), name, "a.pt")
    return caught.value.lines()


def test_a_tensor_alone_has_no_name():
    torch.save(SIX, "a.pth")
    stored = stored_in("a.pth")
    assert (stored.name, stored.source, stored.shape) == ("", "a.pth", (2, 3))
    np.testing.assert_array_equal(whole(stored), SIX)


def test_tensors_are_named_by_dotted_keys():
    value = {"val": {"logits": SIX, 3: [SIX + 1, (SIX + 2,)]}, "labels": torch.nn.Parameter(SIX + 3), "epoch": 3}
    torch.save(value, "a.bin")
    names = ["val.logits", "val.3.0", "val.3.1.0", "labels"]
    assert list(read_arrays("a.bin")) == [*names, "epoch"]
    for n, name in enumerate(names):
        stored = stored_in("a.bin", name)
        assert stored.source == f"a.bin:{name}"
        np.testing.assert_array_equal(whole(stored), SIX + n)


@pytest.mark.filterwarnings("ignore")  # torch's, about old files
def test_files_of_old_torches_are_read():
    torch.save({"logits": SIX}, "a.pt", _use_new_zipfile_serialization=False)
    np.testing.assert_array_equal(whole(stored_in("a.pt")), SIX)


def test_files_without_checksums_are_read():
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"logits": SIX}, "a.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    np.testing.assert_array_equal(whole(stored_in("a.pt")), SIX)


def test_files_of_a_machine_with_the_other_byte_order_are_read():
    torch.save({"logits": SIX}, "here.pt")
    other = {"little": b"big", "big": b"little"}[sys.byteorder]
    with zipfile.ZipFile("here.pt") as here, zipfile.ZipFile("a.pt", "w") as there:
        for name in here.namelist():
            content = here.read(name)
            if name.endswith("/byteorder"):
                content = other
            elif "/data/" in name:
                content = np.frombuffer(content, "=f4").byteswap().tobytes()
            there.writestr(name, content)
    np.testing.assert_array_equal(whole(stored_in("a.pt")), SIX)


def test_a_part_of_a_tensor_is_that_part():
    torch.save({"rows": SIX[1:], "column": SIX[:, 1]}, "a.pt")
    np.testing.assert_array_equal(whole(stored_in("a.pt", "rows")), SIX[1:])
    np.testing.assert_array_equal(whole(stored_in("a.pt", "column")), SIX[:, 1])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "is 3, expected a tensor"),
        ("cat", 'is "cat", expected a tensor'),
        ({"epoch": None}, ":epoch is null, expected a tensor"),
        ({"x": {1, 2}}, ":x is set, expected a tensor"),
        (
            {"x": SIX.to_sparse()},
            ":x is a sparse_coo tensor of float32, expected a plain one of floats, integers or bools",
        ),
        (
            {"x": torch.zeros(2, dtype=torch.complex64)},
            ":x is a tensor of complex64, expected a plain one of floats, integers or bools",
        ),
        (
            {"x": torch.zeros(2, device="meta")},
            ":x was saved without its numbers (device meta)",
        ),
    ],
)
def test_what_is_no_plain_tensor_is_refused(value, said):
    first, *_ = said_of(value)
    assert first == f"error: a.pt{said if said[0] == ':' else ' ' + said}"


def test_what_repeats_its_numbers_is_refused():
    assert said_of({"x": torch.zeros(1).expand(1_000_000, 1000)}) == [
        "error: a.pt:x repeats its numbers (an expanded view)",
        "hint: save x.contiguous()",
    ]


def test_what_holds_itself_or_a_list_a_thousand_times_is_refused():
    loop: dict[str, Any] = {}
    loop["again"] = loop
    assert said_of(loop) == ["error: a.pt is nested more than 32 deep", HINT]
    laughs: list[Any] = [1]
    for _ in range(12):
        laughs = [laughs] * 10
    assert said_of(laughs) == ["error: a.pt holds more than 100000 values", HINT]
    empty: list[Any] = []
    for _ in range(12):
        empty = [empty] * 10
    assert said_of(empty) == ["error: a.pt holds more than 100000 values", HINT]
    assert said_of(["a"] * 100_001) == ["error: a.pt holds more than 100000 values", HINT]
    assert said_of({"a.b": SIX, "a": {"b": SIX}}) == ["error: a.pt has two values named 'a.b'", HINT]
    assert said_of({}) == ["error: a.pt holds no arrays"]


def test_nothing_is_executed():
    torch.save({"logits": SIX, "x": Touch()}, "a.pt")
    module = os.system.__module__
    said = [f"error: a.pt holds {module}.system, which is not loaded: that would run code", HINT]
    assert said_of() == said
    torch.save({"x": Touch()}, "a.pt", _use_new_zipfile_serialization=False)
    assert said_of() == said
    Path("a.pt").write_bytes(pickle.dumps({"x": Touch()}, protocol=2))
    assert said_of() == said
    assert os.listdir() == ["a.pt"]


@pytest.mark.parametrize(
    ("value", "held"),
    [
        ([range(3)], "range"),
        (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
    ],
)
def test_objects_are_refused_by_their_name(value, held):
    assert said_of(value) == [f"error: a.pt holds {held}, which is not loaded: that would run code", HINT]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"logits": [[1]]}', "is not a file of torch.save, or is broken: Unsupported operand 123"),
        (b"\x80\x02", "is not a file of torch.save, or is broken: EOFError"),
    ],
)
def test_what_is_no_file_of_torch_is_refused(content, said):
    Path("a.pt").write_bytes(content)
    assert said_of() == [f"error: a.pt {said}", HINT]


def test_a_zip_that_torch_does_not_write_is_refused():
    np.savez("a.npz", logits=np.zeros(3))
    os.rename("a.npz", "a.pt")
    first, hint = said_of()
    assert first.startswith("error: a.pt is not a file of torch.save, or is broken: ")
    assert hint == HINT
    np.savez_compressed("a.npz", logits=np.zeros(3))
    os.rename("a.npz", "a.pt")
    assert said_of() == ["error: a.pt is a compressed zip, which torch.save does not write", HINT]


def test_a_pickle_that_names_the_wrong_record_is_refused():
    torch.save({"logits": torch.zeros(100), "labels": torch.zeros(10)}, "right.pt")
    with zipfile.ZipFile("right.pt") as right, zipfile.ZipFile("a.pt", "w") as wrong:
        for name in right.namelist():
            wrong.writestr(name, right.read(name))
    content = Path("a.pt").read_bytes()
    at = content.index(b"X\1\0\0\0000")  # the key of the first record
    Path("a.pt").write_bytes(content[: at + 5] + b"1" + content[at + 6 :])
    first, _ = said_of()
    assert first.startswith("error: a.pt is not a file of torch.save, or is broken: record size (40 bytes)")


def test_without_torch_it_is_one_line(monkeypatch):
    torch.save(SIX, "a.pt")
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert said_of() == [
        "error: a.pt can only be read with torch, which is not installed",
        "hint: pip install torch, or save it where torch is with numpy.savez",
    ]
