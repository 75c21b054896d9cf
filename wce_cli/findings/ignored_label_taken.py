"""ignored-label-taken: a framework that is not told which label to ignore takes it without a word."""

from __future__ import annotations

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page

PAGE = Page(
    code="ignored-label-taken",
    severity="caution",
    summary="a framework that is not told of the ignored label computes on, without an error",
    meaning="The label that is ignored here is no class. The framework was asked without its option to ignore one, or "
    "has none, and returned a number all the same: it scored such samples as 0 and counted them, or made nan of them.",
    why="Nothing fails. Keras on its torch backend counts the ignored samples in N, optax makes the whole mean nan, "
    "and numpy and JAX read w[-100] as some class's weight.",
    example="wce explain --logits '2 1; 0 1; 1 1' --labels 0,-100,1 --weight 1,3 --engine keras",
    remedy="say which label is ignored (ignore_class=), or leave those samples out before the loss",
    references=("https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class",),
)


def message(analysis: Analysis) -> str | None:
    """The first call that knows nothing of the ignored label and returned a number."""
    totals = analysis.totals
    if totals.n_kept == totals.n:
        return None
    for one in analysis.measured:
        if one.value is not None and not one.expresses:
            is_ = f": {one.methods[0]}" if one.methods else ""
            return (
                f"{one.engine} takes the label {analysis.spec.ignored_as_given} without a word and returns "
                f"{format_number(one.value)}{is_}, from {one.call}"
            )
    return None
