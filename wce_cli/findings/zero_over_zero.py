"""zero-over-zero: one framework returns 0 where the method divides 0 by 0."""

from __future__ import annotations

import math

from wce_cli.answers.analysis import Analysis
from wce_cli.findings.page import Page
from wce_cli.findings.words import listed

PAGE = Page(
    code="zero-over-zero",
    severity="caution",
    summary="a framework returns 0 where the method divides 0 by 0, and another nan",
    meaning="Every sample is ignored, or every weight is 0, so that nothing is divided by nothing. What a framework "
    "makes of it is its own decision, and was measured on this batch: Keras, Paddle and TensorFlow return 0, PyTorch "
    "and ONNX Runtime nan.",
    why="A 0 hides a batch that taught nothing, and pulls the mean of an epoch down; a nan makes that "
    "mean nan, and where the samples weigh 0 instead of being ignored, every parameter at the next step.",
    example="wce explain --logits '0.1 0.9' --labels 0 --weight 0,1 --engine torch --engine keras",
    remedy="skip such a batch in both, or sum the terms and divide by max(D, 1)",
    references=(
        "https://github.com/pytorch/pytorch/issues/75181",
        "https://keras.io/api/losses/",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Name who returned 0 for a method that is 0/0, and who nan."""
    zero: dict[str, None] = {}
    nan: dict[str, None] = {}
    method = ""
    for one in analysis.measured:
        for pair in one.expresses:
            value = analysis.value(pair)
            if value is None or value.denominator != 0 or value.numerator != 0:
                continue
            if one.value == 0:
                zero[one.engine], method = None, method or pair
            elif one.value is not None and math.isnan(one.value):
                nan[one.engine] = None
    if not zero:
        return None
    verb = "returns" if len(zero) == 1 else "return"
    others = f", {listed(list(nan))} nan" if nan else ""
    return f"{method} is 0/0: {listed(list(zero))} {verb} 0{others}"
