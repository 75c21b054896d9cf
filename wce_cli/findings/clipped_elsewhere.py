"""clipped-elsewhere: Keras and scikit-learn move probabilities before they take the log, wce and torch do not.

Rows that are off by more than roundings are `probs-not-normalised`, which shows the number of a row divided by its sum.
"""

from __future__ import annotations

import math

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.digits import format_number
from wce_cli.findings.page import Page
from wce_cli.findings.words import mean_of_divided
from wce_cli.loss.clipped import eps_of
from wce_cli.loss.layout import class_axis_last
from wce_cli.loss.methods import LossValue, divide
from wce_cli.loss.sums import Sums

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

SUMS_OF_FLOAT32 = 1e-6
"""float32 rows sum to 1 within a few 1e-7: dividing by that may turn the last digit, and is no difference."""
SCIKIT = "scikit-learn 1.9.1 log_loss"
KERAS = {
    (True, False): "Keras 3.15.1",
    (False, True): "Keras 3.15.1 (p in [1e-7, 1 − 1e-7])",
    (True, True): "Keras 3.15.1 (rows divided by their sum, p in [1e-7, 1 − 1e-7])",
}
"""By whether the division by the sum of a row shows, and whether the clipping does."""


def message(analysis: Analysis) -> str | None:
    """What each of them does to the probabilities and would give, where it differs at six digits.

    What the digits of a printed batch leave open is no difference, neither of the loss nor of the sum of a row.
    """
    spec, totals, facts = analysis.spec, analysis.totals, analysis.facts
    if spec.label_smoothing > 0 or (facts.renormalised is None and facts.clipped is None):
        return None
    clip, division, told = False, False, []
    counted = analysis.value("batch-mean/sample" if totals.n_kept == totals.n else "kept-mean/sample")  # ignore_class
    if facts.renormalised is not None and facts.undivided is not None and counted is not None:
        theirs, undivided = _value(analysis, facts.renormalised, counted), _value(analysis, facts.undivided, counted)
        open_here, open_sums = analysis.rounding.get(counted.pair, 0.0), _open_by_sums(analysis, counted)
        if _differ(theirs, counted.value, open_here + open_sums):
            division = _differ(theirs, undivided, open_sums)
            clip = _differ(undivided, counted.value, open_here) or not division
            if not clip and _is_told(analysis, theirs):
                division = False
            else:
                told.append(_told(KERAS[division, clip], theirs, counted))
    eps, weighted = eps_of(spec), analysis.value("weighted-mean")
    if facts.clipped is not None and eps is not None and weighted is not None:
        theirs = _value(analysis, facts.clipped, weighted)
        if _differ(theirs, weighted.value, analysis.rounding.get(weighted.pair, 0.0)):
            clip = True
            told.append(_told(f"{SCIKIT} (p in [{format_number(eps)}, 1 − {format_number(eps)}])", theirs, weighted))
    if not told:
        return None
    acts = " and ".join(["clipped"] * clip + ["divided by the sum of their row"] * division)
    return f"elsewhere these probabilities are {acts}: {'; '.join(told)}"


def _is_told(analysis: Analysis, theirs: float) -> bool:
    """Whether `probs-not-normalised` shows the same number."""
    _, divided = mean_of_divided(analysis)
    is_shown = analysis.facts.row_sums.off.rows.count > 0 and divided is not None
    return is_shown and format_number(theirs) == format_number(divided or 0.0)


def _value(analysis: Analysis, sums: Sums, ours: LossValue) -> float:
    """Their loss, divided as ours is; ours where that is by 0: theirs is an error or 0, `zero-denominator` speaks."""
    if ours.denominator == 0:
        return ours.value
    return divide(sums.dot(analysis.spec.class_weight, analysis.totals.count > 0), ours.denominator)


def _differ(a: float, b: float, left_open: float) -> bool:
    if format_number(a) == format_number(b) or math.isclose(a, b, rel_tol=SUMS_OF_FLOAT32):
        return False
    return not (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= left_open)


def _open_by_sums(analysis: Analysis, ours: LossValue) -> float:
    """How far the log of the sums of the rows may be off, by the half-units of their numbers: R·Σ|s·w| / |D|."""
    half = analysis.spec.half_units.get("probs")
    if half is None or ours.denominator == 0:
        return 0.0
    largest = float(class_axis_last(half).sum(axis=-1).max(initial=0.0))
    weights = np.abs(analysis.totals.s.values() * analysis.spec.class_weight)[analysis.totals.count > 0].sum()
    return largest * float(weights) / abs(ours.denominator)


def _told(who: str, theirs: float, ours: LossValue) -> str:
    pair = ours.pair.removesuffix("/class")
    return f"{who} gives {format_number(theirs)} where {pair} is {format_number(ours.value)}"
