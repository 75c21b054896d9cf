"""measured-differs: a framework returned something else than the method it is known for."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="measured-differs",
    severity="caution",
    summary="a framework returned another value than the method its call expresses",
    meaning="The call was run and its value is outside what rounding explains. Most often the value is not finite: "
    "IEEE arithmetic met 0·∞ or 0/0 on another path, or a low precision overflowed.",
    why="The method is the formula; the measurement is what your training sees.",
    example="wce explain --logits '-inf 0; 1 2' --labels 0,1 --weight 0.5,1 --label-smoothing 1",
    remedy="trust the measurement for what your run does, and the method for what it was meant to do",
    references=("https://docs.pytorch.org/docs/2.13/notes/numerical_accuracy.html",),
)


def message(analysis: Analysis) -> str | None:
    """Name the first call that does not return its method's value."""
    for one in analysis.measured:
        missed = [method for method in one.expresses if method not in one.methods]
        if one.value is None or not missed:
            continue
        value = analysis.value(missed[0])
        if value is not None and (one.value != 0 or value.denominator != 0):  # zero-over-zero says so
            return (
                f"{one.engine} returns {format_number(one.value)} in {one.dtype} for {one.call}, where {missed[0]} is "
                f"{format_number(value.numerator)} / {format_number(value.denominator)} = "
                f"{format_number(value.value)}"
            )
    return None
