"""Where does the number of a batch come from that comes in blocks, and is walked once?

A batch that is over before there are rows for a pass is kept, and explained like any other. Of a longer one only the
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
from wce_cli.passes.block_feed import BlockFeed, FedPart, differs, joined
from wce_cli.passes.item_sums import ItemSums
from wce_cli.questions.explain.by_sample import by_sample
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
    feed: BlockFeed | None = None
    largest: dict[int, TermRow] = {}

    def keep_largest(part: FedPart) -> None:
        """Keep the rows of the terms that are the largest so far: what will be among them at the end, is now."""
        rows = [n for _, n in part.facts.top.terms(part.batch.spec.class_weight)]
        for n in rows:
            if n >= part.rows_before:
                (row,) = term_rows(part.batch, n - part.rows_before, n - part.rows_before + 1, None)
                index = (row.index[0] + part.samples_before, *row.index[1:])
                largest[n] = structs.replace(row, n=n, index=index)
        for gone in set(largest) - set(rows):
            del largest[gone]

    number = -1
    for number, block in enumerate(blocks):
        if feed is not None:
            _refuse_a_cut_sequence(feed.first, number)
        batch = _block(number, block, build)
        if feed is None:
            feed = BlockFeed(batch, keep_largest, top)
        else:
            problem = differs(feed.first, batch)
            if problem is not None:
                raise WceError(Problem(f"block {number} differs in {problem.message}", problem.hint))
        feed.add(batch)
    if feed is None:
        raise WceError(Problem("there are no blocks", "give at least one, which may have no rows"))
    if feed.found is None:
        return explain_batch(joined(feed.waiting), engines, top=top)
    totals, facts = feed.end()
    shape, label_shape = ((feed.samples, *rows.shape[1:]) for rows in (feed.first.scores, feed.first.labels))
    spec = structs.replace(feed.first.spec, label_shape=label_shape)
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    measured = tuple(Measured(name, "", "", "", None, (), reason=WALKED_ONCE) for name in map(_called, engines))
    analysis = Analysis(spec, totals, facts, values, measured)
    shared = shared_numerator(analysis)
    if feed.items:
        items = ItemSums.behind_each_other(feed.items)
        analysis = structs.replace(analysis, by_sample=by_sample(spec, items, shared))
    rows = [largest[n] for _, n in facts.top.terms(spec.class_weight)]
    shares = [None if shared is None or row.term is None else row.term / shared for row in rows]
    top_rows = tuple(structs.replace(row, share=share) for row, share in zip(rows, shares, strict=True))
    return report_of(analysis, shape, (), top_rows)


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


def _refuse_a_cut_sequence(first: Batch, number: int) -> None:
    """Raise WceError if another block follows scores (T, C) whose labels are ahead: each would be shifted by itself,
    and what came out would depend on where the batch was cut.
    """
    layout = first.spec.layout
    if layout.shift and len(layout.shape) == 2:
        message = f"block {number} follows a block of two axes: a shift does not run from one into the other"
        hint = "give whole sequences: blocks of three axes, scores (B, T, C) and labels (B, T); B is 1 for one sequence"
        raise WceError(Problem(message, hint))


def _called(engine: str) -> str:
    return {"auto": "PyTorch", "torch": "PyTorch"}.get(engine, engine)
