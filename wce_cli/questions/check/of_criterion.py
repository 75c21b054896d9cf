"""What a batch expects of its criterion, whatever method that is: `"expect": 0.69` beside `"criterion"`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wce_cli.errors import Problem, WceError
from wce_cli.questions.check.batch_losses import BatchLosses

CRITERION = "criterion"
"""The key of what the criterion must return; a number without a key is it, too."""


def by_method(expect: Mapping[str, Any], losses: BatchLosses) -> Mapping[str, Any]:
    """The entries of `expect`, that of the criterion under the method that it is.

    Raises WceError if the batch has no criterion, or one that is no method for sure.
    """
    if CRITERION not in expect:
        return expect
    from wce_cli.questions.criterion_number import own_pair

    pair = own_pair(losses)
    if pair is None:
        hint = f"name the method, as weighted-mean, or give the loss: {losses.batch.spelled(CRITERION)}"
        raise WceError(Problem("expect has a number of the criterion, and the batch has none", hint))
    if pair in expect:
        raise WceError(Problem(f"expect names {pair} twice: it is what the criterion returns", "leave one of them out"))
    return {pair if key == CRITERION else key: value for key, value in expect.items()}
