"""The calls of PyTorch, each as a user would have to type it and as it is run: x scores, y labels, w class weight, s
sample weight. What they say is known before torch is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from wce_cli.batches.batch import Batch
from wce_cli.engines.calls import EngineCall
from wce_cli.loss.spec import IGNORE_INDEX, Spec

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CASTS = {"float64": ".double()", "float32": ".float()", "float16": ".half()", "bfloat16": ".bfloat16()"}
"""How a user turns a tensor into each dtype that is measured."""


class Words(Struct, frozen=True):
    """How a user writes the batch in one dtype; no torch is needed to know it."""

    x: str
    y: str
    w: str
    s: str
    anything_ignored: bool

    @classmethod
    def of(cls, batch: Batch, dtype: str) -> Words:
        """The words for a batch whose tensors are cast to a dtype."""
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


class Inputs(Struct, frozen=True):
    """The batch as tensors in its own layout."""

    x: Tensor
    y: Tensor
    w: Tensor | None
    s: Tensor | None

    @classmethod
    def of(cls, batch: Batch, dtype: str) -> Inputs:
        """The tensors of a batch in a dtype."""
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

    def each_times_s(self, run: Callable[[Inputs], Tensor]) -> Tensor:
        """What a call returns for each sample, times the sample's own weight."""
        assert self.s is not None
        return run(self) * self.s


class Asked(Struct, frozen=True):
    """A call that can be made with tensors."""

    text: str
    run: Callable[[Inputs], Tensor]
    expresses: tuple[str, ...]


def calls_of(batch: Batch, words: Words) -> Iterator[Asked]:
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

    def call(reduction: str, weighted: bool) -> tuple[str, Callable[[Inputs], Tensor]]:
        told = [words.x, words.y]
        is_weighted = weighted and spec.weight is not None
        if is_weighted:
            told.append(f"weight={words.w}")
        told += [f"{key}={value}" for key, value in written.items()]
        if reduction != "mean":
            told.append(f"reduction='{reduction}'")

        def run(inputs: Inputs) -> Tensor:
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
            yield Asked(mean, run_mean, ("batch-mean", *same))
        else:
            yield Asked(mean, run_mean, ("weighted-mean", *same))
            yield Asked(f"{none}.mean()", lambda inputs: run_none(inputs).mean(), ("batch-mean",))
        yield Asked(total, run_sum, ("sum",))
    else:
        if not spec.is_soft:
            yield _weighted_by_hand(spec, none, run_none, words)
        yield Asked(
            f"({none} * {words.s}).mean()", lambda inputs: inputs.each_times_s(run_none).mean(), ("batch-mean",)
        )
        yield Asked(f"({none} * {words.s}).sum()", lambda inputs: inputs.each_times_s(run_none).sum(), ("sum",))
    if not same:
        yield Asked(plain, run_plain, ("unweighted-mean",))


def other_calls(batch: Batch, words: Words, inputs: Inputs) -> Iterator[EngineCall]:
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


def _weighted_by_hand(spec: Spec, none: str, run: Callable[[Inputs], Tensor], words: Words) -> Asked:
    """torch's mean takes no sample weight; dividing by Σ s·w[y] is left to the user."""
    ignored = spec.ignored_as_given if spec.label_base else spec.ignore_index
    where = f"[y != {ignored}]" if words.anything_ignored else ""
    label = f"y{where} - {spec.label_base}" if spec.label_base else f"y{where}"
    bottom = f"{words.s}{where}.sum()" if spec.weight is None else f"({words.w}[{label}] * {words.s}{where}).sum()"

    def quotient(inputs: Inputs) -> Tensor:
        assert inputs.s is not None
        kept = inputs.y != spec.ignore_index
        weights = inputs.s[kept] if inputs.w is None else inputs.w[inputs.y[kept]] * inputs.s[kept]
        return inputs.each_times_s(run).sum() / weights.sum()

    return Asked(f"({none} * {words.s}).sum() / {bottom}", quotient, ("weighted-mean",))
