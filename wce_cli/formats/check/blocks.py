"""What `check` found where people read: a line a batch, what is wrong with a number, and a summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wce_cli.answers.check import Checked, Summary, summary
from wce_cli.answers.report import Severity
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.check.words import counts, details, named, told
from wce_cli.formats.columns import Column
from wce_cli.formats.look import Look

WORDS = {"agrees": "ok", "differs": "differs", "unread": "unread", "new": "new"}
LISTED = 1000
"""Batches up to which Markdown lists those that are as expected, too: people read it, and GitHub cuts at 1 MiB."""


def all_blocks(outcomes: Sequence[Checked], look: Look) -> Iterator[AnswerBlock]:
    """The summary, a table of the batches, and what is wrong with each."""
    shown = outcomes if len(outcomes) <= LISTED else [one for one in outcomes if not one.is_ok]
    yield blocks.name(f"wce check: {counts(summary(outcomes))}")
    if shown:
        yield blocks.table(
            Column("", [WORDS[one.verdict] for one in shown], 9, right=False, severities=tuple(map(_severity, shown))),
            Column("batch", [look.message(one.where) for one in shown], 9, right=False),
            Column("name", [look.message(one.name or "") for one in shown], 5, right=False),
            Column("numbers", [str(sum(each.count for each in one.comparisons)) for one in shown], 5),
        )
    if len(shown) < len(outcomes):
        yield blocks.prose(f"{len(outcomes) - len(shown)} batches that are as expected are not listed")
    for one in shown:
        if not one.is_ok or one.findings:
            yield blocks.title(look.message(named(one)))
            yield from _errors(one)


def page_title(outcomes: Sequence[Checked], look: Look) -> str:
    """The summary."""
    return f"wce check: {counts(summary(outcomes))}"


def entries(one: Checked, look: Look) -> Iterator[AnswerBlock]:
    """A batch as a line, and below it what is wrong with it: there may be very many that are as expected."""
    if one.is_ok:
        yield blocks.entry(look.message(f"{WORDS[one.verdict]}  {named(one)} ({_numbers(one)})"))
    else:
        yield blocks.entry(look.message(f"{WORDS[one.verdict]}  {named(one)}"), "bold")
    for problem in one.problems:
        yield blocks.prose(f"  {problem.message}")
    for comparison in one.failures:
        yield blocks.prose(f"  {comparison.message}")
        more = details(comparison)
        if more:
            yield blocks.prose(f"  {more}")
    for doubt in one.findings:
        yield blocks.prose(f"  {told(doubt)}")


def ending(all_: Summary) -> list[AnswerBlock]:
    """The line below all of them."""
    return [blocks.prose(counts(all_))]


def _numbers(one: Checked) -> str:
    n = sum(comparison.count for comparison in one.comparisons)
    return counted(n, "number", "numbers") if n else "nothing expected"


def _severity(one: Checked) -> Severity | None:
    return None if one.is_ok else "error"


def _errors(one: Checked) -> Iterator[AnswerBlock]:
    """What is wrong with a batch, in a page."""
    for problem in one.problems:
        yield blocks.finding("error", "", problem.message)
    for comparison in one.failures:
        more = details(comparison)
        yield blocks.finding("error", "", "; ".join(filter(None, (comparison.message, more))))
    yield from blocks.found(one.findings)
