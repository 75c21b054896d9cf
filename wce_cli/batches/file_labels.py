"""The labels of a file, read some at a time."""

from __future__ import annotations

from wce_cli.batches.checks import RowProblems, check_index_labels, indices
from wce_cli.batches.labels import Unread
from wce_cli.loss.rows import Rows, floats
from wce_cli.loss.sums import Ints


def index_labels(
    labels: Rows, unread: Unread, ignored_as: int, c: int, start: int, stop: int
) -> tuple[Ints, RowProblems]:
    """Some labels of a file as class indices from 0, ignored ones as `ignored_as`, and what is wrong with them."""
    raw = labels.rows(start, stop)
    if labels.dtype == "bfloat16":
        raw = floats(raw, labels.dtype)
    checks = check_index_labels(raw, start, unread.ignore_index, unread.base, c)
    return indices(raw, unread.ignore_index, ignored_as, unread.base), checks
