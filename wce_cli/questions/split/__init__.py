"""What if the batch is cut: into micro-batches, into the ranks of data parallel training, or both?

Accumulation with loss/k, and data parallel training, whose ranks average their gradients, both give the mean of the
parts' values. Each part divides by its own D, so a sample counts for more in a part whose D is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wce_cli.loss.batch import Batch
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.questions.called import is_array, takes_batch
from wce_cli.questions.split.answer import Split
from wce_cli.questions.split.asked import cut_of
from wce_cli.questions.split.compare import split_batch

__all__ = ["Split", "cut_of", "split", "split_batch"]


@takes_batch(lambda arguments, named: 0 if "size" in named or any(map(is_array, arguments[:1])) else 1)
def split(
    size: int | Sequence[int] | None = None,
    *,
    ranks: int = 1,
    shuffle: int | None = None,
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
) -> Split:
    """Compare the loss of a batch with the mean of the losses of its parts, by every method.

    `size`: items of each micro-batch, or the sizes of all of them; `ranks`: how many ranks the items are dealt to in
    turn, as torch's DistributedSampler does; `shuffle`: the seed of a permutation before that. An item is what stands
    along the first axis: an image with all its pixels. The batch is given as to `explain`.

    Returns a Split: `print` it, or ask `.method("weighted-mean").mean_of_parts`. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read or cut.
    """
    batch = Batch.build(
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
    return split_batch(batch, cut_of(batch, size, ranks, shuffle))
