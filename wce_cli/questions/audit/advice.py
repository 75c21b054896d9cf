"""What to change, by what a function computes: data."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wce_cli.answers.audit import Computed
from wce_cli.loss.methods import METHODS
from wce_cli.questions.audit.probes import FAR, Offers
from wce_cli.questions.audit.rows.edges import USELESS
from wce_cli.questions.audit.rows.numbers import CAPPED

OF_DEPARTURE = {
    "softmax-twice": "hand the logits over, not their softmax: cross-entropy takes the softmax itself",
    "as-probabilities": "it takes probabilities: apply log_softmax to logits, or audit it by --call 'f(probs, labels)'",
    "raw": "it takes log-probabilities, as NLLLoss does: apply log_softmax to logits first",
    "no-log": "take the log: it returns −p, as NLLLoss of a softmax does",
    "log2": "take log, not log2, to get nats",
    "log10": "take log, not log10, to get nats",
    "wrong-axis": "softmax over the class axis: dim=1, not dim=0",
    "weight-in-logits": "multiply the loss by the weight, not the logits",
    "weight-in-probability": "multiply the loss by the weight, not the probability",
    "weight-missing": USELESS,
    "by-prediction": "look the weight up by the label, weight[labels], not by the prediction",
    "reversed": "the weights are in reversed order",
    "squared": "the weight is multiplied twice",
    "squared-above": "the weight is multiplied twice",
    "sum-1": "leave the weights as they are: dividing them by their sum scales the loss",
    "sum-c": "leave the weights as they are: normalising them scales the loss",
    "sum-n": "leave the weights as they are: normalising them scales the loss",
    "per-sample": "index the weights by the labels, weight[labels]: they are one a class, not one a sample",
    "eps-over-c-1": "spread ε over all C classes, ε/C each, as torch does; here ε/(C−1) goes to the others",
    "not-smoothed": "label_smoothing changes nothing",
    "over-weight-table": "divide by the weights of the labels, weight[labels].sum(), not by weight.sum()",
    "averaged-again": "it is divided twice: the loss is a mean already",
    "negated": "the sign is turned: −log p is positive",
    "sigmoid": "this is binary cross-entropy of each class, for samples of several labels: where a sample has one, "
    "take log_softmax, not the sigmoid",
}


def of_rule(own: Computed, offers: Offers) -> Iterator[str]:
    """What to change about the rule itself."""
    if own.departs is not None and own.departs.when == FAR.about and _is_number(own.departs.got):
        yield CAPPED
    for departure in own.departures:
        if departure in OF_DEPARTURE:
            yield OF_DEPARTURE[departure]
    if own.pairs and not own.departures and offers.weight:
        method = METHODS[own.pairs[0].partition("/")[0]]
        if method.advice or not method.is_weighted:
            yield method.advice or USELESS


def _is_number(got: float | None) -> bool:
    return got is not None and math.isfinite(got)
