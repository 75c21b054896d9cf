"""`.safetensors` headers that cannot be trusted, each refused word for word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch

from tests.inputs.arrays import stored_in, whole
from wce_cli.errors import WceError
from wce_cli.inputs import read_arrays
from wce_cli.inputs.stored import chosen


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def raw(header: Any, numbers: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + numbers


def tensor(start: int, stop: int, shape: list[Any] | None = None, dtype: str = "F32") -> dict[str, Any]:
    shape = [(stop - start) // 4] if shape is None else shape
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def said_of(content: bytes, name: str = "") -> list[str]:
    Path("a.safetensors").write_bytes(content)
    with pytest.raises(WceError) as caught:
        chosen(read_arrays("a.safetensors"), name, "a.safetensors")
    return caught.value.lines()


def test_metadata_padding_and_tensors_in_any_order_are_read():
    header = json.dumps({"__metadata__": {"by": "x"}, "b": tensor(8, 16), "a": tensor(0, 8)}).encode()
    Path("a.safetensors").write_bytes(raw(header + b"   ", np.arange(4, dtype="<f4").tobytes()))
    assert list(read_arrays("a.safetensors")) == ["b", "a"]
    assert whole(stored_in("a.safetensors", "b")).tolist() == [2, 3]
    assert safetensors.torch.load_file("a.safetensors")["b"].tolist() == [2, 3]


BROKEN = "is not a .safetensors file, or is broken"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"1234567", "is cut off in its header: it has 7 bytes"),
        (
            raw(b"", length=(1 << 64) - 1),
            f"{BROKEN}: it claims a header of 18446744073709551615 bytes, more than the 100000000 of the format",
        ),
        (
            b'{"logits": [[1]]}',
            f"{BROKEN}: it claims a header of 8319390304632054395 bytes, more than the 100000000 of the format",
        ),
        (raw(b"{}", length=100_000_000), "is cut off in its header of 100000000 bytes: it has 10 bytes"),
        (raw({"a": tensor(0, 8)})[:30], "is cut off in its header of 61 bytes: it has 30 bytes"),
        (raw(b"{'a': 1}"), f"{BROKEN}: its header is no JSON"),
        (raw(b'{"a\xff": 1}'), f"{BROKEN}: its header is no JSON"),
        (raw(b'{"a": ' + b"9" * 5000 + b"}"), f"{BROKEN}: its header is no JSON"),
        (raw(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "has a header that is nested too deep"),
        (raw([]), f"{BROKEN}: its header is no JSON object"),
        (raw(b' {"a": 1}'), f"{BROKEN}: its header is no JSON object"),
        (raw(b'{"a": 1, "a": 2}'), 'has the name "a" twice in its header'),
        (raw(b'{"a": {"dtype": "F32", "dtype": "F64"}}'), 'has the name "dtype" twice in its header'),
    ],
)
def test_a_header_that_is_none_is_refused(content, said):
    assert said_of(content) == [f"error: a.safetensors {said}"]


@pytest.mark.parametrize(
    ("header", "n_bytes", "said"),
    [
        ({"a": 1}, 0, ":a is 1 in the header, expected dtype, shape and data_offsets"),
        (
            {"a": {"dtype": "F32", "shape": [2]}},
            8,
            ':a is {"dtype": "F32", "shape": [2]} in the header, expected dtype, shape and data_offsets',
        ),
        ({"a": tensor(0, 8, [2, -1])}, 8, ":a has shape [2, -1], expected whole numbers from 0 on"),
        ({"a": tensor(0, 8, [2.0])}, 8, ":a has shape [2.0], expected whole numbers from 0 on"),
        ({"a": tensor(0, 8, [True, 2])}, 8, ":a has shape [true, 2], expected whole numbers from 0 on"),
        ({"a": tensor(0, 8) | {"shape": 2}}, 8, ":a has shape 2, expected whole numbers from 0 on"),
        (
            {"a": tensor(0, 8) | {"data_offsets": [0]}},
            8,
            ":a has data_offsets [0], expected a start and an end",
        ),
        ({"a": tensor(8, 0, [2])}, 8, ":a has data_offsets [8, 0], expected a start and an end"),
        (
            {"a": tensor(0, 8, [3])},
            8,
            ":a does not fit its header: (3,) float32 is 12 bytes, and its offsets 0..8 hold 8",
        ),
        (
            {"a": tensor(0, 8, [2], "F64")},
            8,
            ":a does not fit its header: (2,) float64 is 16 bytes, and its offsets 0..8 hold 8",
        ),
        ({"a": tensor(0, 0, [0, 1 << 62])}, 0, ":a says it has shape (0, 4611686018427387904): no array is that large"),
        (
            {"a": tensor(0, 8), "b": tensor(4, 12)},
            12,
            ":b begins inside the tensor before it: its offset is 4, expected 8",
        ),
        (
            {"a": tensor(0, 8), "b": tensor(0, 8)},
            8,
            ":b begins inside the tensor before it: its offset is 0, expected 8",
        ),
        ({"a": tensor(0, 8), "b": tensor(12, 16)}, 16, ":b leaves a gap before it: its offset is 12, expected 8"),
        ({"a": tensor(4, 8)}, 8, ":a leaves a gap before it: its offset is 4, expected 0"),
        ({"a": tensor(0, 8)}, 7, " is cut off: its tensors are 8 bytes, and 7 follow the header"),
        ({"a": tensor(0, 8)}, 9, " does not fit its header: its tensors are 8 bytes, and 9 follow the header"),
        ({}, 4, " does not fit its header: its tensors are 0 bytes, and 4 follow the header"),
        ({}, 0, " holds no arrays"),
    ],
)
def test_a_header_whose_claims_do_not_fit_is_refused(header, n_bytes, said):
    content = raw(header, bytes(n_bytes))
    assert said_of(content) == [f"error: a.safetensors{said}"]
    if "no array" not in said:
        with pytest.raises(safetensors.SafetensorError):  # the reference implementation refuses what we refuse
            safetensors.deserialize(content)


def test_a_dtype_that_we_do_not_read_is_refused_only_if_it_is_asked_for():
    tensors = {"logits": torch.ones(2), "scale": torch.ones(3).to(torch.float8_e4m3fn)}
    safetensors.torch.save_file(tensors, "a.safetensors")
    assert whole(stored_in("a.safetensors", "logits")).tolist() == [1, 1]
    assert said_of(Path("a.safetensors").read_bytes(), "scale") == [
        'error: a.safetensors:scale has dtype "F8_E4M3", expected one of '
        "BOOL, BF16, F16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64"
    ]
