"""Files with wrong bytes on the command line: an answer or a refusal of a few lines, whatever the bytes are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.run import run

LOGITS = np.arange(35, dtype=np.float32).reshape(7, 5) / 8
LABELS = np.arange(7) % 5
BATCH = {"logits": LOGITS, "labels": LABELS, "weight": np.ones(5)}
VARIANTS = 50

PIECES = (
    *(b"9" * 30, b"-1", b"0", b"NaN", b"e999", b"1e308", b"_", b"True", b"null", b"\\", b";", b"\t", b",", b"\n"),
    *(b"(", b")", b"[", b'{"', b'"', b"'", b"\0", b"\x80", b"\xff" * 8, b"PK\5\6", b"PK\1\2"),
)
"""What means something to one format or another."""


def save_safetensors(path: str) -> None:
    pytest.importorskip("safetensors.numpy").save_file(BATCH, path)


def save_torch(path: str, **how: bool) -> None:
    torch = pytest.importorskip("torch")
    torch.save({name: torch.from_numpy(array) for name, array in BATCH.items()}, path, **how)


def save_items(path: str) -> None:
    torch = pytest.importorskip("torch")
    parts = [(LOGITS[:3], LABELS[:3]), (LOGITS[3:], LABELS[3:])]
    torch.save([{"logits": torch.from_numpy(x), "labels": y.tolist()} for x, y in parts], path)


def save_table(path: str) -> None:
    rows = [f'{n},{x[0]},{x[1]},"{x[2]}",{x[3]}e0,1,{("cat", "dog", "e")[n % 3]}\n' for n, x in enumerate(LOGITS)]
    Path(path).write_text('"",cat,dog,"b,d",e,sample_weight,label\n' + "".join(rows), "utf-8")


def save_json(path: str) -> None:
    named = {"logits": [[1, 2]], "labels": ["a"], "classes": ["a", "b"]}
    Path(path).write_text(json.dumps([{name: array.tolist() for name, array in BATCH.items()}, named]), "utf-8")


def save_lines(path: str) -> None:
    lines = [{"logits": LOGITS[n : n + 2].tolist(), "labels": LABELS[n : n + 2].tolist()} for n in (0, 2, 4)]
    Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


WRITERS: dict[str, Callable[[str], None]] = {
    "x.npy": lambda path: np.save(path, LOGITS),
    "a.npz": lambda path: np.savez(path, **BATCH),
    "packed.npz": lambda path: np.savez_compressed(path, **BATCH),
    "a.safetensors": save_safetensors,
    "a.pt": save_torch,
    "old.pt": lambda path: save_torch(path, _use_new_zipfile_serialization=False),
    "items.pt": save_items,
    "a.csv": save_table,
    "a.json": save_json,
    "a.ndjson": save_lines,
}


def broken(content: bytes, rng: np.random.Generator) -> bytes:
    """The content after a few accidents: bits and bytes that are others, what is cut, doubled, moved or put between."""
    found = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at, n = int(rng.integers(0, len(found) + 1)), int(rng.integers(1, 9))
        match int(rng.integers(0, 6)):
            case 0 if at < len(found):
                found[at] ^= 1 << int(rng.integers(0, 8))
            case 1:
                del found[at : at + n]
            case 2:
                found[at:at] = rng.bytes(n)
            case 3:
                found[at:at] = PIECES[int(rng.integers(len(PIECES)))]
            case 4:
                source = int(rng.integers(0, len(found) + 1))
                found[at : at + n] = found[source : source + n]
            case 5 if rng.random() < 0.3:
                del found[at:]
    return bytes(found)


@pytest.mark.filterwarnings("ignore")  # torch's, about old files
@pytest.mark.parametrize("name", WRITERS)
def test_any_bytes_are_an_answer_or_a_refusal(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    WRITERS[name](name)
    np.save("y.npy", LABELS)
    content = Path(name).read_bytes()
    arguments = ["--logits", name, "--labels", "y.npy"] if name == "x.npy" else [name]
    assert run("explain", *arguments, "--engine", "none").code == 0
    codes = []
    for seed in range(VARIANTS):
        Path(name).write_bytes(broken(content, np.random.default_rng(seed)))
        ran = run("explain", *arguments, "--engine", "none", "--format", "json")
        codes.append(ran.code)
        assert ran.code in (0, 2), (seed, ran.err)
        if ran.code == 2:
            assert ran.out == "", seed
            assert any(line.startswith("error: ") for line in ran.err.splitlines()), seed
            assert ran.err.count("\n") <= 12, (seed, ran.err)
            assert max(map(len, ran.err.splitlines())) < 600, (seed, ran.err)
    assert 2 in codes
