"""Probabilities as others take their log: clipped, so that p = 0 costs a large number and not ∞.

Free of the class weight and of ε, as all facts are. Only where the scores are probabilities of two classes or
more; everything here was measured, `tests/data/clipped_runs.json` has the numbers.
"""

from __future__ import annotations

import numpy as np

from wce_cli.loss.batch import Batch, Spec
from wce_cli.loss.rows import floats
from wce_cli.loss.sums import Floats, Sums
from wce_cli.loss.totals import KeptRows

EPS = {"float32": 2.0**-23, "float64": 2.0**-52}
"""p is clipped to [eps, 1 − eps] of its own dtype. Source: scikit-learn 1.9.1, sklearn/metrics/_classification.py,
_log_loss."""
ENDS = (1e-7, 1.0 - 2.0**-23)
"""p, divided by the sum of its row, is clipped to [1e-7, 1 − 1e-7]; 1 − 1e-7 is 1 − 2⁻²³ in float32, the dtype that
losses compute in unless told otherwise. Source: keras 3.15.1, keras/src/backend/torch/nn.py,
sparse_categorical_crossentropy, and keras/src/backend/config.py."""
SUMMED = 1 << 20
"""Rows are summed in batches of up to so many scores. A longer one has no answer, rather than one more pass over all
scores, of which an index label needs one a row."""


def eps_of(spec: Spec) -> float | None:
    """What the probabilities of a spec are clipped by; None for half precision, whose roundings show at six digits."""
    own = spec.dtypes.get(spec.scores, "float64")
    return None if own in ("float16", "bfloat16") else EPS.get(own, EPS["float64"])


def clipped(rows: KeptRows, spec: Spec) -> Sums | None:
    """Σs·ℓ by y, p clipped to [eps, 1 − eps]. Index labels alone: the others are refused where this is done."""
    eps = eps_of(spec)
    if spec.scores != "probs" or spec.n_classes == 1 or rows.target_score is None or eps is None:
        return None
    return _by_label(rows, _minus_log(rows.target_score, eps, 1.0 - eps), spec)


def renormalised(rows: KeptRows, batch: Batch) -> Sums | None:
    """Σs·ℓ by y, p divided by the sum of its row and clipped to ENDS; None for more than SUMMED scores."""
    spec, c = batch.spec, batch.spec.n_classes
    if spec.scores != "probs" or c == 1 or batch.n_samples * c > SUMMED:
        return None
    if not len(rows.row):
        return Sums.zeros(c)
    first, stop = int(rows.row[0]), int(rows.row[-1]) + 1
    p = floats(batch.scores.rows(first, stop), batch.scores.dtype)[rows.row - first]
    with np.errstate(invalid="ignore", divide="ignore"):
        total = p.sum(axis=1)
        if spec.is_soft:
            q = floats(batch.labels.rows(first, stop), batch.labels.dtype)[rows.row - first]
            loss = (q * _minus_log(p / total[:, None], *ENDS)).sum(axis=1)
        else:
            loss = _minus_log(p[np.arange(len(p)), rows.label] / total, *ENDS)
    return _by_label(rows, loss, spec)


def _by_label(rows: KeptRows, loss: Floats, spec: Spec) -> Sums:
    weighted = loss if rows.sample_weight is None else rows.sample_weight * loss
    return Sums.by_label(weighted, rows.label, spec.n_classes)


def _minus_log(p: Floats, low: float, high: float) -> Floats:
    losses: Floats = 0.0 - np.log(np.clip(p, low, high))
    return losses
