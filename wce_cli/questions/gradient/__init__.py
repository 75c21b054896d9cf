"""What does the loss pull at? The gradient of every method, sample by sample, and whether a gap between two methods is
one factor, which a learning rate makes up for, or another direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wce_cli.loss.batch import Batch
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.questions.called import takes_batch
from wce_cli.questions.gradient.answer import Gradients
from wce_cli.questions.gradient.pulls import gradient_batch

__all__ = ["Gradients", "gradient", "gradient_batch"]


@takes_batch(lambda arguments, named: 0)
def gradient(
    *,
    logits: Any = None,
    log_probs: Any = None,
    probs: Any = None,
    labels: Any = None,
    weight: Any = None,
    sample_weight: Any = None,
    classes: Sequence[str] | None = None,
    ignore_index: int = IGNORE_INDEX,
    label_smoothing: float = 0.0,
    label_base: int = 0,
) -> Gradients:
    """Say what every method's loss pulls at: dL/dlogits by sample, by class and as a whole.

    The batch is given as to `explain`. Returns a Gradients: `print` it, or look at its `.gaps`.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    return gradient_batch(
        Batch.build(
            logits=logits,
            log_probs=log_probs,
            probs=probs,
            labels=labels,
            weight=weight,
            sample_weight=sample_weight,
            classes=classes,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
            label_base=label_base,
        )
    )
