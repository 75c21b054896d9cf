"""float32-differs: the framework's own precision prints another number than float64."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Measured
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.findings.page import Page

PAGE = Page(
    code="float32-differs",
    severity="note",
    summary="in the scores' own dtype the framework prints other digits than in float64",
    meaning="wce computes in float64. The framework was also run in float32 (or in the dtype that the scores came "
    "with), and at six significant digits it printed something else.",
    why="The difference is rounding, not another rule: comparing a float32 print with a float64 one digit by digit "
    "sends people looking for a mistake that is not there. Losses far below 1e-7 are lost in float32 altogether.",
    example="wce explain --logits '20 0' --labels 0",
    remedy="compare to the digits that both have, or compute the loss with logits.double()",
    references=("https://docs.pytorch.org/docs/2.13/notes/numerical_accuracy.html",),
)


FOUR_ROUNDINGS = 4 * 2.0**-24
"""Four roundings of float32, relative: what is summed in it ends so far off, which shows at six digits only where the
sixth happens to turn."""


def _is_an_edge(one: Measured, exact: float) -> bool:
    return one.dtype == "float32" and one.value is not None and abs(one.value - exact) <= FOUR_ROUNDINGS * abs(exact)


def message(analysis: Analysis) -> str | None:
    """Show the first call whose two precisions print differently."""
    exact = {one.expresses: one.value for one in analysis.measured if one.dtype == "float64"}
    differing = [
        (one, exact[one.expresses])
        for one in analysis.measured
        if one.dtype != "float64"
        and one.value is not None
        and exact.get(one.expresses) is not None
        and format_number(one.value) != format_number(exact[one.expresses] or 0.0)
        and not _is_an_edge(one, exact[one.expresses] or 0.0)
    ]
    if not differing:
        return None
    one, value = differing[0]
    assert one.value is not None
    assert value is not None
    methods = dict.fromkeys(method for other, _ in differing for method in other.expresses[:1])
    more = f" (and otherwise for {counted(len(methods) - 1, 'method', 'methods')} more)" if len(methods) > 1 else ""
    return (
        f"{one.engine} prints {format_number(one.value)} in {one.dtype} and {format_number(value)} in float64 "
        f"for {one.expresses[0]}{more}"
    )
