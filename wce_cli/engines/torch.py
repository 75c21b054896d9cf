"""PyTorch, measured: `torch.nn.functional.cross_entropy` and `nll_loss` as its users call them.

Every call runs in float64 and in the dtype that the scores came with, or float32 where they came as plain
numbers. The call is printed as a user would have to type it: x scores, y labels, w class weight, s sample
weight.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from wce_cli.answers.report import AWAITED, Measured
from wce_cli.batches.batch import Batch
from wce_cli.engines.calls import EngineCall, Framework, first_line, installed_version
from wce_cli.engines.case import NORMALISED
from wce_cli.loss.readings import read_logits
from wce_cli.loss.spec import IGNORE_INDEX, Spec

if TYPE_CHECKING:
    from torch import Tensor

NAME = "PyTorch"
CASTS = {"float64": ".double()", "float32": ".float()", "float16": ".half()", "bfloat16": ".bfloat16()"}
"""How a user turns a tensor into each dtype that is measured."""
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
        for asked in _calls(batch, _Words.of(batch, dtype))
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
            words, inputs = _Words.of(batch, dtype), _Inputs.of(batch, dtype)
            calls = (EngineCall(one.text, partial(one.run, inputs), one.expresses) for one in _calls(batch, words))
            measured += framework.all_returned(calls, dtype)
            if every:
                measured += framework.all_returned(_other_calls(batch, words, inputs), dtype)
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


class _Words(Struct, frozen=True):
    """How a user writes the batch in one dtype; no torch is needed to know it."""

    x: str
    y: str
    w: str
    s: str
    anything_ignored: bool

    @classmethod
    def of(cls, batch: Batch, dtype: str) -> _Words:
        spec = batch.spec

        def cast(field: str, letter: str) -> str:
            came_as = spec.dtypes.get(field)
            return letter if came_as in (None, dtype) else f"{letter}{CASTS[dtype]}"

        x = cast(spec.scores, "x")
        if spec.is_soft:
            y = f"y{CASTS[dtype]}" if spec.integer_one_hot else cast("labels", "y")
        else:
            y = "y" if spec.dtypes.get("labels") in (None, "int64", "uint8") else "y.long()"
            y += f" - {spec.label_base}" if spec.label_base else ""
            if spec.label_shape != batch.labels.shape:  # 0 beside one row of scores, [0] beside scores without rows
                y = f"{y}.reshape({list(batch.labels.shape)})"
        ignored = not spec.is_soft and bool((batch.labels_of(0, batch.n_samples) == spec.ignore_index).any())
        x = f"{x}.log()" if spec.scores == "probs" else x
        return cls(x, y, cast("weight", "w"), cast("sample_weight", "s"), ignored)


class _Inputs(Struct, frozen=True):
    """The batch as tensors in its own layout."""

    x: Tensor
    y: Tensor
    w: Tensor | None
    s: Tensor | None

    @classmethod
    def of(cls, batch: Batch, dtype: str) -> _Inputs:
        import torch

        spec = batch.spec
        kind: torch.dtype = getattr(torch, dtype)
        x = torch.from_numpy(batch.scores.whole()).to(kind)
        whole = (
            batch.labels.whole() if spec.is_soft else batch.labels_of(0, batch.n_samples).reshape(batch.labels.shape)
        )
        labels = torch.from_numpy(whole)
        return cls(
            x.log() if spec.scores == "probs" else x,
            labels.to(kind) if spec.is_soft else labels,
            None if spec.weight is None else torch.from_numpy(spec.weight).to(kind),
            None if batch.sample_weight is None else torch.from_numpy(batch.sample_weight.whole()).to(kind),
        )

    def each_times_s(self, run: Callable[[_Inputs], Tensor]) -> Tensor:
        """What a call returns for each sample, times the sample's own weight."""
        assert self.s is not None
        return run(self) * self.s


class _Asked(Struct, frozen=True):
    """A call that can be made with tensors."""

    text: str
    run: Callable[[_Inputs], Tensor]
    expresses: tuple[str, ...]


