"""clipped-elsewhere: Keras and scikit-learn move probabilities before they take the log, wce and torch do not."""

from __future__ import annotations

import math

from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.loss.clipped import eps_of
from wce_cli.loss.methods import divide
from wce_cli.loss.sums import Sums
from wce_cli.report import Analysis

PAGE = Page(
    code="clipped-elsewhere",
    severity="note",
    summary="Keras or scikit-learn would clip these probabilities, or divide them by their sum, and print other digits",
    meaning="wce takes −log p of a probability as it is given. Keras 3.15.1 divides each row by its sum and clips to "
    "[1e-7, 1 − 1e-7]; scikit-learn 1.9.1 log_loss clips to [eps, 1 − eps] of the dtype and does not divide.",
    why="A probability of 0 at the label is inf here, 16.118 in Keras and 36.0437 in scikit-learn, so that a loss can "
    "be off by any factor. Rows that do not sum to 1 change in Keras alone.",
    example="wce explain --probs '0 1; 0.3 0.7' --labels 0,1",
    remedy="compare with losses from logits, which PyTorch and Keras (from_logits=True) do not clip",
    references=(
        "https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class",
        "https://scikit-learn.org/stable/modules/generated/sklearn.metrics.log_loss.html",
        "https://github.com/keras-team/keras/issues/7563",
    ),
)

ROUNDING = 1e-6
"""float32 rows sum to 1 within a few 1e-7: dividing by that may turn the last digit, and is no difference."""


def message(analysis: Analysis) -> str | None:
    """Show what each of them would give, where it differs at six digits."""
    spec, totals, facts = analysis.spec, analysis.totals, analysis.facts
    if spec.label_smoothing > 0:
        return None
    counted = "batch-mean/sample" if totals.n_kept == totals.n else "kept-mean/sample"  # Keras: ignore_class
    eps = eps_of(spec)
    told = []
    if facts.renormalised is not None:
        keras = "Keras 3.15.1 (rows divided by their sum, p in [1e-7, 1 − 1e-7])"
        told.append(_told(analysis, keras, facts.renormalised, counted))
    if facts.clipped is not None and eps is not None:
        scikit = f"scikit-learn 1.9.1 log_loss (p in [{format_number(eps)}, 1 − {format_number(eps)}])"
        told.append(_told(analysis, scikit, facts.clipped, "weighted-mean"))
    different = "; ".join(one for one in told if one)
    return f"elsewhere these probabilities are clipped: {different}" if different else None


def _told(analysis: Analysis, who: str, sums: Sums, pair: str) -> str:
    ours = analysis.value(pair)
    assert ours is not None
    if ours.denominator == 0:  # theirs is an error or 0 then, and `zero-denominator` speaks
        return ""
    theirs = divide(sums.dot(analysis.spec.class_weight, analysis.totals.count > 0), ours.denominator)
    there, here = format_number(theirs), format_number(ours.value)
    if there == here or math.isclose(theirs, ours.value, rel_tol=ROUNDING):
        return ""
    return f"{who} gives {there} where {pair} is {here}"
