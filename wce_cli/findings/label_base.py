"""label-base: labels that look as if they count from 1.

A label of C is refused, so what is left to see is that 0 never occurs. That alone means little where classes are
rare or come in clusters (words, pixels): every other class has to occur, and the absence of 0 has to be unlikely.
Nor is it said where the classes have names, which labels may have been given by, or where 0 is what is ignored.
"""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="label-base",
    severity="caution",
    summary="no label is 0 while every other class occurs: the labels may count from 1",
    meaning="Labels count from 0. Labels that count from 1 name the next class each, and the last class would be out "
    "of range: where the scores have a column too many, or the last class does not occur, nothing is refused.",
    why="The loss is finite and falls during training, for the wrong columns. The weights are off by one as well.",
    example="wce explain --logits '[[0,1,2],[1,0,2],[0,2,1],[2,1,0],[0,0,1],[1,1,0],[0,1,0],[1,2,3],[3,2,1],[1,3,2],"
    "[2,0,1],[0,2,2]]' --labels 1,2,1,2,1,2,1,2,1,2,1,2",
    remedy="subtract 1 from the labels if they count from 1; nothing is wrong if class 0 just does not occur here",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.NLLLoss.html",
    ),
    is_doubt=True,
)

UNLIKELY = 0.01


def message(analysis: Analysis) -> str | None:
    """Show how likely it is that 0 is missing by chance, were all classes equally likely."""
    spec, n = analysis.spec, analysis.totals.n_kept
    c = spec.n_classes
    if spec.is_soft or spec.class_names is not None or spec.ignore_index == 0 or spec.label_base != 0:
        return None
    if c < 3 or analysis.count[0] > 0 or len(analysis.present) < c - 1:
        return None
    chance = (1 - 1 / c) ** n
    if chance >= UNLIKELY:
        return None
    told = format_number(chance) if chance >= 1e-6 else "less than 1e-06"
    return (
        f"none of {n} labels is 0, while each class from 1 to {c - 1} occurs: if the classes are equally likely, that "
        f"has a chance of {told}. Do the labels count from 1?"
    )
