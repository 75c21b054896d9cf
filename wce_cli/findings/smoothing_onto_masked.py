"""smoothing-onto-masked: label smoothing, or a probability label, gives a share to a class that has no chance."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.masked_target import SCORE
from wce_cli.findings.page import Page
from wce_cli.findings.words import counted_rows
from wce_cli.loss.facts import CountedRows

PAGE = Page(
    code="smoothing-onto-masked",
    severity="error",
    summary="smoothing or a probability label gives a share to a class whose logit is -inf: the loss is infinite",
    meaning="With label smoothing every class has a share ε/C of each label, also one that is masked with -inf (or has "
    "the probability 0): ε/C · inf is inf. A probability label does the same for every class with a share above 0.",
    why="Masking classes and smoothing labels are both common, and together they make every loss infinite. A large "
    "finite mask such as -1e4 hides it: the loss is then finite and thousands of times too large.",
    example="wce explain --logits '1 2 -inf; 2 0 1' --labels 0,1 --label-smoothing 0.1",
    remedy="smooth over the classes that are not masked, or set the label's share of masked classes to 0",
    references=(
        "https://docs.pytorch.org/docs/2.13/generated/torch.nn.CrossEntropyLoss.html",
        "https://github.com/facebookresearch/pytext/pull/1698",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Say what shares the samples of infinite loss have: how many they are, and which is the first."""
    spec, facts = analysis.spec, analysis.facts
    score = SCORE[spec.scores]
    if spec.label_smoothing > 0:
        rows = facts.no_chance
        if not rows.count or rows.count == facts.masked.count or (spec.is_soft and facts.nan_smoothed.count):
            return None  # masked-target, or nan-loss, says so
        return (
            f"label smoothing {format_number(spec.label_smoothing)} gives every class a share of "
            f"{format_number(spec.label_smoothing / spec.n_classes)}, and a class's {score} in "
            f"{counted_rows(spec, rows)}: {_losses(rows)} inf"
        )
    rows = facts.infinite
    if not spec.is_soft or not rows.count or not facts.no_chance.count:
        return None
    size = "infinite" if facts.negative_q.count else "inf"  # a share below 0 makes it −inf
    where = f"a class whose {score}, in {counted_rows(spec, rows)}"
    return f"the probability labels give a share to {where}: {_losses(rows)} {size}"


def _losses(rows: CountedRows) -> str:
    return "its loss is" if rows.count == 1 else "their losses are"