def _calls(batch: Batch, words: _Words) -> Iterator[_Asked]:
    """The calls, in the order of the methods."""
    spec = batch.spec
    direct = spec.scores == "logits" or spec.is_soft or spec.label_smoothing > 0
    name = "cross_entropy" if direct else "nll_loss"
    shared: dict[str, Any] = {}
    if spec.ignore_index != IGNORE_INDEX:
        shared["ignore_index"] = spec.ignore_index
    if spec.label_smoothing > 0:
        shared["label_smoothing"] = spec.label_smoothing
    written = dict(shared)
    if spec.label_base and words.anything_ignored:
        written = {"ignore_index": spec.ignored_as_given - spec.label_base, **shared}  # of y - 1

    def call(reduction: str, weighted: bool) -> tuple[str, Callable[[_Inputs], Tensor]]:
        told = [words.x, words.y]
        is_weighted = weighted and spec.weight is not None
        if is_weighted:
            told.append(f"weight={words.w}")
        told += [f"{key}={value}" for key, value in written.items()]
        if reduction != "mean":
            told.append(f"reduction='{reduction}'")

        def run(inputs: _Inputs) -> Tensor:
            import torch.nn.functional as F

            function = F.cross_entropy if direct else F.nll_loss
            return function(inputs.x, inputs.y, inputs.w if is_weighted else None, reduction=reduction, **shared)

        return f"{name}({', '.join(told)})", run

    mean, run_mean = call("mean", True)
    none, run_none = call("none", True)
    total, run_sum = call("sum", True)
    plain, run_plain = call("mean", False)
    has_sample_weight = batch.sample_weight is not None
    same = ("unweighted-mean",) if spec.weight is None and not has_sample_weight else ()
    if not has_sample_weight:
        if spec.is_soft:
            yield _Asked(mean, run_mean, ("batch-mean", *same))
        else:
            yield _Asked(mean, run_mean, ("weighted-mean", *same))
            yield _Asked(f"{none}.mean()", lambda inputs: run_none(inputs).mean(), ("batch-mean",))
        yield _Asked(total, run_sum, ("sum",))
    else:
        if not spec.is_soft:
            yield _weighted_by_hand(spec, none, run_none, words)
        yield _Asked(
            f"({none} * {words.s}).mean()", lambda inputs: inputs.each_times_s(run_none).mean(), ("batch-mean",)
        )
        yield _Asked(f"({none} * {words.s}).sum()", lambda inputs: inputs.each_times_s(run_none).sum(), ("sum",))
    if not same:
        yield _Asked(plain, run_plain, ("unweighted-mean",))


def _other_calls(batch: Batch, words: _Words, inputs: _Inputs) -> Iterator[EngineCall]:
    """The module on log-probabilities of our own, and the same labels as one-hot rows: another denominator."""
    import torch.nn.functional as F
    from torch.nn import NLLLoss

    spec = batch.spec
    if spec.is_soft or spec.scores != "logits" or inputs.s is not None:
        return
    x, y, w = inputs.x, inputs.y, inputs.w
    axis = min(1, x.ndim - 1)
    weighted = [] if w is None else [f"weight={words.w}"]
    ignores: dict[str, Any] = {} if spec.ignore_index == IGNORE_INDEX else {"ignore_index": spec.ignore_index}
    smoothing: dict[str, Any] = {"label_smoothing": spec.label_smoothing} if spec.label_smoothing else {}
    if not smoothing:
        options = ", ".join([*weighted, *(f"{key}={value}" for key, value in ignores.items())])
        yield EngineCall(
            f"NLLLoss({options})(log_softmax({words.x}, {axis}), {words.y})",
            lambda: NLLLoss(weight=w, **ignores)(F.log_softmax(x, axis), y),
            ("weighted-mean",),
        )
    if words.anything_ignored:
        return  # a row of zeros would be no sample, and count in N
    rows, move = F.one_hot(y, spec.n_classes).to(x.dtype), ""
    if x.ndim > 2:
        rows, move = rows.movedim(-1, 1), ".movedim(-1, 1)"
    one_hot = f"one_hot({words.y}, {spec.n_classes}){move}.to(x.dtype)"
    told = [words.x, one_hot, *weighted, *(f"{key}={value}" for key, value in smoothing.items())]
    call = partial(F.cross_entropy, x, rows, weight=w, **smoothing)
    yield EngineCall(f"cross_entropy({', '.join(told)})", call, ("batch-mean",))


def _weighted_by_hand(spec: Spec, none: str, run: Callable[[_Inputs], Tensor], words: _Words) -> _Asked:
    """torch's mean takes no sample weight; dividing by Σ s·w[y] is left to the user."""
    ignored = spec.ignored_as_given if spec.label_base else spec.ignore_index
    where = f"[y != {ignored}]" if words.anything_ignored else ""
    label = f"y{where} - {spec.label_base}" if spec.label_base else f"y{where}"
    bottom = f"{words.s}{where}.sum()" if spec.weight is None else f"({words.w}[{label}] * {words.s}{where}).sum()"

    def quotient(inputs: _Inputs) -> Tensor:
        assert inputs.s is not None
        kept = inputs.y != spec.ignore_index
        weights = inputs.s[kept] if inputs.w is None else inputs.w[inputs.y[kept]] * inputs.s[kept]
        return inputs.each_times_s(run).sum() / weights.sum()

    return _Asked(f"({none} * {words.s}).sum() / {bottom}", quotient, ("weighted-mean",))


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
