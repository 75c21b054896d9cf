"""Is it still the number? Where it is not, which rule does give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from wce_cli.answers.check import Checked
from wce_cli.digits import NON_FINITE, Written
from wce_cli.errors import Problem, WceError
from wce_cli.fields import BatchFields
from wce_cli.questions.called import given_batch, shows_fields, with_criterion
from wce_cli.questions.check.asserting import assert_loss
from wce_cli.questions.check.batch_losses import BatchLosses
from wce_cli.questions.check.compare import check_batch, compared
from wce_cli.questions.check.expected import read_expect
from wce_cli.questions.check.of_criterion import CRITERION, by_method

__all__ = ["Checked", "assert_loss", "check", "check_batch", "read_expect"]


@shows_fields
def check(
    *arrays: Any,
    expect: Mapping[str, Any] | float | str | None = None,
    tolerance: float | None = None,
    engines: Sequence[str] = (),
    **batch: Unpack[BatchFields],
) -> Checked:
    """Compare the losses of a batch with the numbers they are expected to be.

    `expect`: METHOD or METHOD/PLACEMENT to its number, `loss` and `term` (or `term/PLACEMENT`) to one number a sample.
    A number may be off by half a unit of its last digit, so pass text to keep trailing zeros ("0.6900"), or by
    `tolerance`. `engines`: frameworks whose answer is compared as well. `check(batch, expect=…)`,
    `check(x, y, expect=…)`: the batch is given as to `explain`. `check(criterion, x, y)` calls the criterion, whose
    number is to be what its settings say.

    Returns a Checked: `.is_ok`, or `print` it to see which rule gives a number that is not the expected one.
    Raises WceError, with every problem found, if the batch or `expect` cannot be read, or if nothing is expected.
    """
    arrays, named = with_criterion("check", arrays, batch)
    whole = given_batch("check", arrays, named)
    losses = BatchLosses(whole.batch)
    if isinstance(expect, (int, float, str)):
        expect = {CRITERION: expect}
    if expect is None and whole.call is not None:
        from wce_cli.questions.criterion_number import number_of, own_pair

        pair = own_pair(losses)
        expect = None if pair is None else {pair: number_of(whole.call)}
    if not expect:
        raise WceError(Problem("expect is empty: nothing would be checked", 'expect={"weighted-mean": 0.692279}'))
    expected = read_expect(by_method(_as_written(expect), losses), tolerance)
    comparisons = compared(losses, expected, engines)
    agrees = all(one.verdict == "agrees" for one in comparisons)
    found = () if agrees else losses.doubts()
    return Checked(None, "", None, "agrees" if agrees else "differs", comparisons, findings=found)


def _as_written(value: Any) -> Any:
    """Text that stands for a number marked as such; in a JSON document it would be a mistake."""
    if isinstance(value, Mapping):
        return {key: _as_written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_written(item) for item in value]
    return Written(value) if isinstance(value, str) and value not in NON_FINITE else value
