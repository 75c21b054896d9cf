"""The rows of a file, looked at by whoever reads them: every command goes through the same checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wce_cli.errors import WceError
from wce_cli.loss.checks import Checks, check_index_labels, check_one_hot, check_probs, indices
from wce_cli.loss.gathering import Gathering
from wce_cli.loss.labels import Unread, say_checks
from wce_cli.loss.rows import CHUNK, Rows, floats
from wce_cli.loss.stored import Proved, StoredRows
from wce_cli.loss.sums import Ints

if TYPE_CHECKING:
    from wce_cli.loss.batch import Batch


def index_labels(labels: Rows, unread: Unread, ignored_as: int, c: int, start: int, stop: int) -> tuple[Ints, Checks]:
    """Some labels of a file as class indices from 0, ignored ones as `ignored_as`, and what is wrong with them."""
    raw = labels.rows(start, stop)
    if labels.dtype == "bfloat16":
        raw = floats(raw, labels.dtype)
    checks = check_index_labels(raw, start, unread.ignore_index, unread.base, c)
    return indices(raw, unread.ignore_index, ignored_as, unread.base), checks


def check_numbers(batch: Batch, start: int, stop: int) -> Checks:
    """What is wrong with rows of C numbers that come from a file: probabilities, and one-hot rows of integers."""
    spec, checks, step = batch.spec, Checks(), max(1, CHUNK // batch.spec.n_classes)
    is_probs = spec.scores == "probs" and isinstance(batch.scores, StoredRows)
    is_one_hot = spec.integer_one_hot and batch.unread is not None
    for first in range(start, stop, step) if is_probs or is_one_hot else ():
        last = min(first + step, stop)
        if is_probs:
            checks = checks + check_probs(floats(batch.scores.rows(first, last), batch.scores.dtype), first)
        if is_one_hot:
            checks = checks + check_one_hot(batch.labels.rows(first, last), first)
    return checks


def look_over(batch: Batch, start: int, stop: int) -> None:
    """Raise WrongRows if any of some rows is wrong, with the first and the number of all that are."""
    if _checked(batch, start, stop)[0].found:
        found = _checked(batch, 0, batch.n_samples)
        prove(batch)
        raise WrongRows(batch, *found)


def _checked(batch: Batch, start: int, stop: int) -> tuple[Checks, bool]:
    """What is wrong with some rows, and whether any that is kept has the first class."""
    spec, checks, has_zero = batch.spec, Checks(), False
    for first in range(start, stop, CHUNK):
        last = min(first + CHUNK, stop)
        checks = checks + check_numbers(batch, first, last)
        if batch.unread is not None and not spec.is_soft:
            asked = spec.ignore_index, spec.n_classes
            label, found = index_labels(batch.labels, batch.unread, *asked, first, last)
            checks = checks + found
            has_zero = has_zero or bool((label[label != spec.ignore_index] == 0).any())
    return checks, has_zero


def ranges_of(batch: Batch) -> list[Any]:
    """What has been read of the files of a batch, with the checksums of it."""
    return [one.ranges() for one in _proved(batch)]


def learn(batch: Batch, ranges: list[Any]) -> None:
    """Take over what another process has read of the same files."""
    for one, read in zip(_proved(batch), ranges, strict=True):
        one.learn(read)


def prove(batch: Batch) -> None:
    """Raise WceError if the files of a batch are not what was saved, as far as they know it themselves."""
    for one in _proved(batch):
        one.prove()


def _proved(batch: Batch) -> list[Proved]:
    found = (field.proved for field in batch.fields if isinstance(field, StoredRows))
    return [one for one in found if one is not None]


class WrongRows(WceError):
    """What was found wrong with single numbers, as `Batch.build` words it; it adds up over parts of a batch."""

    def __init__(self, batch: Batch, checks: Checks, has_zero: bool) -> None:
        self.checks, self.has_zero = checks, has_zero
        spec, unread = batch.spec, batch.unread
        g = Gathering(spec.sources, batch.spelled)
        g.shapes = {spec.scores: str(batch.scores.shape), "labels": str(batch.labels.shape)}
        settings = () if unread is None else (unread.ignore_index, unread.base, has_zero)
        say_checks(g, checks, spec.scores, batch.scores.shape, *settings)
        refusal = g.refusal()
        super().__init__(refusal.problems, (*refusal.context, *_in_their_files(batch, checks)))


def _in_their_files(batch: Batch, checks: Checks) -> list[str]:
    """Of a batch in several files: which of them the first wrong number is in, and where."""
    c, found = batch.spec.n_classes, []
    for field, rows, wrong, columns in (
        (batch.spec.scores, batch.scores, checks.no_probability, c),
        ("labels", batch.labels, checks.not_one_hot, 1),
        ("labels", batch.labels, checks.fractional, 1),
        ("labels", batch.labels, checks.outside, 1),
    ):
        if wrong.count and isinstance(rows, StoredRows) and (part_of := rows.part_of):
            n = batch.index(wrong.first // columns)[0]
            source, begin = part_of(n)
            found.append(f"{field}[{n}] is {field}[{n - begin}] of {source}")
    return found
