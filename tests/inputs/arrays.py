"""Files of arrays in every format, as their own writers write them, and one reading of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from wce_cli.inputs import read_arrays
from wce_cli.inputs.stored import DTYPES, StoredArray, chosen

Arrays = Mapping[str, NDArray[Any]]


def random_array(dtype: str, shape: tuple[int, ...], seed: int = 0) -> NDArray[Any]:
    """An array as `Stored.read` gives it; random bits for bfloat16, among them NaN and infinities."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.startswith("float"):
        return rng.normal(size=shape).astype(dtype)
    limits = np.iinfo(DTYPES[dtype])
    return rng.integers(limits.min, limits.max, shape, dtype=DTYPES[dtype], endpoint=True)


def as_tensor(array: NDArray[Any], dtype: str) -> torch.Tensor:
    if dtype == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def as_numpy(array: NDArray[Any], dtype: str) -> NDArray[Any]:
    """The array as numpy saves it: bfloat16 as the two nameless bytes that it makes of ml_dtypes' type."""
    return array.view("V2") if dtype == "bfloat16" else array


def write_npy(path: Path, arrays: Arrays) -> None:
    (array,) = arrays.values()
    np.save(path, array)


def write_npz(path: Path, arrays: Arrays) -> None:
    np.savez(path, **arrays)


def write_packed(path: Path, arrays: Arrays) -> None:
    np.savez_compressed(path, **arrays)


def write_safetensors(path: Path, arrays: Arrays) -> None:
    safetensors.torch.save_file({name: torch.from_numpy(array) for name, array in arrays.items()}, path)


def write_torch(path: Path, arrays: Arrays) -> None:
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)


WRITERS: dict[str, tuple[str, Callable[[Path, Arrays], None]]] = {
    "npy": ("one.npy", write_npy),
    "npz": ("some.npz", write_npz),
    "npz-packed": ("packed.npz", write_packed),
    "safetensors": ("some.safetensors", write_safetensors),
    "torch": ("some.pt", write_torch),
}
"""A file name and a writer by format."""


def written(fmt: str, folder: Path, array: NDArray[Any]) -> Path:
    """The file of a format that holds an array, `logits` where arrays have names."""
    name, write = WRITERS[fmt]
    write(folder / name, {"logits": array})
    return folder / name


def stored_in(path: Path | str, name: str = "") -> StoredArray:
    return chosen(read_arrays(str(path)), name, str(path))


def whole(stored: StoredArray) -> NDArray[Any]:
    """All of it, in the shape that it has."""
    flat = stored.read(0, stored.size)
    return flat.reshape(stored.shape, order="F" if stored.fortran else "C")
