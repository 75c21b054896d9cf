"""zero-denominator: a method divides by 0."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import all_of, listed

PAGE = Page(
    code="zero-denominator",
    severity="error",
    summary="nothing to divide by: every sample is ignored, or the weights add up to 0",
    meaning="The denominator of a method is 0. With a numerator of 0 the loss is 0/0, which is NaN; with any "
    "other numerator it is plus or minus infinity.",
    why="Where kept samples weigh 0 together, the gradient is NaN as well, and spreads into every parameter at the "
    "next step. Where every sample is ignored, PyTorch's gradient is 0: the parameters stay as they are, and the mean "
    "of the epoch is NaN. Frameworks disagree on the loss: PyTorch and ONNX return nan, Keras, Paddle, CatBoost and "
    "TensorFlow 1 return 0, scikit-learn and XGBoost raise.",
    example="wce explain --logits '0.1 0.9' --labels 0 --weight 0,1",
    remedy="skip such a batch, or sum the terms and divide by max(D, 1)",
    references=(
        "https://github.com/pytorch/pytorch/issues/75181",
        "https://github.com/pytorch/pytorch/issues/70348",
    ),
)


def message(analysis: Analysis) -> str | None:
    """Name the methods that divide by 0, and why it is 0."""
    zero = [value for value in analysis.values if value.denominator == 0]
    if not zero:
        return None
    zero = [value for value in zero if value.placement == "class"] or zero
    totals = analysis.totals
    if totals.n == 0:
        cause = "the batch is empty"
    elif totals.n_kept == 0:
        cause = f"{all_of(totals.n)} samples are ignored" if totals.n > 1 else "the only sample is ignored"
    elif not (analysis.spec.class_weight[totals.count_weighted > 0] != 0).any():
        cause = "every kept sample weighs 0" if totals.n_kept > 1 else "the only kept sample weighs 0"
    else:
        cause = "the weights of the kept samples add up to 0"
    quotients: dict[str, list[str]] = {}
    for value in zero:
        quotient = f"{format_number(value.numerator)}/0 = {format_number(value.value)}"
        quotients.setdefault(quotient, []).append(value.pair.removesuffix("/class"))
    told = (f"{listed(names)} {'is' if len(names) == 1 else 'are'} {quotient}" for quotient, names in quotients.items())
    return f"{cause}: {'; '.join(told)}"
