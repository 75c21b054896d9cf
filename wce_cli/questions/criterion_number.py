"""The number of a criterion, which questions are about: `identify(criterion, x, y)`, `assert_loss(criterion, x, y)`."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import structs

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.identify import Identification
from wce_cli.batches.batch import Batch
from wce_cli.criteria.objects import ObjectCall
from wce_cli.errors import Problem, WceError
from wce_cli.precision.dtype import allowed_by_row
from wce_cli.questions.check.batch_losses import BatchLosses
from wce_cli.questions.criterion_call import CriterionAnswer, returned_by
from wce_cli.questions.criterion_told import by_settings, computed_in, is_by_sample, told, within
from wce_cli.questions.identify.matching import NumbersAsked, identify_batch
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.identify.pasted import read_numbers

ARITHMETIC = "what the arithmetic of {} leaves open"


def identified(call: ObjectCall, batch: Batch, depth: int, tolerance: float | None, separate: bool) -> Identification:
    """Which rules give what a criterion returns: a number, or a loss of each sample. Raises WceError for neither."""
    answer = _answer(call)
    analysis = _analysis(BatchLosses(batch))
    asked = _asked(call, answer, batch, analysis, tolerance)
    found = identify_batch(batch, asked, depth, separate=separate)
    return structs.replace(found, criterion=told(call, answer, batch, analysis, is_named=False))


@np.errstate(all="ignore")
def _asked(
    call: ObjectCall, answer: CriterionAnswer, batch: Batch, analysis: Analysis, tolerance: float | None
) -> NumbersAsked:
    """What a criterion returned as what is to be identified, held to what its arithmetic leaves open."""
    dtype = computed_in(answer, batch)
    if answer.values is None:
        (number,) = read_numbers(answer.came, tolerance)
        return NumbersAsked((_held(number, within(number.value, dtype, batch, analysis), dtype),))
    if not is_by_sample(answer.values, batch):
        said = f"{call.text} returned numbers of shape {answer.values.shape}, and not one, nor one a sample"
        raise WceError(Problem(said, "identify(…, losses=…) takes a list of another length"))
    off = allowed_by_row(batch, "term", dtype)
    listed = read_numbers(answer.values.ravel().tolist(), tolerance)
    return NumbersAsked((), tuple(_held(one, near, dtype) for one, near in zip(listed, off, strict=True)))


def number_of(call: ObjectCall) -> Any:
    """The one number that a criterion returns, as it is. Raises WceError where it returns none."""
    answer = _answer(call)
    if answer.values is not None:
        said = f"{call.text} returned numbers of shape {answer.values.shape}, expected one"
        raise WceError(Problem(said, "identify(criterion, x, y) takes one a sample, too"))
    is_bare = isinstance(answer.came, float) and float(np.float32(answer.came)) == answer.came
    return np.float32(answer.came) if is_bare else answer.came  # the .item() of one


def own_pair(losses: BatchLosses) -> str | None:
    """The METHOD or METHOD/PLACEMENT that the settings of a known criterion are; None of somebody's own.

    Raises WceError where they are none, and say why.
    """
    part = by_settings(_analysis(losses), losses.batch)
    if part is None:
        return None
    if part.pair is None:
        raise WceError(Problem(f"{part.text} is no method here: {part.reason}", "name one: batch-mean, sum"))
    return part.pair


def _analysis(losses: BatchLosses) -> Analysis:
    return Analysis(losses.batch.spec, losses.totals, losses.facts, tuple(losses.values.values()), ())


def _answer(call: ObjectCall) -> CriterionAnswer:
    answer = returned_by(call.function, call.arguments, call.keywords)
    if answer.reason:
        raise WceError(Problem(f"{call.text} {'raised' if answer.is_error else 'returned'} {answer.reason}"))
    return answer


def _held(number: PrintedNumber, near: float, dtype: str) -> PrintedNumber:
    """A number that was computed in a dtype, and is held to that."""
    if number.is_asked or near <= number.tolerance:
        return number
    return structs.replace(number, tolerance=near, why=ARITHMETIC.format(dtype))
