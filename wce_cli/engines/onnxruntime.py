"""ONNX Runtime, measured: the operator SoftmaxCrossEntropyLoss (opset 13) on the CPU, in a model of one node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import EngineCall, Framework, installed_version
from wce_cli.engines.case import Case

OPSET, IR_VERSION = 13, 8
OPERATOR = "SoftmaxCrossEntropyLoss"


def measure(case: Case) -> Iterator[Measured]:
    """Both reductions, none of them, and the mean without weights, in the scores' own dtype."""
    framework = Framework("ONNX Runtime", installed_version("onnxruntime"))
    reason = _cannot_express(case)
    if reason:
        yield framework.nothing(reason)
    else:
        yield from framework.all_returned(_calls(case), case.dtype)


def _calls(case: Case) -> Iterator[EngineCall]:
    attributes: dict[str, Any] = {"ignore_index": case.ignore_index} if case.ignored.any() else {}
    same = ("unweighted-mean",) if case.w is None else ()
    options = "".join(f", {key}={value}" for key, value in attributes.items())
    weight = "" if case.w is None else ", w"

    def text(reduction: str, weighed: str = weight) -> str:
        return f"{OPERATOR}({case.x_text}, {case.y_text}{weighed}, reduction='{reduction}'{options})"

    yield EngineCall(text("mean"), lambda: _run(case, "mean", case.w, attributes), ("weighted-mean", *same))
    yield EngineCall(
        f"{text('none')}.mean()", lambda: _run(case, "none", case.w, attributes).mean(dtype=np.float64), ("batch-mean",)
    )
    yield EngineCall(text("sum"), lambda: _run(case, "sum", case.w, attributes), ("sum",))
    if case.w is not None:
        yield EngineCall(text("mean", ""), lambda: _run(case, "mean", None, attributes), ("unweighted-mean",))


def _run(case: Case, reduction: str, weight: NDArray[Any] | None, attributes: dict[str, Any]) -> NDArray[Any]:
    import onnxruntime
    from onnx import TensorProto, helper

    kind = {"float64": TensorProto.DOUBLE, "float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}[case.dtype]
    inputs = {"x": case.x.astype(case.dtype), "y": case.y}
    if weight is not None:
        inputs["w"] = weight.astype(case.dtype)
    infos = [
        helper.make_tensor_value_info(name, TensorProto.INT64 if name == "y" else kind, list(values.shape))
        for name, values in inputs.items()
    ]
    loss = helper.make_tensor_value_info("loss", kind, list(case.y.shape) if reduction == "none" else [])
    node = helper.make_node(OPERATOR, list(inputs), ["loss"], reduction=reduction, **attributes)
    graph = helper.make_graph([node], "loss", infos, [loss])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, inputs)
    return np.asarray(found)


def _cannot_express(case: Case) -> str | None:
    if case.is_soft:
        return "cannot express probability labels"
    if case.label_smoothing > 0:
        return "cannot express label smoothing"
    if case.other_than_logits:
        return case.other_than_logits
    return None if case.s is None else "cannot express sample weights"
