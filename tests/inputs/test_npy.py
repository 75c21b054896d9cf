"""`.npy` headers: what is read although numpy does not write it, and what is refused word for word."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy

from tests.inputs.arrays import stored_in, whole
from wce_cli.errors import WceError
from wce_cli.inputs.npy import read_npy

AGAIN = "hint: save it again: numpy.save of one array"
SAVE = "hint: save it with numpy.save"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def raw(header: str, numbers: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    text = header.encode("latin-1")
    size = (len(text) if length is None else length).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + numbers


def said_of(content: bytes) -> list[str]:
    Path("a.npy").write_bytes(content)
    with pytest.raises(WceError) as caught:
        read_npy("a.npy")
    return caught.value.lines()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_is_read(version):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    with open("a.npy", "wb") as file:
        npy.write_array(file, array, version)
    np.testing.assert_array_equal(whole(stored_in("a.npy")), array)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }\n",
        "{'shape':(2,1),'fortran_order':False,'descr':'<i2'}",
        '{"descr": "<i2", "fortran_order": False, "shape": (2L, 1L)}          \n',
        "{ 'fortran_order' : False , 'descr' : 'i2' , 'shape' : ( 2 , 1 , ) , }",
        "{'descr': '=i2', 'fortran_order': False, 'shape': (2, 1)}",
    ],
)
def test_headers_of_other_writers_are_read(header):
    Path("a.npy").write_bytes(raw(header, b"\1\0\2\0"))
    assert whole(stored_in("a.npy")).tolist() == [[1], [2]]


def test_a_single_number_is_an_array_without_axes():
    np.save("a.npy", np.float64(1.5))
    assert whole(stored_in("a.npy")) == 1.5


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b'{"logits": [[1]]}',
            [
                "error: a.npy is not a .npy array: it begins with b'{\"logi', not b'\\x93NUMPY'",
                "hint: it begins like a .json file: name it so",
            ],
        ),
        (
            b"PK\x03\x04....",
            [
                "error: a.npy is not a .npy array: it begins with b'PK\\x03\\x04..', not b'\\x93NUMPY'",
                "hint: it begins like a .npz file: name it so",
            ],
        ),
        (
            pickle.dumps([1.0]),
            [
                "error: a.npy is a pickle, which is not loaded: that would run code",
                "hint: save numbers: numpy.save(path, numpy.asarray(values, dtype=numpy.float64))",
            ],
        ),
        (
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
            [
                "error: a.npy is not a .npy array: it begins with b'\\x80\\x02\\x8a\\nl\\xfc', not b'\\x93NUMPY'",
                "hint: it begins like a .pt file: name it so",
            ],
        ),
        (
            b"0.1 0.9\n",
            ["error: a.npy is not a .npy array: it begins with b'0.1 0.', not b'\\x93NUMPY'", SAVE],
        ),
        (b"\x93NU", ["error: a.npy is cut off in its header: it has 3 bytes"]),
        (raw(GOOD)[:9], ["error: a.npy is cut off in its header: it has 9 bytes"]),
        (raw(GOOD)[:40], ["error: a.npy is cut off in its header of 69 bytes: it has 40 bytes"]),
        (
            raw("", version=2, length=4294967295),
            ["error: a.npy is cut off in its header of 4294967307 bytes: it has 12 bytes"],
        ),
        (
            raw(" " * 20_000),
            ["error: a.npy has a header of 20010 bytes, more than any array of numbers needs"],
        ),
        (raw(GOOD, version=4), ["error: a.npy is version 4 of the .npy format, expected 1, 2 or 3"]),
        (
            raw(GOOD, bytes(23)),
            ["error: a.npy is cut off: (2, 3) float32 is 24 bytes, and 23 follow the header", AGAIN],
        ),
        (
            raw(GOOD, bytes(48)),
            ["error: a.npy does not fit its header: (2, 3) float32 is 24 bytes, and 48 follow the header", AGAIN],
        ),
        (
            raw(GOOD.replace("(2, 3)", "(1000000, 1000000)"), bytes(24)),
            [
                "error: a.npy is cut off: (1000000, 1000000) float32 is 4000000000000 bytes, and 24 follow the header",
                AGAIN,
            ],
        ),
        (
            raw(GOOD.replace("<f4", "<f8"), bytes(24)),
            ["error: a.npy is cut off: (2, 3) float64 is 48 bytes, and 24 follow the header", AGAIN],
        ),
        (
            raw(GOOD.replace("(2, 3)", "(0, 9999999999999999999)")),
            ["error: a.npy says it has shape (0, 9999999999999999999): no array is that large"],
        ),
        (
            raw(GOOD.replace("(2, 3)", f"({'1, ' * 70})"), bytes(4)),
            ["error: a.npy says it has 70 axes: no array is that large"],
        ),
        *(
            (raw(header, bytes(24)), [f"error: a.npy has a header that is not numpy's: {header.strip()[:60]!r}"])
            for header in (
                GOOD.replace("(2, 3)", "(6)"),
                GOOD.replace("(2, 3)", "(-2, -3)"),
                GOOD.replace("(2, 3)", "(2.0, 3)"),
                GOOD.replace("(2, 3)", "(99999999999999999999999, 3)"),
                GOOD.replace("(2, 3)", "[2, 3]"),
                GOOD.replace("(2, 3)", "__import__('os').system('touch pwned')"),
                GOOD.replace("(2, 3)", "'2, 3'"),
                GOOD.replace("False", "0"),
                GOOD.replace("'<f4'", "(2, 3)"),
                GOOD.replace("}", "'descr': '<f8'}"),
                GOOD.replace("}", "'more': 1}"),
                GOOD.replace(", 'shape': (2, 3), ", ""),
                GOOD.replace("'fortran_order': False, ", ""),
                GOOD.replace("'descr': '<f4', ", ""),
                GOOD.replace("False", "''"),
                GOOD[:-1],
                GOOD[1:],
                "",
                "{}",
            )
        ),
    ],
)
def test_what_is_no_array_is_refused(content, said):
    assert said_of(content) == said
    assert os.listdir() == ["a.npy"]


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array(["cat", "dog"]), "has dtype '<U3' (text)"),
        (np.array([b"cat"]), "has dtype '|S3' (text)"),
        (np.zeros(2, complex), "has dtype '<c16' (complex numbers)"),
        (np.zeros(2, np.longdouble), f"has dtype '{np.dtype(np.longdouble).str}'"),
        (np.zeros(2, "M8[s]"), "has dtype '<M8[s]' (dates)"),
        (np.zeros(2, "m8[s]"), "has dtype '<m8[s]' (durations)"),
        (np.zeros(2, "V3"), "has dtype '|V3'"),
    ],
)
def test_an_array_of_something_else_than_numbers_is_refused(array, said):
    np.save("b.npy", array)
    expected = "expected floats or integers of 8 to 64 bits, or bools"
    hint = ["hint: save class indices, or give the names as text: --labels cat,dog or a .csv"]
    assert said_of(Path("b.npy").read_bytes()) == [f"error: a.npy {said}, {expected}"] + hint * ("text" in said)


def test_records_are_refused():
    np.save("b.npy", np.zeros(2, [("x", "f4"), ("y", "f4")]))
    said = ["error: a.npy holds records of several fields, expected numbers"]
    assert said_of(Path("b.npy").read_bytes()) == said


class Touch:
    """Unpickling this makes a file."""

    def __reduce__(self):
        return os.system, ("touch pwned",)


def test_python_objects_are_refused_and_not_loaded():
    np.save("b.npy", np.array([Touch(), 1], object), allow_pickle=True)
    assert said_of(Path("b.npy").read_bytes()) == [
        "error: a.npy holds Python objects, which are not loaded: that would run code",
        "hint: save numbers: numpy.save(path, numpy.asarray(values, dtype=numpy.float64))",
    ]
    assert not Path("pwned").exists()
    np.load("b.npy", allow_pickle=True)
    assert Path("pwned").exists()  # the payload was one
