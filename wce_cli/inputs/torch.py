"""What `torch.save` wrote: a tensor, or dicts and lists of tensors, mapped into memory and read in parts.

torch loads with `weights_only=True`, so nothing in the file is executed; here its zip is looked over before, and
what is not a plain tensor after. This module imports torch, inside the function.
"""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.errors import Problem, WceError, as_written
from wce_cli.inputs.file import File
from wce_cli.inputs.stored import DTYPES, NATIVE_BIG, StoredArray, place
from wce_cli.inputs.zipped import STORED, members

if TYPE_CHECKING:
    import torch

ZIP = b"PK\3\4"
"""How files begin since torch 1.6; older ones are loaded whole."""
DEEPEST_NESTING = 32
MOST_VALUES = 100_000
"""A pickle may hold itself, or the same list a thousand times: it is walked no further than this."""

NOT_ALLOWED = re.compile(r"\bGLOBAL ([\w.]+)")
UNPICKLER = "WeightsUnpickler error:"
SAVE_PLAINLY = "save tensors only: torch.save({'logits': logits, 'labels': labels}, path)"
SAVE_INSTEAD = (
    (
        r"transformers\.modeling\w*\.\w+",
        "save its tensors: torch.save({'logits': outputs.logits, 'labels': labels}, path)",
    ),
    (
        r"transformers\.trainer\w*\.\w+",
        "save its arrays: numpy.savez('run.npz', predictions=p.predictions, label_ids=p.label_ids)",
    ),
    (r"numpy\..*", "save arrays with numpy: numpy.savez('run.npz', logits=logits, labels=labels)"),
)
"""By what a pickle holds: how to save the same without it."""


class Mapped(Struct, frozen=True):
    """The numbers of a tensor, which torch mapped or loaded."""

    file: File
    numbers: NDArray[Any]
    """In any strides; those of a transposed tensor are read through them, never copied whole."""

    def fill(self, offset: int, buffer: memoryview) -> None:
        """Copy bytes from `offset` on. Raises WceError if the file changed: a map of what is gone kills the process."""
        self.file.unchanged()
        start = offset // self.numbers.itemsize
        block = np.frombuffer(buffer, self.numbers.dtype)
        flat = self.numbers.reshape(-1) if self.numbers.flags.c_contiguous else self.numbers.flat
        block[:] = flat[start : start + len(block)]


def read_torch(path: str) -> dict[str, StoredArray | Problem]:
    """The tensors of a file by key, those in nested dicts and lists by dotted keys; one alone by the empty name.

    Raises WceError if torch is not installed, or does not load the file with `weights_only=True`.
    """
    file = File(path, "a file of torch.save")
    loaded = _load(path, _can_be_mapped(file))
    found: dict[str, StoredArray | Problem] = {}
    for name, value in _leaves(loaded, path):
        if name in found:
            raise WceError(Problem(f"{path} has two values named {name!r}", SAVE_PLAINLY))
        found[name] = _member(file, name, value)
    alone = found.get("")
    if isinstance(alone, Problem):
        raise WceError(alone)
    return found


def _can_be_mapped(file: File) -> bool:
    """Whether the numbers may be read from a map of the file. Raises WceError for a zip that torch does not write.

    torch holds the sizes of the records against those in the pickle only where it loads a file whole; so a pickle
    that is not what was saved is left to that.
    """
    if file.head(len(ZIP)) != ZIP:
        return False
    records = members(file)
    if any(record.name.endswith("/constants.pkl") for record in records):
        raise WceError(
            Problem(f"{file.path} is an archive of TorchScript: a model, not what it returned", SAVE_PLAINLY)
        )
    if any(record.method != STORED or record.encrypted or record.packed != record.size for record in records):
        raise WceError(Problem(f"{file.path} is a compressed zip, which torch.save does not write", SAVE_PLAINLY))
    pickles = [record for record in records if record.name.endswith(".pkl")]
    return all(zlib.crc32(file.head(record.size, record.offset)) == record.crc for record in pickles)


def _load(path: str, mapped: bool) -> Any:
    try:
        import torch
    except ImportError as error:
        hint = "pip install torch, or save it where torch is with numpy.savez"
        raise WceError(Problem(f"{path} can only be read with torch, which is not installed", hint)) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about formats; what matters is an error
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # whatever a broken file makes torch raise
        raise WceError(_refusal(path, error)) from error


