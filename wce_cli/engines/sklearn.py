"""scikit-learn, measured: `log_loss` with a sample_weight, always in float64."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from wce_cli.answers.report import Measured
from wce_cli.engines.calls import EngineCall, Framework, installed_version
from wce_cli.engines.case import Case
from wce_cli.loss.sums import Floats


def measure(case: Case) -> Iterator[Measured]:
    """The mean and the sum, weighted, and the mean without weights."""
    framework = Framework("scikit-learn", installed_version("scikit-learn"))
    reason = _cannot_express(case)
    if reason:
        yield framework.nothing(reason)
    else:
        yield from framework.all_returned(_calls(case), "float64")
        yield from framework.all_returned(_by_name(case), "float64")


def _calls(case: Case) -> Iterator[EngineCall]:
    from sklearn.metrics import log_loss

    p, p_text = _probabilities(case)
    options = f"labels=range({case.n_classes})"
    run = partial(log_loss, case.y, p, labels=range(case.n_classes))
    weight, text = case.row_weight, f"log_loss({case.y_text}, {p_text}, {options}"
    if case.ignored.any():  # there is no ignore_index, so what is asked is whether the label is taken
        yield EngineCall(f"{text})", run, ())
        return
    if weight is None:
        yield EngineCall(f"{text})", run, ("weighted-mean/sample", "unweighted-mean"))
        yield EngineCall(f"{text}, normalize=False)", partial(run, normalize=False), ("sum/sample",))
        return
    given = f"{text}, sample_weight={case.row_weight_text}"
    yield EngineCall(f"{given})", partial(run, sample_weight=weight), ("weighted-mean/sample",))
    yield EngineCall(f"{given}, normalize=False)", partial(run, sample_weight=weight, normalize=False), ("sum/sample",))
    yield EngineCall(f"{text})", run, ("unweighted-mean",))


def _by_name(case: Case) -> Iterator[EngineCall]:
    """The labels as the names that they were given by, which it sorts, and takes the columns for theirs."""
    from sklearn.metrics import log_loss

    if not case.names or case.ignored.any():
        return
    (p, p_text), names = _probabilities(case), list(case.names)
    run = partial(log_loss, np.array(names)[case.labels], p, labels=names, sample_weight=case.row_weight)
    weight = "" if case.row_weight is None else f", sample_weight={case.row_weight_text}"
    yield EngineCall(f"log_loss(np.array(classes)[{case.y_text}], {p_text}, labels=classes{weight})", run, ())


def _probabilities(case: Case) -> tuple[Floats, str]:
    """The scores as it takes them, and how a user writes that."""
    from scipy.special import softmax

    if case.scores == "logits":
        return softmax(case.x, axis=1), f"softmax({case.x_text}, axis=1)"
    return case.x, case.x_text


def _cannot_express(case: Case) -> str | None:
    if case.is_soft:
        return "cannot express probability labels"
    if case.label_smoothing > 0:
        return "cannot express label smoothing"
    if case.scores == "log_probs":
        return "takes probabilities, not log-probabilities"
    return None
