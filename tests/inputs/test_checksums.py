"""The checksum of a member that is not packed: looked at in the pass, whoever reads which part of it, and read once."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_saved_totals import torchrun
from tests.run import run
from wce_cli.batches.batch import Batch
from wce_cli.errors import WceError
from wce_cli.inputs import read_arrays
from wce_cli.inputs.checksums import CheckedMember, behind
from wce_cli.inputs.file import File
from wce_cli.inputs.zipped import members
from wce_cli.passes.one_pass import one_pass
from wce_cli.processes import pool

BROKEN = "is broken: its checksum is another one"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def flip(path: str, member: str, where: float) -> None:
    """Turn one bit of a member's array, at a part of its length."""
    with zipfile.ZipFile(path) as file:
        found = file.getinfo(f"{member}.npy")
        content = bytearray(Path(path).read_bytes())
    begin = content.index(b"\x93NUMPY", found.header_offset)
    content[begin + 128 + int(where * (found.file_size - 129))] ^= 4
    Path(path).write_bytes(content)


def batch(rng: np.random.Generator, kind: str = "rows") -> dict[str, np.ndarray]:
    """Some rows, in C or Fortran order, or images that a group's end may cut, small or too large to be read whole."""
    if kind in ("rows", "fortran"):
        x = rng.normal(size=(2_500_000, 4)).astype(np.float32)
        return {"logits": np.asfortranarray(x) if kind == "fortran" else x, "labels": rng.integers(4, size=len(x))}
    shape = (500, 4, 70, 71) if kind == "images" else (3, 9, 600, 610)
    labels = rng.integers(4, size=(shape[0], *shape[2:])).astype(np.int8)
    return {"logits": rng.normal(size=shape).astype(np.float32), "labels": labels}