def _refusal(path: str, error: Exception) -> Problem:
    """torch's reason in one line; its own advice, to load the file without the check, is left out."""
    refused = NOT_ALLOWED.search(str(error))
    if refused:
        hint = next((hint for name, hint in SAVE_INSTEAD if re.fullmatch(name, refused[1])), SAVE_PLAINLY)
        return Problem(f"{path} holds {refused[1]}, which is not loaded: that would run code", hint)
    reason = str(error).rpartition(UNPICKLER)[2].strip() or type(error).__name__
    return Problem(f"{path} is not a file of torch.save, or is broken: {reason.splitlines()[0][:120]}", SAVE_PLAINLY)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value that is no dict or list, with its dotted key, in order; numbers and lists of them as tensors."""
    pending = [("", value, 0)]
    lists: dict[int, Any] = {}  # the same list may be there a thousand times
    seen = 0
    while pending:
        name, value, depth = pending.pop()
        seen += 1
        if seen > MOST_VALUES or len(pending) > MOST_VALUES:
            raise WceError(Problem(f"{path} holds more than {MOST_VALUES} values", SAVE_PLAINLY))
        if isinstance(value, (list, tuple)):
            if id(value) not in lists:
                lists[id(value)] = _as_tensor(value) if _is_numbers(value) else value
            value = lists[id(value)]
        elif name and type(value) in (int, float, bool):
            value = _as_tensor(value)
        if not isinstance(value, (Mapping, list, tuple)):
            yield name, value
            continue
        if depth == DEEPEST_NESTING:
            raise WceError(Problem(f"{path} is nested more than {DEEPEST_NESTING} deep", SAVE_PLAINLY))
        items = list(value.items() if isinstance(value, Mapping) else enumerate(value))
        pending += [(f"{name}.{key}" if name else str(key), item, depth + 1) for key, item in reversed(items)]


def _is_numbers(value: Any) -> bool:
    """Whether a value is a list of plain numbers, as `labels.tolist()`: one array, not so many members."""
    return isinstance(value, (list, tuple)) and bool(value) and {type(item) for item in value} <= {int, float}


def _as_tensor(value: Any) -> Any:
    """Python's numbers, or True and False, as a tensor that holds them exactly; what it cannot hold is left."""
    import torch

    if isinstance(value, bool):
        return torch.tensor(value)
    kinds = {type(item) for item in value} if isinstance(value, (list, tuple)) else {type(value)}
    try:
        return torch.tensor(value, dtype=torch.float64 if float in kinds else torch.int64)
    except (OverflowError, RuntimeError):
        return value


def _member(file: File, name: str, value: Any) -> StoredArray | Problem:
    import torch

    shown = place(file.path, name)
    if not isinstance(value, torch.Tensor):
        return Problem(f"{shown} is {_kind(value)}, expected a tensor", SAVE_PLAINLY)
    dtype = str(value.dtype).removeprefix("torch.")
    if value.device.type != "cpu":
        return Problem(f"{shown} was saved without its numbers (device {value.device.type})")
    if value.layout is not torch.strided or dtype not in DTYPES:
        layout = "" if value.layout is torch.strided else str(value.layout).removeprefix("torch.") + " "
        return Problem(f"{shown} is a {layout}tensor of {dtype}, expected a plain one of floats, integers or bools")
    if value.numel() * value.itemsize > value.untyped_storage().nbytes():
        return Problem(f"{shown} repeats its numbers (an expanded view)", "save x.contiguous()")
    return _stored(file, name, shown, value.detach(), dtype)


def _stored(file: File, name: str, shown: str, tensor: torch.Tensor, dtype: str) -> StoredArray:
    import torch

    plain = tensor.resolve_neg()
    numbers = (plain.view(torch.int16) if dtype == "bfloat16" else plain).numpy()
    numbers = numbers.view(DTYPES[dtype])
    fortran = numbers.flags.f_contiguous and not numbers.flags.c_contiguous
    fill = Mapped(file, numbers.T if fortran else numbers).fill
    return StoredArray(name, shown, tuple(tensor.shape), dtype, fill, big_endian=NATIVE_BIG, fortran=fortran)


def _kind(value: Any) -> str:
    return as_written(value) if value is None or isinstance(value, (bool, int, float, str)) else type(value).__name__
