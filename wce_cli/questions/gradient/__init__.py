"""What does the loss pull at? The gradient of every method, sample by sample, and whether a gap between two methods is
one factor, which a learning rate makes up for, or another direction.
"""

from __future__ import annotations

from typing import Any, Unpack

from wce_cli.answers.gradient import Gradients
from wce_cli.fields import BatchFields
from wce_cli.questions.called import batch_of, shows_fields, with_criterion
from wce_cli.questions.gradient.pulls import gradient_batch

__all__ = ["Gradients", "gradient", "gradient_batch"]


@shows_fields
def gradient(*arrays: Any, **batch: Unpack[BatchFields]) -> Gradients:
    """Say what every method's loss pulls at: dL/dlogits by sample, by class and as a whole.

    `gradient(batch)`, `gradient(x, y)`: the batch is given as to `explain`. Of a criterion the settings are read; it is
    not called.
    Returns a Gradients: `print` it, or look at its `.gaps`.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    arrays, named = with_criterion("gradient", arrays, batch)
    return gradient_batch(batch_of("gradient", arrays, named))
