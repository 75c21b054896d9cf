"""index-or-one-hot: the same labels as indices and as one-hot rows give two numbers in one framework."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="index-or-one-hot",
    severity="note",
    summary="the same labels as one-hot rows make another loss than as class indices",
    meaning="cross_entropy takes class indices or rows of probabilities. With indices its mean divides by the weights "
    "of the labels, with rows by the number of samples, whatever they weigh. Both were run on these labels.",
    why="Mixup, label smoothing of one's own or a one-hot encoding upstream turns the first into the second, and the "
    "loss and its gradient change by the factor between them.",
    example="wce explain samples/two-samples.json --engine torch",
    remedy="keep indices, or divide the sum of the losses by the sum of the weights yourself",
    references=("https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",),
)


def message(analysis: Analysis) -> str | None:
    """The two numbers of one framework, where its call with rows is not that with indices."""
    if analysis.spec.is_soft or len(analysis.measured) < 2:
        return None
    for rows in analysis.measured:
        if "one_hot(" not in rows.call or rows.value is None:
            continue
        for index in analysis.measured:
            is_other = index.engine == rows.engine and index.dtype == rows.dtype and "one_hot(" not in index.call
            if not is_other or index.value is None:
                continue
            if format_number(index.value, 5) == format_number(rows.value, 5) or rows.expresses == index.expresses:
                return None
            return (
                f"{index.engine} returns {format_number(index.value)} for these labels as indices "
                f"({index.expresses[0]}), and {format_number(rows.value)} for the same as one-hot rows "
                f"({rows.expresses[0]})"
            )
    return None
