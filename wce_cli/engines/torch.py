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

from wce_cli.engines.calls import Call, Framework, first_line
from wce_cli.engines.case import NORMALISED
from wce_cli.loss.batch import Batch, Spec
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.loss.readings import read_logits
from wce_cli.report import Measured

if TYPE_CHECKING:
    from torch import Tensor

NAME = "PyTorch"
CASTS = {"float64": ".double()", "float32": ".float()", "float16": ".half()", "bfloat16": ".bfloat16()"}
"""How a user turns a tensor into each dtype that is measured."""
MEASURED_IN = tuple(CASTS)
ONE_THREAD = 1 << 15
"""Scores up to which torch itself would use one thread: its grain for an operation that takes an element at a time."""
"""The dtypes that cross_entropy takes; scores of another are measured in float32."""


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
    own = batch.spec.dtypes.get(batch.spec.scores, "float32")
    if own not in MEASURED_IN:
        own = "float32"
    measured: list[Measured] = []
    with torch.no_grad(), _threads_for(batch):
        for dtype in dict.fromkeys(("float64", own)):
            inputs = _Inputs.of(batch, dtype)
            measured += framework.all_returned(_calls(batch, inputs), dtype)
            if every:
                measured += framework.all_returned(_other_calls(batch, inputs), dtype)
    return tuple(measured)


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


class _Inputs(Struct, frozen=True):
    """The batch as tensors in its own layout, and how a user writes each of them."""

    x: Tensor
    y: Tensor
    w: Tensor | None
    s: Tensor | None
    x_text: str
    y_text: str
    w_text: str

    @classmethod
    def of(cls, batch: Batch, dtype: str) -> _Inputs:
        import torch

        spec = batch.spec
        kind: torch.dtype = getattr(torch, dtype)

        def cast(field: str, letter: str) -> str:
            came_as = spec.dtypes.get(field)
            return letter if came_as in (None, dtype) else f"{letter}{CASTS[dtype]}"

        x = torch.from_numpy(batch.scores.whole()).to(kind)
        x_text = cast(spec.scores, "x")
        if spec.scores == "probs":
            x, x_text = x.log(), f"{x_text}.log()"
        whole = (
            batch.labels.whole() if spec.is_soft else batch.labels_of(0, batch.n_samples).reshape(batch.labels.shape)
        )
        labels = torch.from_numpy(whole)
        label_dtype = spec.dtypes.get("labels")
        if spec.is_soft:
            y = labels.to(kind)
            y_text = f"y{CASTS[dtype]}" if spec.integer_one_hot else cast("labels", "y")
        else:
            y = labels
            y_text = "y" if label_dtype in (None, "int64", "uint8") else "y.long()"
            y_text += f" - {spec.label_base}" if spec.label_base else ""
            if spec.label_shape != batch.labels.shape:  # 0 beside one row of scores, [0] beside scores without rows
                y_text = f"{y_text}.reshape({list(batch.labels.shape)})"
        return cls(
            x,
            y,
            None if spec.weight is None else torch.from_numpy(spec.weight).to(kind),
            None if batch.sample_weight is None else torch.from_numpy(batch.sample_weight.whole()).to(kind),
            x_text,
            y_text,
            cast("weight", "w"),
        )


