"""Files cut off or with wrong bytes: an error, or exactly what the format's own reader makes of the same bytes."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from numpy.typing import NDArray

from tests.inputs.arrays import WRITERS, whole
from wce_cli.errors import WceError
from wce_cli.inputs import read_arrays
from wce_cli.inputs.stored import chosen

LOGITS = np.arange(35, dtype=np.float32).reshape(7, 5) / 8
LABELS = np.arange(7, dtype=np.int64) % 5


def by_numpy(content: bytes, name: str) -> NDArray[Any]:
    found = np.load(io.BytesIO(content), allow_pickle=False)
    return found[name] if name else found


def by_safetensors(content: bytes, name: str) -> NDArray[Any]:
    return safetensors.torch.load(content)[name].numpy()


def by_torch(content: bytes, name: str) -> NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.load(io.BytesIO(content), weights_only=True)[name].numpy()


OWN_READERS: dict[str, Callable[[bytes, str], NDArray[Any]]] = {
    "npy": by_numpy,
    "npz": by_numpy,
    "npz-packed": by_numpy,
    "safetensors": by_safetensors,
    "torch": by_torch,
}


def written(fmt: str, folder: Path) -> tuple[Path, bytes]:
    name, write = WRITERS[fmt]
    write(folder / name, {"logits": LOGITS} if fmt == "npy" else {"logits": LOGITS, "labels": LABELS})
    return folder / name, (folder / name).read_bytes()


def outcome(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays that can be read; what cannot be read is a WceError, and a Problem where it is one of several."""
    found = {}
    with contextlib.suppress(WceError):
        for name, member in read_arrays(str(path)).items():
            with contextlib.suppress(WceError):
                found[name] = whole(chosen({name: member}, name, "a"))
    return found


@pytest.mark.parametrize("fmt", WRITERS)
def test_a_file_cut_off_anywhere_is_an_error(fmt, tmp_path):
    path, content = written(fmt, tmp_path)
    assert len(outcome(path)) == (1 if fmt == "npy" else 2)
    for end in range(0, len(content), 1 if fmt != "torch" else 7):
        path.write_bytes(content[:end])
        with pytest.raises(WceError):
            read_arrays(str(path))


def known(array: NDArray[Any]) -> tuple[str, tuple[int, ...], bytes]:
    return array.dtype.name, array.shape, array.tobytes()


def saved(fmt: str, broken: bytes, content: bytes) -> list[tuple[str, tuple[int, ...], bytes]]:
    """The arrays, and of a format without checksums what now stands in their place."""
    found = []
    for right in (LOGITS, LABELS):
        found.append(known(right))
        at = content.find(right.tobytes())
        if at >= 0 and fmt != "npz":
            found.append((*known(right)[:2], bytes(broken[at : at + right.nbytes])))
    return found


@pytest.mark.parametrize("fmt", WRITERS)
def test_wrong_bytes_give_an_error_or_what_the_formats_own_reader_gives(fmt, tmp_path):
    path, content = written(fmt, tmp_path)
    rng = np.random.default_rng(0)
    n_read = n_refused = 0
    for _ in range(600):
        broken = bytearray(content)
        for at in rng.integers(0, len(content), rng.integers(1, 4)):
            broken[at] ^= 1 << rng.integers(0, 8) if rng.random() < 0.7 else rng.integers(0, 256)
        path.write_bytes(broken)
        found = outcome(path)
        n_refused += not found
        n_read += bool(found)
        for name, array in found.items():
            if known(array) in saved(fmt, broken, content):
                continue  # the numbers that were saved, or what became of their bytes, perhaps by another name
            expected = OWN_READERS[fmt](bytes(broken), name)
            assert array.dtype == expected.dtype.newbyteorder("=")
            np.testing.assert_array_equal(array, expected)
    assert n_read > 20
    assert n_refused > 20
