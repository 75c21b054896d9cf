"""Every call begins with the same random numbers, on whatever device they are drawn."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pytest

from wce_cli.questions.audit.child.seeds import Seeds

torch = pytest.importorskip("torch")


def drawn() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), torch.rand(()).item()


@pytest.mark.parametrize("seed", [0, 7, 2**40 + 3])
def test_what_is_drawn_is_what_each_library_draws_of_that_seed(seed):
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    expected = drawn()
    seeds = Seeds(seed)
    for _ in range(3):
        seeds.sow()
        assert drawn() == expected


@pytest.mark.parametrize(
    ("device", "told"),
    [
        (None, 1),  # the CPU is all there is
        (SimpleNamespace(is_initialized=lambda: False), 1),  # it will seed itself when it is used
        (SimpleNamespace(is_initialized=lambda: True), 3),
        (SimpleNamespace(), 3),
    ],
)
def test_all_devices_are_told_as_long_as_one_may_be_in_use(device, told, monkeypatch):
    seen = []
    monkeypatch.setattr(torch, "manual_seed", seen.append)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: None if device is None else "it")
    monkeypatch.setattr(torch, "get_device_module", lambda of: device)
    seeds = Seeds(5)
    for _ in range(3):
        seeds.sow()
    assert seen == [5] * told


def test_a_torch_that_cannot_tell_is_told_always(monkeypatch):
    seen = []
    monkeypatch.setattr(torch, "manual_seed", seen.append)
    monkeypatch.delattr(torch, "accelerator")
    seeds = Seeds(5)
    for _ in range(2):
        seeds.sow()
    assert seen == [5, 5]
