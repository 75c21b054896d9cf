"""A batch built once, for all the questions that are asked about it."""

from __future__ import annotations

import os
from typing import Any, Unpack

from wce_cli.errors import Problem, WceError
from wce_cli.fields import BatchFields
from wce_cli.questions.called import given_batch, shows_fields, with_criterion
from wce_cli.questions.given_batch import GivenBatch, by_name


@shows_fields
def batch(*given: Any, **fields: Unpack[BatchFields]) -> GivenBatch:
    """Build a batch that is read and checked once: `explain(batch)`, `split(batch, 4)`, `identify(0.6662, batch)`.

    It is given as to `explain`: `batch(x, y)`, `batch(criterion, x, y)`, `batch("batch.json")`, `batch(logits=x, …)`.
    Every function takes it in the place of scores and labels, and `explain(batch, weight=w)` is about the same batch
    with another weight. Arrays are not copied: what is changed in them afterwards changes the answers, unchecked. A
    criterion is called by each question that is about its number.

    Returns a GivenBatch. Raises WceError, with every problem found, if the batch cannot be read.
    """
    given, taken = with_criterion("batch", given, fields)
    named = by_name("batch", taken)
    if len(given) == 1 and isinstance(given[0], (str, os.PathLike)):
        from wce_cli.questions.of_file import batch_of_file

        return batch_of_file(os.fspath(given[0]), named)
    if len(given) == 1 and hasattr(given[0], "__next__"):
        hint = "explain(blocks=…) walks them; a batch that does not fit in memory is a numpy.memmap"
        raise WceError(Problem("blocks are walked once, and a batch is for several questions", hint))
    return given_batch("batch", given, named)
