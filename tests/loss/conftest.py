"""The arithmetic is tested as large batches meet it: small ones would all be read class by class."""

from __future__ import annotations

import pytest

from wce_cli.loss.fast import index_labels


@pytest.fixture(autouse=True)
def no_batch_is_small(monkeypatch):
    monkeypatch.setattr(index_labels, "SMALL", -1)
