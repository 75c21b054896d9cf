"""Rows → Totals + Facts: one pass over the blocks of a batch, added up in order."""

from __future__ import annotations

from wce_cli.loss.batch import Batch
from wce_cli.loss.facts import Facts, block_facts
from wce_cli.loss.terms import block_terms
from wce_cli.loss.totals import Totals, block_totals


def one_pass(batch: Batch) -> tuple[Totals, Facts]:
    """The totals and facts of a whole batch.

    Blocks are fixed by row index and added in order, so the answer is the same bytes however it is computed.
    """
    totals: Totals | None = None
    facts: Facts | None = None
    for block in batch.blocks() if batch.n_samples else [batch.block(0, 0)]:
        terms = block_terms(block, batch.spec)
        block_sum, block_fact = block_totals(terms, batch.spec.n_classes), block_facts(block, terms, batch.spec)
        totals = block_sum if totals is None else totals + block_sum
        facts = block_fact if facts is None else facts + block_fact
    assert totals is not None
    assert facts is not None
    return totals, facts
