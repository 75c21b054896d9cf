"""A tensor on another device, as a GPU, read as a file is: some rows at a time, in its own dtype."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.arrays import NUMPY_FLOATS, to_array

WORTH_CHUNKS = 1 << 20
"""Numbers from which a tensor is not copied to this machine's memory as a whole."""


class DeviceTensor(Struct, frozen=True):
    """The numbers of a tensor where they are."""

    field: str
    flat: Any
    """The tensor with one axis, over the same memory."""
    shape: tuple[int, ...]
    dtype: str
    fortran: bool = False
    sequential: bool = False

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The numbers `start` up to `stop`, in C order, copied to this machine; bfloat16 as its bits."""
        return to_array(self.field, self.flat[start:stop])[0]


def where_it_is(field: str, value: Any) -> Any:
    """The value, a large tensor on another device as a `DeviceTensor`: scores and probability labels are; labels that
    are whole numbers are few, and what has other strides has to be copied as a whole.
    """
    if not (hasattr(value, "detach") and _is_elsewhere(value)):
        return value
    dtype = str(value.dtype).rsplit(".", 1)[-1]
    if dtype not in (*NUMPY_FLOATS, "bfloat16") or value.numel() < WORTH_CHUNKS or not value.is_contiguous():
        return value
    return DeviceTensor(field, value.detach().view(-1), tuple(value.shape), dtype)


def _is_elsewhere(tensor: Any) -> bool:
    """Whether a tensor with numbers (which one on the meta device has not) is in another memory than this process's."""
    return str(tensor.device.type) not in ("cpu", "meta")
