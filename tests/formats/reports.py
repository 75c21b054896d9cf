"""The reports that every format is tested with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from wce_cli import Report, explain
from wce_cli.answers.report import Measured
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.look import Look

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

FINITE = [name for name in BATCHES if name not in ("0/0", "infinite", "nan")]

HOSTILE = {
    "markup": "[/items]",
    "link": "[link=x]y",
    "image": "![i](u)",
    "escape": "\x1b[31mred",
    "lines": "a\nb\tc\rd",
    "csi": "\x9b31mred",
    "line separator": "a\u2028b\x85c",
    "override": "\u202eevil",
    "half": "\ud83d",
    "long": "x" * 300,
    "emoji": "🐈 cat",
    "wide": "猫の名前" * 10,
    "hebrew": "שלום עולם",
    "arabic": "قطة (1)",
    "script": "<script>alert(1)</script>",
    "comment": "<!-- x -->",
    "entity": "&lt;b&gt;",
    "pipe": "a|b",
    "escaped pipe": "a\\|b\\",
    "code": "`x` ``y``",
    "emphasis": "*b* _i_ **c** __d__ ~~e~~",
    "mention": "@octocat",
    "mail": "octocat@example.com",
    "issue": "#123 octo/cat#5 GH-12",
    "web": "https://example.com www.example.com",
    "shortcode": ":smile:",
    "formula": "$x$ costs $5",
    "commit": "deadbeef1 abcdefa",
    "quoted": "\"a\", 'b'",
    "blanks": " a  b ",
    "heading": "C #",
    "rule": "---",
    "formula of a sheet": "=1+1",
    "formulas": "+1-2@a",
    "formula below": "\t=cmd|' /C calc'!A0",
    "wide formula": "\uff1d1",
    "command": "::add-mask::0",
    "command below": "x\n::error::pwn",
    "command inside": "wrapped where ever it may be ::warning file=a.py,line=1::b and more of it",
    "old command": "a ##[error]pwn",
    "older command": "##vso[task.setvariable variable=PATH]/tmp ###[debug]",
    "turned command": "::stop-commands::שלום",
    "huge": "::error::" * 1200,
}
"""Names that a class or a batch may have, and that must print as they stand."""


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


def text_in(format: str, reports: Sequence[Report], look: Look | None = None) -> str:
    """The reports in one of the formats of `explain`."""
    return formatted(formats_of("explain")[format], reports, look or Look())


def to_table(reports: Sequence[Report], look: Look | None = None) -> str:
    """The reports as text."""
    return text_in("table", reports, look)