def _calls(batch: Batch, inputs: _Inputs) -> Iterator[Call]:
    """The calls, in the order of the methods."""
    import torch.nn.functional as F

    spec = batch.spec
    direct = spec.scores == "logits" or spec.is_soft or spec.label_smoothing > 0
    function = F.cross_entropy if direct else F.nll_loss
    name = "cross_entropy" if direct else "nll_loss"
    shared: dict[str, Any] = {}
    if spec.ignore_index != IGNORE_INDEX:
        shared["ignore_index"] = spec.ignore_index
    if spec.label_smoothing > 0:
        shared["label_smoothing"] = spec.label_smoothing
    written = dict(shared)
    if spec.label_base and not spec.is_soft and bool((inputs.y == spec.ignore_index).any()):
        written = {"ignore_index": spec.ignored_as_given - spec.label_base, **shared}  # of y - 1

    def call(reduction: str, weighted: bool) -> tuple[str, Callable[[], Tensor]]:
        words = [inputs.x_text, inputs.y_text]
        options = dict(shared)
        if weighted and inputs.w is not None:
            words.append(f"weight={inputs.w_text}")
            options["weight"] = inputs.w
        words += [f"{key}={value}" for key, value in written.items()]
        if reduction != "mean":
            words.append(f"reduction='{reduction}'")
        return f"{name}({', '.join(words)})", lambda: function(inputs.x, inputs.y, reduction=reduction, **options)

    mean, run_mean = call("mean", True)
    none, run_none = call("none", True)
    total, run_sum = call("sum", True)
    plain, run_plain = call("mean", False)
    same = ("unweighted-mean",) if inputs.w is None and inputs.s is None else ()
    if inputs.s is None:
        if spec.is_soft:
            yield Call(mean, run_mean, ("batch-mean", *same))
        else:
            yield Call(mean, run_mean, ("weighted-mean", *same))
            yield Call(f"{none}.mean()", lambda: run_none().mean(), ("batch-mean",))
        yield Call(total, run_sum, ("sum",))
    else:
        s = inputs.s
        if not spec.is_soft:
            yield _weighted_by_hand(spec, none, run_none, inputs, s)
        yield Call(f"({none} * s).mean()", lambda: (run_none() * s).mean(), ("batch-mean",))
        yield Call(f"({none} * s).sum()", lambda: (run_none() * s).sum(), ("sum",))
    if not same:
        yield Call(plain, run_plain, ("unweighted-mean",))


def _other_calls(batch: Batch, inputs: _Inputs) -> Iterator[Call]:
    """The module on log-probabilities of our own, and the same labels as one-hot rows: another denominator."""
    import torch.nn.functional as F
    from torch.nn import NLLLoss

    spec = batch.spec
    if spec.is_soft or spec.scores != "logits" or inputs.s is not None:
        return
    x, y, w = inputs.x, inputs.y, inputs.w
    axis = min(1, x.ndim - 1)
    weighted = [] if w is None else [f"weight={inputs.w_text}"]
    ignores: dict[str, Any] = {} if spec.ignore_index == IGNORE_INDEX else {"ignore_index": spec.ignore_index}
    smoothing: dict[str, Any] = {"label_smoothing": spec.label_smoothing} if spec.label_smoothing else {}
    if not smoothing:
        options = ", ".join([*weighted, *(f"{key}={value}" for key, value in ignores.items())])
        yield Call(
            f"NLLLoss({options})(log_softmax({inputs.x_text}, {axis}), {inputs.y_text})",
            lambda: NLLLoss(weight=w, **ignores)(F.log_softmax(x, axis), y),
            ("weighted-mean",),
        )
    if bool((y == spec.ignore_index).any()):
        return  # a row of zeros would be no sample, and count in N
    rows, move = F.one_hot(y, spec.n_classes).to(x.dtype), ""
    if x.ndim > 2:
        rows, move = rows.movedim(-1, 1), ".movedim(-1, 1)"
    one_hot = f"one_hot({inputs.y_text}, {spec.n_classes}){move}.to(x.dtype)"
    words = [inputs.x_text, one_hot, *weighted, *(f"{key}={value}" for key, value in smoothing.items())]
    call = partial(F.cross_entropy, x, rows, weight=w, **smoothing)
    yield Call(f"cross_entropy({', '.join(words)})", call, ("batch-mean",))


def _weighted_by_hand(spec: Spec, none: str, run: Callable[[], Tensor], inputs: _Inputs, s: Tensor) -> Call:
    """torch's mean takes no sample weight; dividing by Σ s·w[y] is left to the user."""
    kept = inputs.y != spec.ignore_index
    anything_ignored = not bool(kept.all())
    ignored = spec.ignored_as_given if spec.label_base else spec.ignore_index
    where = f"[y != {ignored}]" if anything_ignored else ""
    if inputs.w is None:
        return Call(
            f"({none} * s).sum() / s{where}.sum()",
            lambda: (run() * s).sum() / s[kept].sum(),
            ("weighted-mean",),
        )
    w = inputs.w
    label = f"y{where} - {spec.label_base}" if spec.label_base else f"y{where}"
    bottom = f"(w[{label}] * s{where}).sum()"
    return Call(
        f"({none} * s).sum() / {bottom}",
        lambda: (run() * s).sum() / (w[inputs.y[kept]] * s[kept]).sum(),
        ("weighted-mean",),
    )


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
