"""What the findings of a batch say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wce_cli import explain
from wce_cli.answers.report import Finding


def findings_of(batch: Mapping[str, Any], engines: Sequence[str] = ()) -> dict[str, Finding]:
    """The findings by code."""
    return {finding.code: finding for finding in explain(**batch, engines=engines).findings}


def message(code: str, batch: Mapping[str, Any], engines: Sequence[str] = ()) -> str | None:
    """What one of them says; None if it is not raised."""
    finding = findings_of(batch, engines).get(code)
    return None if finding is None else finding.message


def losses(logits: Any, labels: Any) -> np.ndarray:
    """logsumexp(x) − x[y] of each row, by plain numpy; for rows of moderate size."""
    x = np.asarray(logits, dtype=float)
    return np.log(np.exp(x).sum(axis=1)) - x[np.arange(len(x)), labels]


def f(number: float) -> str:
    """Six significant digits, as Python writes them."""
    return f"{number:.6g}"
