"""Where does the number of a batch come from that comes in blocks, and is walked once?

A batch that is over before a group of rows is full is kept, and explained like any other. Of a longer one only the
latest rows are in memory: its single samples are not listed, except the largest terms, and no framework is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from msgspec import structs

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Measured, Report, TermRow
from wce_cli.batches.batch import Batch
from wce_cli.errors import Problem, WceError
from wce_cli.fields import BY_SAMPLE
from wce_cli.loss.facts import TOP
from wce_cli.loss.methods import loss_values
from wce_cli.loss.rows import ArrayRows
from wce_cli.passes.block_feed import Fed, differs
from wce_cli.passes.walker import Walker
from wce_cli.questions.explain.of_batch import explain_batch
from wce_cli.questions.explain.report import report_of, shared_numerator
from wce_cli.questions.explain.rows import term_rows

BLOCK_FIELDS = BY_SAMPLE
"""What a block may hold."""
WALKED_ONCE = "blocks are walked once, and a framework needs all rows: give arrays"


@np.errstate(all="ignore")
def explain_blocks(
    blocks: Iterable[Any], build: Callable[..., Batch], engines: Iterable[str] = (), top: int = TOP
) -> Report:
    """The report of all blocks together: each a tuple (logits, labels[, sample_weight]), or a mapping by field.

    `build` makes a batch of the fields of a block and of what was given beside them. Raises WceError with the
    number of the block that is wrong, or does not fit the first.
    """
    feed: Fed | None = None
    largest: dict[int, TermRow] = {}

    def keep_largest(walker: Walker) -> None:
        """Keep the rows of the terms that are the largest so far: what will be among them at the end, is now."""
        batch, now = walker.batch, walker.sieve.top()
        rows = [n for _, n in now.terms(batch.spec.class_weight)]
        begin = batch.scores.start  # type: ignore[union-attr]
        for n in rows:
            if n >= begin:
                largest.update((row.n, row) for row in term_rows(batch, n, n + 1, None))
        for gone in set(largest) - set(rows):
            del largest[gone]

    number = -1
    for number, block in enumerate(blocks):
        batch = _block(number, block, build)
        if feed is None:
            feed = Fed(batch, top)
        else:
            problem = differs(feed.first, batch)
            if problem is not None:
                raise WceError(Problem(f"block {number} differs in {problem.message}", problem.hint))
        feed.add(batch, keep_largest)
    if feed is None:
        raise WceError(Problem("there are no blocks", "give at least one, which may have no rows"))
    if not feed.done:
        return explain_batch(_whole(feed), engines, top=top)
    totals, facts = feed.finish(keep_largest)
    spec = structs.replace(feed.first.spec, label_shape=feed.batch.labels.shape)
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    measured = tuple(Measured(name, "", "", "", None, (), reason=WALKED_ONCE) for name in map(_called, engines))
    analysis = Analysis(spec, totals, facts, values, measured)
    shared = shared_numerator(analysis)
    rows = [largest[n] for _, n in facts.top.terms(spec.class_weight)]
    shares = [None if shared is None or row.term is None else row.term / shared for row in rows]
    top_rows = tuple(structs.replace(row, share=share) for row, share in zip(rows, shares, strict=True))
    return report_of(analysis, feed.batch.scores.shape, (), top_rows)


def _block(number: int, block: Any, build: Callable[..., Batch]) -> Batch:
    """One block as a batch. Raises WceError with its number."""
    if isinstance(block, Mapping):
        fields = dict(block)
    elif isinstance(block, (tuple, list)) and len(block) in (2, 3):
        fields = dict(zip(("logits", "labels", "sample_weight"), block, strict=False))
    else:
        raise WceError(
            Problem(f"block {number} is no (logits, labels) or (logits, labels, sample_weight), and no mapping")
        )
    strange = [key for key in fields if key not in BLOCK_FIELDS]
    if strange:
        hint = f"a block holds {', '.join(BLOCK_FIELDS)}; the rest is given once, beside the blocks"
        raise WceError(Problem(f"block {number} has the key {strange[0]!r}", hint))
    try:
        batch = build(**fields)
    except WceError as error:
        said = [Problem(f"block {number}: {one.message}", one.hint, one.field) for one in error.problems]
        raise WceError(said, error.context) from error
    if not batch.sample_shape:
        raise WceError(
            Problem(f"block {number} is a single sample without an axis for samples", "write [row], [label]")
        )
    return batch


def _whole(feed: Fed) -> Batch:
    """A batch that is all in memory."""
    fields: list[ArrayRows | None] = []
    for rows in (feed.batch.scores, feed.batch.labels, feed.batch.sample_weight):
        if rows is None:
            fields.append(None)
            continue
        flat, shape = rows.rows(0, rows.here), rows.shape
        if rows.columns:  # class axis last, as rows; back to axis 1, where it came from
            flat = np.moveaxis(flat.reshape(*shape[:1], *shape[2:], shape[1]), -1, 1)
        of = ArrayRows.of_scores if rows.columns else ArrayRows.of_samples
        fields.append(of(flat.reshape(shape), rows.dtype))
    scores, labels, s = fields
    assert scores is not None
    assert labels is not None
    spec = structs.replace(feed.first.spec, label_shape=labels.shape)
    return structs.replace(feed.first, spec=spec, scores=scores, labels=labels, sample_weight=s)


def _called(engine: str) -> str:
    return {"auto": "PyTorch", "torch": "PyTorch"}.get(engine, engine)