COMMANDS = {
    "explain": ("explain", "a.npz", "--engine", "none"),
    "explain with torch": ("explain", "a.npz"),
    "split": ("split", "a.npz", "--size", "3"),
    "gradient": ("gradient", "a.npz"),
    "sweep": ("sweep", "a.npz", "--class", "0"),
    "smoothing": ("sweep", "a.npz", "--smoothing"),
    "identify": ("identify", "1.25", "a.npz"),
    "losses": ("identify", "--loss-values", "1 2 3 4 5 6 7", "a.npz"),
    "gradients": ("identify", "--gradient-values", "1 " * 35, "a.npz"),
    "check": ("check", "a.npz", "--expect", "batch-mean=1.25"),
    "totals": ("explain", "a.npz", "--totals-out", "part.json", "--engine", "none"),
    "parts": ("explain", "a.npz", "b.npz", "--engine", "none"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_one_bit_of_any_array_is_found_by_every_command(command):
    rng = np.random.default_rng(0)
    given = {
        "logits": rng.normal(size=(7, 5)).astype(np.float32),
        "labels": rng.integers(5, size=7),
        "weight": rng.uniform(0.5, 2, 5),
        "sample_weight": rng.uniform(0.5, 2, 7),
    }
    np.savez("b.npz", **given)
    for member in given:
        np.savez("a.npz", **given)
        assert run(*command).code in (0, 1)
        for where in (0, 0.5, 1):
            np.savez("a.npz", **given)
            flip("a.npz", member, where)
            ran = run(*command)
            assert (ran.code, ran.err.splitlines()[-2:]) == (
                2,
                [f"error: a.npz:{member} {BROKEN}", "hint: save or copy the file again"],
            ), (member, where)
            if command[0] != "check":
                assert ran.out == ""


@pytest.mark.parametrize("name", ["--weight", "--labels", "--logits", "--sample-weight"])
def test_one_bit_of_a_member_that_an_option_names_is_found(name):
    field = name[2:].replace("-", "_")
    given = {"logits": np.eye(3), "labels": np.arange(3), "weight": np.ones(3), "sample_weight": np.ones(3)}
    np.savez("a.npz", **given)
    np.savez("other.npz", mine=given[field])
    rest = ["a.npz"] if field != "logits" else ["--labels", "0,1,2"]
    assert run("explain", *rest, name, "other.npz:mine", "--engine", "none").code == 0
    flip("other.npz", "mine", 0.9)
    ran = run("explain", *rest, name, "other.npz:mine", "--engine", "none")
    assert (ran.code, ran.out) == (2, "")
    assert f"error: other.npz:mine {BROKEN}\n" in ran.err


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("forks", [True, False], ids=["processes", "threads"])
@pytest.mark.parametrize("kind", ["rows", "fortran", "images", "large images"])
def test_workers_look_at_the_checksum_together_and_read_each_byte_once(kind, forks, count, monkeypatch):
    monkeypatch.setattr(pool, "may_fork", lambda: forks)
    given = batch(np.random.default_rng(1), kind)
    np.savez("a.npz", **given)
    again: list[int] = []
    crc_of = CheckedMember._crc

    def counted(self: CheckedMember, start: int, stop: int, crc: int = 0) -> int:
        again.append(stop - start)
        return crc_of(self, start, stop, crc)

    monkeypatch.setattr(CheckedMember, "_crc", counted)

    def walk() -> None:
        stored = read_arrays("a.npz")
        one_pass(Batch.build(logits=stored["logits"], labels=stored["labels"]), workers=count)

    walk()
    assert sum(again) < 0.002 * os.path.getsize("a.npz")
    flip("a.npz", "logits", 0.3)
    with pytest.raises(WceError, match="logits is broken: its checksum is another one"):
        walk()


def test_any_ranges_in_any_order_from_any_readers_have_the_checksum_of_the_whole():
    rng = np.random.default_rng(2)
    np.savez("a.npz", a=rng.integers(256, size=40_000, dtype=np.uint8))
    file = File("a.npz", "a .npz file")
    (member,) = members(file)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        readers = [CheckedMember(file, member, "a") for _ in range(rng.integers(1, 4))]
        for _ in range(rng.integers(0, 40)):
            start, stop = sorted(rng.integers(0, member.size + 1, 2).tolist())
            readers[rng.integers(len(readers))].fill(start, memoryview(bytearray(stop - start)))
        first, *others = readers
        for other in others:
            first.learn(other.ranges())
        first.prove()
        assert first.is_proved
    wrong = CheckedMember(file, members(file)[0], "a")
    wrong.learn([[100, 300, 12345]])
    with pytest.raises(WceError, match="its checksum is another one"):
        wrong.prove()


def test_the_checksum_of_what_is_joined_is_zlibs():
    rng = np.random.default_rng(3)
    for n in (0, 1, 2, 255, 4096, 100_003):
        one, two = rng.bytes(77), rng.bytes(n)
        assert behind(zlib.crc32(one), n) ^ zlib.crc32(two) == zlib.crc32(one + two)


def test_a_shard_that_is_broken_is_named():
    given = {"logits": np.eye(3).repeat(5000, 0), "labels": np.arange(3).repeat(5000)}
    for k in range(4):
        np.savez(f"{k}.npz", **given)
    flip("2.npz", "logits", 0.5)
    ran = run("explain", "?.npz", "--engine", "none")
    assert (ran.code, ran.out) == (2, "")
    assert f"error: 2.npz:logits {BROKEN}\n" in ran.err


def test_ranks_look_at_the_checksum_together():
    rng = np.random.default_rng(4)
    np.savez("a.npz", logits=rng.normal(size=(40_000, 200)).astype("f4"), labels=rng.integers(200, size=40_000))
    assert torchrun(2, "-m", "wce_cli", "explain", "a.npz", "--engine", "none").returncode == 0
    flip("a.npz", "logits", 0.8)
    ran = torchrun(2, "-m", "wce_cli", "explain", "a.npz", "--engine", "none")
    assert ran.returncode != 0
    assert ran.stdout == ""
    assert ran.stderr.count(f"error: a.npz:logits {BROKEN}\n") == 1


def test_what_nobody_asks_for_may_be_broken():
    np.savez("a.npz", logits=np.eye(3), labels=np.arange(3), hidden=np.ones(99_999))
    flip("a.npz", "hidden", 0.5)
    assert run("explain", "a.npz", "--engine", "none").code == 0
