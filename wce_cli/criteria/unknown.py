"""What is said of code that holds no loss that is known."""

from __future__ import annotations

import ast

from wce_cli.criteria.known import KNOWN
from wce_cli.criteria.parsed import FIELD, Code
from wce_cli.criteria.values import dotted
from wce_cli.errors import Problem, WceError, as_written, did_you_mean
from wce_cli.field_hints import HINTS

SIGMOIDS = (
    *("BCELoss", "BCEWithLogitsLoss", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
    *("BinaryCrossentropy", "binary_crossentropy", "sigmoid_binary_cross_entropy", "MultiLabelSoftMarginLoss"),
    *("sigmoid_cross_entropy_with_logits", "weighted_cross_entropy_with_logits"),
)
FOCALS = ("FocalLoss", "focal_loss", "sigmoid_focal_loss", "CategoricalFocalCrossentropy", "BinaryFocalCrossentropy")
INSTEAD = (
    "known are nn.CrossEntropyLoss, nn.NLLLoss, F.cross_entropy, keras.losses.CategoricalCrossentropy, log_loss and "
    "optax's softmax_cross_entropy; wce audit FILE.py:NAME says what a function of your own computes"
)


def unknown(code: Code) -> WceError:
    """The error of code in which no loss was found: a function that it calls, and what to write instead."""
    values = [line.value for line in code.lines if line.value is not None]
    names = [name for value in values for name in _functions(value)]
    if not names:
        written = ast.unparse(values[-1]) if values else "nothing in it is computed"
        return WceError(Problem(f"criterion holds no loss: {as_written(written)}", INSTEAD, FIELD))
    told = next((name for name in names if _last(name) in (*SIGMOIDS, *FOCALS, *KNOWN)), names[0])
    return foreign(told)


def foreign(name: str) -> WceError:
    """The error of a loss that is not known, or not by this name."""
    return WceError(Problem(f"criterion is {name}, which is no loss that is known", _hint(name), FIELD))


def _functions(expression: ast.expr) -> list[str]:
    """The names of what an expression calls, the outermost first; else its own."""
    calls = [name for node in ast.walk(expression) if isinstance(node, ast.Call) and (name := dotted(node.func))]
    return calls or [name for name in [dotted(expression)] if name]


def _hint(name: str) -> str:
    last = _last(name)
    if last in SIGMOIDS:
        return HINTS["bce"]
    if last in FOCALS:
        return HINTS["focal"]
    if last in KNOWN:
        row = KNOWN[last]
        return f"{row.homes[0]}.{last} is {row.framework}'s; {name} may divide by something else"
    return did_you_mean(last, KNOWN, 0) or INSTEAD


def _last(name: str) -> str:
    return name.rpartition(".")[2]
