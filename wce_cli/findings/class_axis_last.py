"""class-axis-last: labels fit the scores with the classes on axis 1, as torch has them, and with the last one.

Index labels fit by their shape, probability labels by their sums, which are 1 along either axis.

Where only one of the two fits, that one is taken, and a note says so.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="class-axis-last",
    severity="caution",
    summary="the labels fit classes on axis 1, which is taken, and on the last axis of the scores as well",
    meaning="PyTorch has the classes on axis 1; Keras, JAX and language models have them last. For scores (N, C, C) or "
    "(N, C, H, C) labels fit both, and nothing is refused.",
    why="Along the wrong axis the loss is finite and means nothing: the softmax runs over positions.",
    example="wce explain --logits '[[[0,1],[2,0]],[[1,5],[0,3]]]' --labels '[[0,1],[0,1]]'",
    remedy="name the axis with --class-axis (class_axis= in Python): 1, or -1 for the last",
    references=("https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",),
)


def message(analysis: Analysis) -> str | None:
    """Show the loss along either axis."""
    other = analysis.along_last_axis
    one = None if other is None else analysis.value(other.method)
    if other is None or one is None or one.value == other.value:
        return None
    return (
        f"the labels fit classes on axis 1 and on the last axis of the scores: {one.method} is "
        f"{format_number(one.value)} along axis 1, which was taken, and {format_number(other.value)} along the last"
    )
