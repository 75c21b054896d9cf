"""Is it still the number? Where it is not, which rule does give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wce_cli.digits import NON_FINITE, Written
from wce_cli.errors import Problem, WceError
from wce_cli.loss.batch import Batch
from wce_cli.loss.labels import IGNORE_INDEX
from wce_cli.questions.called import takes_batch
from wce_cli.questions.check.answer import Checked
from wce_cli.questions.check.asserting import assert_loss
from wce_cli.questions.check.compare import check_batch, compared
from wce_cli.questions.check.expected import read_expect
from wce_cli.questions.check.given import Given

__all__ = ["Checked", "assert_loss", "check", "check_batch", "read_expect"]


@takes_batch(lambda arguments, named: 0)
def check(
    *,
    expect: Mapping[str, Any],
    tolerance: float | None = None,
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
    engines: Sequence[str] = (),
) -> Checked:
    """Compare the losses of a batch with the numbers they are expected to be.

    `expect`: METHOD or METHOD/PLACEMENT to its number, `loss` and `term` (or `term/PLACEMENT`) to one number a sample.
    A number may be off by half a unit of its last digit, so pass text to keep trailing zeros ("0.6900"), or by
    `tolerance`. `engines`: frameworks whose answer is compared as well. The batch is given as to `explain`.

    Returns a Checked: `.is_ok`, or `print` it to see which rule gives a number that is not the expected one.
    Raises WceError, with every problem found, if the batch or `expect` cannot be read, or if nothing is expected.
    """
    if not expect:
        raise WceError(Problem("expect is empty: nothing would be checked", 'expect={"weighted-mean": 0.692279}'))
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
    given = Given(batch)
    comparisons = compared(given, read_expect(_as_written(expect), tolerance), engines)
    agrees = all(one.verdict == "agrees" for one in comparisons)
    found = () if agrees else given.doubts()
    return Checked(None, "", None, "agrees" if agrees else "differs", comparisons, findings=found)


def _as_written(value: Any) -> Any:
    """Text that stands for a number marked as such; in a JSON document it would be a mistake."""
    if isinstance(value, Mapping):
        return {key: _as_written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_written(item) for item in value]
    return Written(value) if isinstance(value, str) and value not in NON_FINITE else value
