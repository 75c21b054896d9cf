"""What if the batch is cut: into micro-batches, into the ranks of data parallel training, or both?

Accumulation with loss/k, and data parallel training, whose ranks average their gradients, both give the mean of the
parts' values. Each part divides by its own D, so a sample counts for more in a part whose D is small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from wce_cli.answers.split import Split
from wce_cli.fields import SCORE_KINDS, BatchFields
from wce_cli.questions.called import apart, batch_of, is_array, own_one, shows_fields, with_criterion
from wce_cli.questions.given_batch import by_name
from wce_cli.questions.split.compare import split_batch
from wce_cli.questions.split.cut import cut_of

__all__ = ["Split", "cut_of", "split", "split_batch"]


def _begins(given: tuple[Any, ...], named: Mapping[str, Any]) -> int:
    """How many of the arguments are the size: a list of numbers is one, where scores are given beside it."""
    has_scores = len(given) > 2 or any(kind in named for kind in SCORE_KINDS)
    return 1 if has_scores or not any(map(is_array, given[:1])) else 0


@shows_fields
def split(
    *given: Any,
    size: int | Sequence[int] | None = None,
    ranks: int = 1,
    shuffle: int | None = None,
    by: str | None = None,
    **batch: Unpack[BatchFields],
) -> Split:
    """Compare the loss of a batch with the mean of the losses of its parts, by every method.

    `split(batch, 4)`, `split(4, x, y)` and `split(x, y, size=4)` cut into micro-batches of 4.

    `size`: items of each micro-batch, or the sizes of all of them; `ranks`: how many ranks the items are dealt to in
    turn, as torch's DistributedSampler does; `shuffle`: the seed of the order that comes before that,
    `numpy.random.default_rng(shuffle).permutation(n)` of the n items. An item is what stands along the first axis, an
    image with all its pixels; with `by="row"` it is a row, a pixel or a token. `by` alone makes a part of each. The
    batch is given as to `explain`; of a criterion the settings are read, and it is not called.

    Returns a Split: `print` it, or ask `.method("weighted-mean").mean_of_parts`. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read or cut.
    """
    given, taken = with_criterion("split", given, batch)
    named = by_name("split", taken)
    own, arrays = apart(given, 0 if size is not None else _begins(given, named))
    size = own_one("split", "size", own, size)
    whole = batch_of("split", arrays, named)
    return split_batch(whole, cut_of(whole, size, ranks, shuffle, by=by))
