"""The reports that every format is tested with, and reading a printed table back."""

from __future__ import annotations

import math
import re
from typing import Any

from msgspec import structs

from wce_cli import Report, explain
from wce_cli.report import Measured

LOGITS = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1], [-1, 0, 4]]
BATCHES: dict[str, dict[str, Any]] = {
    "two": {"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1]},
    "one": {"logits": [[0.1, 0.9]], "labels": [0], "weight": [0.1, 1]},
    "hard": {
        "logits": LOGITS,
        "labels": [0, 1, -100, 2, 1],
        "weight": [0, 0.25, 3],
        "sample_weight": [1, 2, 5, 0.5, 1],
        "label_smoothing": 0.1,
        "classes": ["cat", "dog", "eel"],
    },
    "soft": {
        "logits": LOGITS,
        "labels": [[0.5, 0.25, 0.25], [1.0, 0, 0], [0, 0, 1], [0.1, 0.1, 0.8], [0, 1, 0]],
        "weight": [0.5, 2, 3],
    },
    "image": {"logits": [[[[0.1, 0.2]], [[0.9, 2]]]], "labels": [[[0, 1]]], "weight": [0.1, 1]},
    "negative": {"logits": LOGITS, "labels": [0, 1, 2, 0, 1], "weight": [1, -0.5, 2]},
    "many": {"logits": LOGITS * 30, "labels": [0, 1, -100, 0, 1] * 30, "weight": [1, 0.5, 2]},
    "probs": {"probs": [[0.5, 0.25, 0.25], [1e-9, 0.5, 0.5]], "labels": [0, 0], "weight": [1e-3, 1e3, 1]},
    "log_probs": {"log_probs": [[-0.5, -1], [-2e6, -3]], "labels": [0, 0], "sample_weight": [3, 0.5]},
    "0/0": {"logits": [[0.1, 0.9]], "labels": [0], "weight": [0, 1]},
    "infinite": {"logits": [[0.0, -math.inf], [0, 1]], "labels": [1, 0], "weight": [2, 1]},
    "nan": {"logits": [[0.0, -math.inf], [1, 2], [math.nan, 1]], "labels": [1, 0, 0], "weight": [2, 1]},
}


def report_of(name: str) -> Report:
    """The report of a batch, nothing measured."""
    return explain(**BATCHES[name], engines=())


def with_measurements(report: Report) -> Report:
    """The report as it is with PyTorch 2.13.0 installed, whatever is installed here."""
    calls = {
        "weighted-mean": "cross_entropy(x, y, weight=w)",
        "batch-mean": "cross_entropy(x, y, weight=w, reduction='none').mean()",
        "sum": "cross_entropy(x, y, weight=w, reduction='sum')",
        "unweighted-mean": "cross_entropy(x, y)",
    }
    measured = [
        Measured("PyTorch", "2.13.0", call, dtype, report.value(method), (method,), (method,))
        for dtype in ("float64", "float32")
        for method, call in calls.items()
    ]
    return structs.replace(report, measurements=tuple(measured))


def tables(text: str) -> list[list[dict[str, str]]]:
    """The tables of a printed text: rows as cells by the head of their column (the last of two equal heads)."""
    found = []
    for block in text.split("\n\n"):
        block = re.sub(r"^\(left out[^)]*\)\n?", "", block, flags=re.MULTILINE)
        lines = [line for line in block.split("\n") if line and not line.startswith(("[", "    ", "weight: "))]
        if len(lines) < 2 or not re.search(r"^(n|method) ", lines[0]):
            continue
        width = max(map(len, lines))
        lines = [line.ljust(width) for line in lines]
        blank = "".join(" " if all(line[i] == " " for line in lines) else "#" for i in range(width))
        spans = [match.span() for match in re.finditer(r"#+(?: #+)*", blank)]
        head, *rows = ([line[slice(*span)].strip() for span in spans] for line in lines)
        found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found
