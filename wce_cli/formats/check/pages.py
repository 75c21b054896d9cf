"""What `check` found where people read: a line a batch, what is wrong with a number, and a summary."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from msgspec import structs

from wce_cli.answers.check import Checked, Summary, summary
from wce_cli.answers.report import Severity
from wce_cli.errors import counted
from wce_cli.formats import blocks, html
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.check.lines import counts, details, named, told
from wce_cli.formats.columns import Column
from wce_cli.formats.html_blocks import in_html
from wce_cli.formats.look import Look
from wce_cli.formats.screen import NARROWEST
from wce_cli.literal import as_line

WORDS = {"agrees": "ok", "differs": "differs", "unread": "unread", "new": "new"}
LISTED = 1000
"""Batches up to which Markdown lists those that are as expected, too: people read it, and GitHub cuts at 1 MiB."""


def to_table(outcomes: Sequence[Checked], look: Look | None = None) -> str:
    """One line a batch, below it what is wrong, and the summary."""
    look = look or Look()
    return part(outcomes, look, len(outcomes) > 1) + ending(summary(outcomes), look)


def part(outcomes: Sequence[Checked], look: Look, several: bool) -> str:
    """The lines of some batches of many."""
    lines = (
        _line(one, look) + _below(one, look) if one.is_ok else blocks.on_screen(_failed(one, look), look)
        for one in outcomes
    )
    return "".join(lines)


def ending(all_: Summary, look: Look) -> str:
    """The line below them."""
    return ("\n" if all_.batches else "") + blocks.on_screen([blocks.prose(counts(all_))], look)


def to_markdown(outcomes: Sequence[Checked], look: Look | None = None) -> str:
    """The summary, a table of the batches, and what is wrong with each."""
    look = look or Look()
    shown = outcomes if len(outcomes) <= LISTED else [one for one in outcomes if not one.is_ok]
    return blocks.in_markdown(_report(outcomes, shown, look), look)


def to_html(outcomes: Sequence[Checked], look: Look | None = None) -> str:
    """The summary, a table of the batches, and what is wrong with each, as a page."""
    look = structs.replace(look or Look(), ascii=False)
    shown = outcomes if len(outcomes) <= LISTED else [one for one in outcomes if not one.is_ok]
    body = "".join(in_html(_report(outcomes, shown, look), look))
    return html.page(f"wce check: {counts(summary(outcomes))}", html.element(body, look, "check"))


def _line(one: Checked, look: Look) -> str:
    """A batch that is as expected, as text: there may be very many of them."""
    text = look.message(f"{WORDS[one.verdict]}  {named(one)} ({_numbers(one)})")
    if look.width is None or len(text) <= look.width:
        return text + "\n"
    width = max(look.width, NARROWEST)
    lines = textwrap.wrap(text, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "".join(f"{as_line(line)}\n" for line in lines)


def _below(one: Checked, look: Look) -> str:
    """What there is to doubt about a batch whose numbers are saved."""
    return blocks.on_screen(_doubts(one), look) if one.findings else ""


def _numbers(one: Checked) -> str:
    n = sum(comparison.count for comparison in one.comparisons)
    return counted(n, "number", "numbers") if n else "nothing expected"


def _failed(one: Checked, look: Look) -> Iterator[AnswerBlock]:
    yield blocks.title(look.message(f"{WORDS[one.verdict]}  {named(one)}"))
    yield from _wrong(one)


def _wrong(one: Checked) -> Iterator[AnswerBlock]:
    for problem in one.problems:
        yield blocks.prose(f"  {problem.message}")
    for comparison in one.failures:
        yield blocks.prose(f"  {comparison.message}")
        more = details(comparison)
        if more:
            yield blocks.prose(f"  {more}")
    yield from _doubts(one)


def _doubts(one: Checked) -> Iterator[AnswerBlock]:
    for doubt in one.findings:
        yield blocks.prose(f"  {told(doubt)}")


def _report(outcomes: Sequence[Checked], shown: Sequence[Checked], look: Look) -> Iterator[AnswerBlock]:
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
