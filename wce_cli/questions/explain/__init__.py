"""Where does the number come from?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Unpack

import numpy as np

from wce_cli.answers.report import Report
from wce_cli.batches.batch import Batch
from wce_cli.engines import AUTO, engines_of
from wce_cli.errors import Problem, WceError
from wce_cli.fields import BatchFields
from wce_cli.questions.called import given_batch, is_array, shows_fields, with_criterion
from wce_cli.questions.explain.of_batch import explain_batch
from wce_cli.questions.given_batch import GivenBatch, by_name


def _may_be_blocks(given: Any, has_labels: bool) -> bool:
    """Whether the only argument is no scores, batch or file, but may be blocks."""
    is_scores = isinstance(given, (Mapping, GivenBatch)) or hasattr(given, "shape") or is_array(given)
    return hasattr(given, "__next__") or (hasattr(given, "__iter__") and not is_scores and not has_labels)


@shows_fields
def explain(
    *given: Any,
    blocks: Iterable[Any] | None = None,
    engines: Sequence[str] = (AUTO,),
    **batch: Unpack[BatchFields],
) -> Report:
    """Explain where the cross-entropy of a batch comes from, by every method.

        L = Σₙ tₙ / D

    `explain(x, y)` takes logits and labels, `explain("batch.json")` a file that holds one batch, `explain(batch)` one
    that `wce_cli.batch` has built for several questions. A field beside a file or a batch takes the place of its own.

    `explain(criterion, x, y)` takes what `criterion(x, y)` takes, in its order: a loss of PyTorch's, Keras', optax' or
    scikit-learn's `log_loss`, as an object, a function or a `functools.partial`, whose settings are read, or a function
    or module of your own. It is called once, as it is; the report begins with what it returned, and with the rule that
    gives that. What it raises is said, and the report goes on.

    Exactly one of `logits`, `log_probs`, `probs` is given. Labels stand without the class axis, or are probability rows
    in the scores' shape; a sample weight has the shape of index labels. `engines`: the frameworks to measure beside it,
    keys of ENGINES, "auto" (torch, of a batch that is not large), "all" that are installed; () for none.

    A batch that does not fit in memory is an array that maps a file (`numpy.memmap`), or `blocks=`: an iterable of
    tuples (logits, labels) or (logits, labels, sample_weight), or of mappings by field, each some rows of it. Blocks
    are walked once, so of more than a few million scores the report lists no samples but the largest terms, and no
    framework is measured. Wherever it is cut, sums are those of the whole array to within 4e-15 of Σ|t|.

    Returns a Report: `print` it, or ask `report.value("batch-mean")`; where a sample is several rows, the tokens of a
    sequence or the pixels of an image, `report.by_sample` has each. Losses are in nats.
    Raises WceError, with every problem found, if the batch cannot be read.
    """
    engines = engines_of(engines, "engines")
    if blocks is not None and given:
        hint = "put all rows into the blocks, and what a criterion is made with beside them: weight="
        raise WceError(Problem("explain takes blocks, or what stands by position, and got both", hint))
    if blocks is not None and callable(batch.get("criterion")):
        hint = "give what it is made with by name, weight=, or the criterion as text: criterion='nn.CrossEntropyLoss()'"
        raise WceError(Problem("a criterion in hand is not read beside blocks", hint))
    given, taken = with_criterion("explain", given, batch)
    named = by_name("explain", taken)
    if blocks is not None:
        return _of_blocks(blocks, named, engines)
    if len(given) == 1 and isinstance(given[0], (str, os.PathLike)):
        from wce_cli.questions.of_file import batch_of_file

        return explain_batch(batch_of_file(os.fspath(given[0]), named).batch, engines)
    if len(given) == 1 and _may_be_blocks(given[0], "labels" in named):
        got = f"explain takes scores and labels by position, and got a {type(given[0]).__name__}"
        raise WceError(Problem(got, "explain(blocks=…) walks the blocks of a batch"))
    whole = given_batch("explain", given, named)
    if whole.call is None:
        return explain_batch(whole.batch, engines)
    from wce_cli.questions.criterion_told import with_returned

    return explain_batch(whole.batch, engines, last=partial(with_returned, whole.call, whole.batch, np.geterr()))


def _of_blocks(blocks: Iterable[Any], named: Mapping[str, Any], engines: Sequence[str]) -> Report:
    """The report of a batch in blocks; what is given beside them is of all."""
    from wce_cli.questions.explain.from_blocks import BLOCK_FIELDS, explain_blocks

    beside = next((field for field in BLOCK_FIELDS if named.get(field) is not None), None)
    if beside is not None:
        raise WceError(Problem(f"{beside} is given beside blocks", "put it into every block"))
    if isinstance(named.get("weight"), str) and named["weight"] == "balanced":
        raise WceError(Problem("balanced counts all labels, and blocks are walked once", "give the weights as numbers"))
    once = {field: value for field, value in named.items() if field not in BLOCK_FIELDS}
    return explain_blocks(blocks, partial(Batch.build, **once), engines)
