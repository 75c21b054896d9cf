"""PyTorch, measured: `torch.nn.functional.cross_entropy` and `nll_loss` as its users call them.

Every call runs in float64 and in the dtype that the scores came with, or float32 where they came as plain
numbers. What the calls are stands in `engines.torch_calls`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

from wce_cli.answers.report import AWAITED, Measured
from wce_cli.batches.batch import Batch
from wce_cli.engines.calls import EngineCall, Framework, first_line, installed_version
from wce_cli.engines.case import NORMALISED
from wce_cli.engines.torch_calls import CASTS, Inputs, Words, calls_of, other_calls
from wce_cli.loss.readings import read_logits

NAME = "PyTorch"
MEASURED_IN = tuple(CASTS)
"""The dtypes that cross_entropy takes; scores of another are measured in float32."""
ONE_THREAD = 1 << 15
"""Scores up to which torch itself would use one thread: its grain for an operation that takes an element at a time."""


def awaited(batch: Batch) -> tuple[Measured, ...]:
    """The calls of `measure`, none of them made: all that can be said before torch is imported, which takes a while."""
    framework = Framework(NAME, installed_version("torch"))
    reason = _cannot_express(batch)
    if reason:
        return (framework.nothing(reason),)
    return tuple(
        Measured(NAME, framework.version, asked.text, dtype, None, asked.expresses, reason=AWAITED)
        for dtype in _dtypes(batch)
        for asked in calls_of(batch, Words.of(batch, dtype))
    )


def measure(batch: Batch, every: bool = False) -> tuple[Measured, ...]:
    """Every method that torch can express, in float64 and in the scores' own dtype.

    `every`: also what it returns for the same labels as one-hot rows, and through `nn.NLLLoss`.
    """
    if importlib.util.find_spec("torch") is None:
        return (Framework(NAME, "").nothing("not installed: pip install torch"),)
    try:
        import torch
        import torch.nn.functional

        framework = Framework(NAME, torch.__version__.partition("+")[0])
    except Exception as error:  # a broken installation is a row of the answer, not its end
        return (Framework(NAME, "").nothing(f"import torch failed: {type(error).__name__}: {first_line(error)}"),)
    reason = _cannot_express(batch)
    if reason:
        return (framework.nothing(reason),)
    measured: list[Measured] = []
    with torch.no_grad(), _threads_for(batch):
        for dtype in _dtypes(batch):
            words, inputs = Words.of(batch, dtype), Inputs.of(batch, dtype)
            calls = (EngineCall(one.text, partial(one.run, inputs), one.expresses) for one in calls_of(batch, words))
            measured += framework.all_returned(calls, dtype)
            if every:
                measured += framework.all_returned(other_calls(batch, words, inputs), dtype)
    return tuple(measured)


def _dtypes(batch: Batch) -> tuple[str, ...]:
    """The dtypes that a batch is measured in: float64, and its scores' own."""
    own = batch.spec.dtypes.get(batch.spec.scores, "float32")
    return tuple(dict.fromkeys(("float64", own if own in MEASURED_IN else "float32")))


@contextmanager
def _threads_for(batch: Batch) -> Iterator[None]:
    """One thread where more cannot pay, which would wait for each other at every call; then as many as there were."""
    import torch

    before = torch.get_num_threads()
    if before == 1 or batch.n_samples * batch.spec.n_classes > ONE_THREAD:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cannot_express(batch: Batch) -> str | None:
    """nll_loss has no smoothing and no probability labels; cross_entropy would normalise the rows again."""
    spec = batch.spec
    if spec.scores == "logits" or not (spec.is_soft or spec.label_smoothing > 0):
        return None
    scores = batch.block(0, batch.n_samples).scores
    with np.errstate(divide="ignore", invalid="ignore"):
        reading = read_logits(np.log(scores) if spec.scores == "probs" else scores)
    assert reading.logsumexp is not None
    if (np.abs(reading.logsumexp) <= NORMALISED).all():
        return None
    asked = "probability labels" if spec.is_soft else "label smoothing"
    return (
        f"cannot express {asked} for {spec.scores}: nll_loss has neither, "
        "and cross_entropy would normalise these rows again"
    )
