"""Probabilities as others take their log: clipped, so that p = 0 costs a large number and not ∞.

Free of the class weight and of ε, as all facts are. Only where the scores are probabilities of two classes or
more; everything here was measured, `tests/data/clipped_runs.json` has the numbers.
"""

from __future__ import annotations

import numpy as np

from wce_cli.loss.spec import Spec
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
"""Rows are summed within the first so many scores. A longer batch has no answer, rather than one more pass over
all scores, of which an index label needs one a row."""


def eps_of(spec: Spec) -> float | None:
    """What the probabilities of a spec are clipped by; None for half precision, whose roundings show at six digits."""
    own = spec.dtypes.get(spec.scores, "float64")
    return None if own in ("float16", "bfloat16") else EPS.get(own, EPS["float64"])


def clipped(kept: KeptRows, spec: Spec) -> Sums | None:
    """Σs·ℓ by y, p clipped to [eps, 1 − eps]. Index labels alone: the others are refused where this is done."""
    eps = eps_of(spec)
    if spec.scores != "probs" or spec.n_classes == 1 or kept.target_score is None or eps is None:
        return None
    return _sums(_minus_log(kept.target_score, eps, 1.0 - eps), kept, spec)


def renormalised(p: Floats, q: Floats | None, kept: KeptRows, spec: Spec) -> tuple[Sums, Sums]:
    """Σs·ℓ by y, p (m, C) of the kept rows divided by the sum of its row and clipped to ENDS; and p clipped alone, to
    tell the two apart. `q` (m, C) are probability labels, None for index labels.
    """
    y = kept.label
    with np.errstate(invalid="ignore", divide="ignore"):
        total = p.sum(axis=1)
        if q is None:
            own = p[np.arange(len(y)), y]
            divided, alone = _minus_log(own / total, *ENDS), _minus_log(own, *ENDS)
        else:
            divided = (q * _minus_log(p / total[:, None], *ENDS)).sum(axis=1)
            alone = (q * _minus_log(p, *ENDS)).sum(axis=1)
    return _sums(divided, kept, spec), _sums(alone, kept, spec)


def _sums(loss: Floats, kept: KeptRows, spec: Spec) -> Sums:
    s_loss = loss if kept.sample_weight is None else kept.sample_weight * loss
    return Sums.by_label(s_loss, kept.label, spec.n_classes)


def _minus_log(p: Floats, low: float, high: float) -> Floats:
    losses: Floats = 0.0 - np.log(np.clip(p, low, high))
    return losses
