"""`assert_loss`: an assertion for somebody's own test, which says whose number it is instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wce_cli.digits import Written
from wce_cli.errors import Problem, WceError, as_written
from wce_cli.loss.batch import Batch
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.questions.check.compare import compared
from wce_cli.questions.check.expected import HELD, SHORTEST, read_expect
from wce_cli.questions.check.given import Given

__tracebackhide__ = True  # pytest then shows the line that asserts, not this file


def assert_loss(
    value: Any,
    method: str = "weighted-mean",
    *,
    tolerance: float | None = None,
    logits: Any = None,
    log_probs: Any = None,
    probs: Any = None,
    labels: Any = None,
    weight: Any = None,
    sample_weight: Any = None,
    classes: Sequence[str] | None = None,
    ignore_index: int = IGNORE_INDEX,
    label_smoothing: float = 0.0,
    label_base: int = 0,
) -> None:
    """Assert that `value` is the loss of a batch by METHOD or METHOD/PLACEMENT.

    `value`: a number, or anything with one number and a dtype (a torch tensor with its graph, a numpy scalar); text is
    held to its digits. `tolerance`: how far it may be off; without it, as far as its dtype rounds, float32's for a
    Python number. The batch is given as to `explain`; tensors that require a gradient are read as they are.

    Raises AssertionError with the rule that does give `value`, WceError if the batch or `value` cannot be read.
    """
    batch = Batch.build(
        logits=logits,
        log_probs=log_probs,
        probs=probs,
        labels=labels,
        weight=weight,
        sample_weight=sample_weight,
        classes=classes,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        label_base=label_base,
    )
    given = Given(batch)
    if method.partition("/")[0] in ("loss", "term"):
        raise WceError(Problem(f"{method} is one number a sample, assert_loss compares one", "check(expect=…) does"))
    if isinstance(value, str):
        number: Any = Written(value)
    else:
        number, dtype = _number(value)
        if tolerance is None:
            held = HELD.get(dtype, HELD["float32"])  # a Python number may be a float32's .item()
            tolerance = held * given.scale(method.removesuffix("/class"))
        number = Written(str(SHORTEST[dtype](number))) if dtype in SHORTEST else number
    for one in compared(given, read_expect({method: number}, tolerance)):
        if one.verdict != "agrees":
            raise AssertionError(one.message)


def _number(value: Any) -> tuple[float, str]:
    """A value and the dtype it came in."""
    own = getattr(value, "dtype", None)
    dtype = "" if own is None else str(own).rpartition(".")[2]
    if isinstance(value, bool) or dtype == "bool":
        raise WceError(Problem(f"value is {as_written(value)}, expected a number"))
    try:
        bare = value.detach() if hasattr(value, "detach") else value
        return float(bare.item() if hasattr(bare, "item") else bare), dtype
    except (TypeError, ValueError, RuntimeError):  # several numbers, or none: each library has its own exception
        shape = getattr(value, "shape", None)
        what = f"value has shape {tuple(shape)}" if shape else f"value is {as_written(value)}"
        raise WceError(Problem(f"{what}, expected one number")) from None
