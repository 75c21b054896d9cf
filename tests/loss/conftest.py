"""The arithmetic is tested as large batches meet it: small ones would all be read class by class."""

from __future__ import annotations

import pytest

from wce_cli.loss import small_batches


@pytest.fixture(autouse=True)
def no_batch_is_small(monkeypatch):
    monkeypatch.setattr(small_batches, "SMALL", -1)
