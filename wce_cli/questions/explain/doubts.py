"""Whether a batch is what it was taken for, said beside answers that have no findings of their own."""

from __future__ import annotations

import numpy as np

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Finding
from wce_cli.findings import doubts
from wce_cli.loss.facts import Facts
from wce_cli.loss.methods import loss_values
from wce_cli.loss.spec import Spec
from wce_cli.loss.totals import Totals


@np.errstate(all="ignore")
def doubts_of(spec: Spec, totals: Totals, facts: Facts) -> tuple[Finding, ...]:
    """The findings that doubt how the scores, the labels or the weights of a batch are read."""
    return doubts(Analysis(spec, totals, facts, loss_values(totals, spec.class_weight, spec.label_smoothing), ()))
