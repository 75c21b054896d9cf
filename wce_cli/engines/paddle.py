"""PaddlePaddle, measured: `F.cross_entropy` with index and with soft labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import EngineCall, Framework, installed_version
from wce_cli.engines.case import Case


def measure(case: Case) -> Iterator[Measured]:
    """Every reduction with the class weight, and the mean without, in the scores' own dtype."""
    framework = Framework("PaddlePaddle", installed_version("paddlepaddle"))
    if case.other_than_logits:
        yield framework.nothing(case.other_than_logits)
        return
    import paddle

    dtype = case.dtype if case.dtype in ("float32", "float64") else "float32"
    yield from framework.all_returned(_calls(case, dtype, paddle), dtype)


def _calls(case: Case, dtype: str, paddle: Any) -> Iterator[EngineCall]:
    x = paddle.to_tensor(case.x.astype(dtype))
    y = paddle.to_tensor(case.y.astype(dtype) if case.is_soft else case.y)
    w = None if case.w is None else paddle.to_tensor(case.w.astype(dtype))
    s = None if case.s is None else paddle.to_tensor(case.s.astype(dtype))
    options: dict[str, Any] = {"soft_label": True} if case.is_soft else {}
    if case.ignored.any():
        options["ignore_index"] = case.ignore_index
    if case.label_smoothing > 0:
        options["label_smoothing"] = case.label_smoothing

    def run(reduction: str, weighed: bool = True) -> Any:
        given = {} if w is None or not weighed else {"weight": w}
        return paddle.nn.functional.cross_entropy(x, y, reduction=reduction, **given, **options)

    def text(reduction: str, weighed: bool = True) -> str:
        given = {} if w is None or not weighed else {"weight": "w"}
        asked = {} if reduction == "mean" else {"reduction": f"'{reduction}'"}
        words = "".join(f", {key}={value}" for key, value in {**given, **options, **asked}.items())
        return f"F.cross_entropy({case.x_text}, {case.y_text}{words})"

    is_spread = case.is_soft or case.label_smoothing > 0
    placed = "/label-mix" if is_spread else ""
    if s is not None:
        weighed = f"{text('none')} * {case.s_text}.unsqueeze(1)" if is_spread else f"{text('none')} * {case.s_text}"
        rows = s.unsqueeze(1) if is_spread else s
        yield EngineCall(f"({weighed}).mean()", lambda: (run("none") * rows).mean(), (f"batch-mean{placed}",))
        yield EngineCall(f"({weighed}).sum()", lambda: (run("none") * rows).sum(), (f"sum{placed}",))
    else:
        same = ("unweighted-mean",) if w is None else ()
        yield EngineCall(text("mean"), lambda: run("mean"), (f"weighted-mean{placed}", *same))
        yield EngineCall(f"{text('none')}.mean()", lambda: run("none").mean(), (f"batch-mean{placed}",))
        yield EngineCall(text("sum"), lambda: run("sum"), (f"sum{placed}",))
    if w is not None or s is not None:
        yield EngineCall(text("mean", weighed=False), lambda: run("mean", weighed=False), ("unweighted-mean",))
