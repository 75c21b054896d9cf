"""What to divide by instead, in the words of who trains: whose parts are micro-batches, ranks, or both."""

from __future__ import annotations

from wce_cli.answers.split import Split, SplitMethod
from wce_cli.digits import format_number
from wce_cli.fields import DEFAULTS
from wce_cli.formats.look import Look
from wce_cli.formats.split.ratios import ratio_ends, same
from wce_cli.loss.methods import METHODS


def remedy(answer: Split, row: SplitMethod, look: Look) -> str:
    """What to count and to divide by, and that it gives the number of the whole batch; or that nothing is to be done.

    Empty for one part.
    """
    if len(answer.parts) == 1:
        return ""
    if not is_needed(row):
        shared = same(min(row.denominators), max(row.denominators))
        d = format_number(row.denominators[0], look.digits)
        return f"No remedy is needed: every part divides by the same D, {d}." if shared else ""
    if row.formula == "1":
        return f"Remedy: add the parts up instead of averaging them: {format_number(row.remedy, look.digits)}."
    return " ".join(filter(None, (_steps(answer, row, look), _known_by(answer, row))))


def is_needed(row: SplitMethod) -> bool:
    """Whether the parts are not the whole batch, in their loss or in any gradient."""
    low, high, broken = ratio_ends(row)
    if broken or not same(row.mean_of_parts, row.value):
        return True
    return low is not None and high is not None and not (same(low, 1.0) and same(high, 1.0))


def _steps(answer: Split, row: SplitMethod, look: Look) -> str:
    ranks, steps = answer.cut.ranks, len(answer.parts) // answer.cut.ranks
    count = "count the kept samples" if _counts_kept(answer, row) else f"add up D = {row.formula}"
    whole, again = (format_number(number, look.digits) for number in (row.denominator, row.remedy))
    divide = "divide the sum Σt of each by that" + (f", without the / {steps}" if steps > 1 else "")
    if ranks == 1:
        return f"Remedy: before the first backward {count} of {_all(steps)} micro-batches, {whole}; {divide}: {again}."
    of = f"{_all(ranks)} ranks" if steps == 1 else f"the {steps} micro-batches of {_all(ranks)} ranks"
    first = "before the first backward " if steps > 1 else ""
    return (
        f"Remedy: {first}{count} of {of}, {whole} (torch.distributed.all_reduce of a copy); {divide}, and multiply it "
        f"by {ranks}, because DDP averages the gradients: {again}."
    )


def _counts_kept(answer: Split, row: SplitMethod) -> bool:
    """Whether D is the number of kept samples, without any weight in it or above it."""
    batch, method = answer.batch, METHODS[row.method]
    if batch.labels == "probability" or not method.is_count_of_kept:
        return False
    return not method.is_weighted or (batch.weight is None and not batch.has_sample_weight)


def _known_by(answer: Split, row: SplitMethod) -> str:
    """The names of that count where language models are trained.

    transformers' Trainer counts the labels that are not −100 of all micro-batches of a process (4.46.0, trainer.py,
    get_batch_samples), and of all processes with average_tokens_across_devices (4.47.0); Megatron-LM divides by the
    tokens of all with calculate_per_token_loss (megatron/core/pipeline_parallel/schedules.py, commit d98e8a64).
    """
    is_text = answer.cut.items != answer.batch.n and len(answer.batch.shape) == 3
    if not is_text or not _counts_kept(answer, row) or answer.batch.ignore_index != DEFAULTS["ignore_index"]:
        return ""
    version, over = "4.46", ""
    if answer.cut.ranks > 1:
        version, over = "4.47", ", over all ranks with average_tokens_across_devices"
    return (
        f"transformers' Trainer ({version} and later) has num_items_in_batch for it{over}; Megatron-LM has "
        "calculate_per_token_loss."
    )


def _all(n: int) -> str:
    return "both" if n == 2 else f"all {n}"
