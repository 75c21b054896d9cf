"""`.npz` files: what a zip may be, what its members may claim, and that no more than a block of one is in memory."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.inputs.arrays import stored_in, whole
from tests.inputs.test_npy import Touch
from tests.run import run
from wce_cli.errors import WceError
from wce_cli.inputs import read_arrays, zipped
from wce_cli.inputs.stored import chosen

AGAIN = "hint: save or copy the file again"
SAVE = "hint: save it again with numpy.savez or numpy.savez_compressed"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def npy_bytes(array: object) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


ONES = npy_bytes(np.ones(3, np.float32))


def write(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile("a.npz", "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return Path("a.npz").read_bytes()


def patched(content: bytes, field: str, value: int, headers: tuple[str, ...] = ("local", "directory")) -> None:
    """Write a.npz with another value in the headers of its first member."""
    fields = {"flags": ("<H", 6, 8), "method": ("<H", 8, 10), "crc": ("<I", 14, 16), "size": ("<I", 22, 24)}
    kind, in_local, in_directory = fields[field]
    changed = bytearray(content)
    if "local" in headers:
        struct.pack_into(kind, changed, in_local, value)
    if "directory" in headers:
        struct.pack_into(kind, changed, content.index(b"PK\1\2") + in_directory, value)
    Path("a.npz").write_bytes(changed)


def said_of(name: str = "") -> list[str]:
    with pytest.raises(WceError) as caught:
        whole(chosen(read_arrays("a.npz"), name, "a.npz"))
    return caught.value.lines()


def test_what_is_no_array_is_left_out():
    write({"README.txt": b"hello", "logits.npy": ONES, "more/": b""})
    assert list(read_arrays("a.npz")) == ["logits"]
    write({"README.txt": b"hello"})
    assert said_of() == ["error: a.npz holds no arrays"]
    write({})
    assert said_of() == ["error: a.npz holds no arrays"]


def test_names_in_folders_and_in_any_script_are_names():
    write({"val/logits.npy": ONES, "étiquettes.npy": ONES, "a..b.npy": ONES})
    assert list(read_arrays("a.npz")) == ["val/logits", "étiquettes", "a..b"]


def test_zip64_data_descriptors_and_comments_are_read():
    class Pipe(io.RawIOBase):
        """What cannot be sought in: sizes come after the bytes, in a descriptor."""

        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            self.content += bytes(piece)  # type: ignore[call-overload]
            return len(bytes(piece))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
        file.comment = b"PK\5\6 is how the end begins"
        with file.open("logits.npy", "w", force_zip64=True) as member:
            member.write(ONES)
    Path("a.npz").write_bytes(pipe.content)
    assert whole(stored_in("a.npz")).tolist() == [1, 1, 1]


def test_a_directory_of_64_bits_is_read(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    content = write({"logits.npy": ONES, "labels.npy": ONES})
    assert b"PK\6\6" in content
    assert whole(stored_in("a.npz", "labels")).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "name", ["../x.npy", "/x.npy", "a/../x.npy", "C:x.npy", "a\\x.npy", "a\0.npy", "a\n.npy", "./x.npy"]
)
def test_a_name_that_is_a_path_is_refused(name):
    with zipfile.ZipFile("a.npz", "w") as file:
        info = zipfile.ZipInfo("x.npy")
        info.filename = name  # as it is: ZipInfo cuts names at a NUL
        file.writestr(info, ONES)
    assert said_of() == [f"error: a.npz has a member named {name!r}, which is a path, not a name"]


def test_a_name_that_is_there_twice_is_refused():
    with zipfile.ZipFile("a.npz", "w") as file:
        file.writestr("logits.npy", ONES)
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("logits.npy", npy_bytes(np.zeros(3)))
    assert said_of() == ["error: a.npz has two members named 'logits.npy'"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"logits": [[1]]}', "is not a zip: it begins with b'{\"logi', not b'PK'"),
        (ONES, "is not a zip: it begins with b'\\x93NUMPY', not b'PK'"),
        (b"PK\x03\x04" + bytes(100), "is cut off, or is no zip: the directory at its end is missing"),
        (bytes(100_000), "is cut off, or is no zip: the directory at its end is missing"),
        (b"PK\5\6" + bytes(14), "is cut off, or is no zip: the directory at its end is missing"),
        (
            struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 4000, 0),
            "is broken: its directory is not where it should be",
        ),
        (
            bytes(46) + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0),
            "is broken: byte 0 of its directory begins no member",
        ),
        (
            struct.pack("<4sLQL", b"PK\6\7", 0, 1 << 60, 1) + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0),
            "is broken: its directory is said to end at byte 1152921504606846976",
        ),
        (
            bytes(56)
            + struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
            + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0),
            "is broken: its zip64 directory is not where it should be",
        ),
    ],
)
def test_what_is_no_zip_is_refused(content, said):
    Path("a.npz").write_bytes(content)
    assert said_of() == [f"error: a.npz {said}"]


def test_a_directory_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(zipped, "DIRECTORY_LIMIT", 100)
    write({"a.npy": ONES, "b.npy": ONES})
    assert said_of() == ["error: a.npz has a directory of 102 bytes, more than 100"]


def test_a_member_that_lies_over_another_one_is_refused():
    content = write({"a.npy": ONES, "b.npy": ONES})
    second = content.index(b"PK\1\2", content.index(b"PK\1\2") + 1)
    changed = bytearray(content)
    name_at = content.index(b"PK\3\4", 4) + 30
    struct.pack_into("<I", changed, second + 42, 0)  # b.npy stands where a.npy does
    Path("a.npz").write_bytes(changed)
    assert said_of() == ["error: a.npz is broken: its directory and the header of 'b.npy' disagree"]
    changed[name_at : name_at + 1] = b"a"
    changed[30:31] = b"b"
    struct.pack_into("<I", changed, content.index(b"PK\1\2") + 42, name_at - 30)
    struct.pack_into("<I", changed, second + 20, len(ONES) + 10)  # and is so long that it reaches into a.npy
    Path("a.npz").write_bytes(changed)
    assert said_of() == ["error: a.npz is broken: 'b.npy' reaches into 'a.npy'"]
    struct.pack_into("<I", changed, second + 20, len(ONES))
    struct.pack_into("<I", changed, content.index(b"PK\1\2") + 20, len(ONES) + 10)
    Path("a.npz").write_bytes(changed)
    assert said_of() == ["error: a.npz is broken: 'a.npy' reaches into 'the directory'"]


def test_a_member_that_is_not_where_it_should_be_is_refused():
    content = bytearray(write({"a.npy": ONES}))
    struct.pack_into("<I", content, content.index(b"PK\1\2") + 42, 7)
    Path("a.npz").write_bytes(content)
    assert said_of() == ["error: a.npz is broken: 'a.npy' is not where its directory says"]


def test_what_is_encrypted_or_packed_in_another_way_is_refused():
    content = write({"a.npy": ONES})
    patched(content, "flags", 1)
    assert said_of() == ["error: a.npz:a is encrypted", "hint: numpy writes none: save it again with numpy.savez"]
    write({"a.npy": ONES}, zipfile.ZIP_LZMA)
    assert said_of() == ["error: a.npz:a is compressed by method 14, expected 0 or 8 (deflate)", SAVE]
    patched(content, "method", 8, ("local",))
    assert said_of() == ["error: a.npz is broken: its directory and the header of 'a.npy' disagree"]


def test_a_member_that_cannot_be_read_is_refused_only_if_it_is_asked_for():
    np.savez("a.npz", logits=np.ones(3), names=np.array([Touch()], object), ids=np.array(["a"]))
    assert whole(stored_in("a.npz", "logits")).tolist() == [1, 1, 1]
    assert said_of("names") == [
        "error: a.npz:names holds Python objects, which are not loaded: that would run code",
        "hint: save numbers: numpy.save(path, numpy.asarray(values, dtype=numpy.float64))",
    ]
    assert said_of("ids") == [
        "error: a.npz:ids has dtype '<U1' (text), expected floats or integers of 8 to 64 bits, or bools",
        "hint: save class indices, or give the names as text: --labels cat,dog or a .csv",
    ]
    np.savez_compressed("a.npz", names=np.array([Touch()], object))
    assert said_of()[0] == "error: a.npz:names holds Python objects, which are not loaded: that would run code"
    assert os.listdir() == ["a.npz"]


HEAD = npy_bytes(np.zeros(1_000_000, np.uint8))[:128]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_that_is_not_as_large_as_its_array_is_refused(method):
    hint = "hint: save it again: numpy.save of one array"
    write({"a.npy": ONES + bytes(1_000_000)}, method)
    assert said_of() == [
        "error: a.npz:a does not fit its header: (3,) float32 is 12 bytes, and 1000012 follow the header",
        hint,
    ]
    write({"a.npy": HEAD + bytes(500_000)}, method)
    assert said_of() == [
        "error: a.npz:a is cut off: (1000000,) uint8 is 1000000 bytes, and 500000 follow the header",
        hint,
    ]
    write({"a.npy": b""}, method)
    assert said_of()[0] == "error: a.npz:a is cut off in its header: it has 0 bytes"


def test_a_stored_member_that_claims_another_size_than_it_has_is_refused():
    patched(write({"a.npy": ONES}), "size", 1 << 30)
    assert said_of() == [
        f"error: a.npz:a is broken: {len(ONES)} bytes stand there, and the zip says 1073741824",
    ]


def test_a_bomb_is_refused_by_what_it_claims():
    content = write({"a.npy": HEAD + bytes(1_000_000)}, zipfile.ZIP_DEFLATED)
    patched(content, "size", 1 << 31)
    packed = int.from_bytes(content[18:22], "little")
    assert said_of() == [
        f"error: a.npz:a is broken: {packed} bytes cannot inflate to the 2147483648 that the zip says",
    ]


def test_a_bomb_is_refused_by_what_it_inflates_to():
    claimed = len(HEAD) + 1_000_000
    patched(write({"a.npy": HEAD + bytes(50_000_000)}, zipfile.ZIP_DEFLATED), "size", claimed)
    tracemalloc.start()
    try:
        said = said_of()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert said == [
        f"error: a.npz:a is broken: it inflates to more than the {claimed} bytes that the zip says",
        AGAIN,
    ]
    assert peak < 4e6


def test_a_member_that_inflates_to_less_than_it_claims_is_refused():
    patched(write({"a.npy": HEAD + bytes(999_999)}, zipfile.ZIP_DEFLATED), "size", len(HEAD) + 1_000_000)
    assert said_of() == [
        f"error: a.npz:a is broken: it inflates to {len(HEAD) + 999_999} bytes, "
        f"and the zip says {len(HEAD) + 1_000_000}",
        AGAIN,
    ]


def test_a_checksum_that_is_another_one_is_found_at_the_end():
    patched(write({"a.npy": ONES}, zipfile.ZIP_DEFLATED), "crc", zlib.crc32(b"else"))
    assert said_of() == ["error: a.npz:a is broken: its checksum is another one", AGAIN]


def test_a_stream_that_is_none_or_ends_early_is_refused():
    numbers = npy_bytes(np.random.default_rng(0).normal(size=5000))
    content = bytearray(write({"a.npy": numbers}, zipfile.ZIP_DEFLATED))
    begin = 30 + len("a.npy")
    broken = bytearray(content)
    broken[begin] |= 0b110  # a kind of block that does not exist
    Path("a.npz").write_bytes(broken)
    assert said_of() == ["error: a.npz:a is broken: it is no deflate stream", AGAIN]
    packed = int.from_bytes(content[18:22], "little")
    half = packed // 2
    struct.pack_into("<I", content, 18, half)
    struct.pack_into("<I", content, content.index(b"PK\1\2") + 20, half)
    Path("a.npz").write_bytes(content)
    assert said_of() == [f"error: a.npz:a is broken: its {half} packed bytes end too early", AGAIN]
    assert said_of() == [f"error: a.npz:a is broken: its {half} packed bytes end too early", AGAIN]


def test_what_went_wrong_goes_wrong_again():
    np.savez_compressed("a.npz", a=np.random.default_rng(0).normal(size=100_000))
    patched(Path("a.npz").read_bytes(), "crc", 0)
    stored = stored_in("a.npz")
    for _ in range(2):
        stored.read(0, 99_999)
        with pytest.raises(WceError, match="its checksum is another one"):
            stored.read(99_999, 100_000)


def test_a_compressed_member_is_read_in_bounded_memory():
    zeros = np.zeros(50_000_000, np.float32)  # 200 MB, never touched: no memory
    zeros[-1] = 1
    np.savez_compressed("a.npz", logits=zeros)
    del zeros
    tracemalloc.start()
    try:
        stored = stored_in("a.npz")
        block = np.empty(1 << 20, np.float32)
        total = 0.0
        for start in range(0, stored.size, len(block)):
            part = block[: stored.size - start]
            stored.read_into(start, part)
            total += float(part.sum())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 1
    assert peak < block.nbytes + 2e6


@pytest.mark.parametrize("name", ["weight.npy", "weight", "weight.pkl", "weight.txt"])
def test_a_member_that_is_named_like_a_field_and_holds_no_array_is_not_left_out_without_a_word(name):
    """It would be a weight of 1."""
    content = b"1 2 3" if name.endswith("txt") else pickle.dumps([1.0, 2.0, 3.0])
    write({"logits.npy": npy_bytes(np.eye(3)), "labels.npy": npy_bytes(np.arange(3)), name: content})
    ran = run("explain", "a.npz", "--engine", "none")
    shown = name.removesuffix(".npy")
    said = "is not a .npy array: it begins with b'1 2 3'" if name.endswith("txt") else "is a pickle, which is not"
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: a.npz:{shown} {said}")
    assert run("explain", "a.npz", "--weight", "1,2,3", "--engine", "none").code == 0


def test_an_array_is_one_whatever_its_member_is_called():
    write({"logits.npy": npy_bytes(np.eye(3)), "labels.npy": npy_bytes(np.arange(3)), "weight": npy_bytes(np.ones(3))})
    assert list(read_arrays("a.npz")) == ["logits", "labels", "weight"]  # as numpy.load has it
    assert np.load("a.npz")["weight"].tolist() == whole(stored_in("a.npz", "weight")).tolist()
