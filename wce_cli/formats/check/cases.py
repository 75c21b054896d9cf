"""What `check` found as test cases: each expected number, and each batch that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from wce_cli.answers.check import Checked, Comparison
from wce_cli.formats.check.words import details, told
from wce_cli.formats.junit import SuiteCase


def cases(one: Checked) -> Iterator[SuiteCase]:
    """The cases of a batch."""
    suite, owner = one.file or one.where, one.file or "wce"
    batch = " ".join(part for part in (one.place, one.name or "") if part) or "batch"
    if one.verdict == "unread":
        said = "; ".join(problem.message for problem in one.problems)
        hints = "\n".join(problem.hint for problem in one.problems if problem.hint)
        yield SuiteCase(suite, owner, batch, "error", "unread", said, hints)
    for comparison in one.comparisons:
        name = f"{batch}: {comparison.what or comparison.by}"
        name += "" if comparison.by in ("wce", "") or not comparison.what else f" by {comparison.by}"
        if comparison.verdict == "agrees":
            yield SuiteCase(suite, owner, name)
        else:
            body = _body(one, comparison)
            yield SuiteCase(suite, owner, name, "failure", comparison.verdict, comparison.message, body)


def _body(batch: Checked, one: Comparison) -> str:
    """Expected and got below each other, every digit of what there is; and what may be wrong with the batch."""
    lines = [f"expected {one.expected}", f"got {one.got!r}"] if one.got is not None else []
    return "\n".join(filter(None, [*lines, details(one), *map(told, batch.findings)]))
