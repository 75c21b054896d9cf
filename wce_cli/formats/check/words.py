"""The words about what `check` found that all of its formats share. Nothing here loads rich."""

from __future__ import annotations

from wce_cli.answers.check import Checked, Comparison, Summary
from wce_cli.answers.report import Finding
from wce_cli.digits import format_number
from wce_cli.errors import counted

ALSO = 3
"""Other rules that are named."""


def counts(counted_: Summary) -> str:
    """The last line: how many batches, and how many numbers."""
    s = counted_
    numbers = counted(s.numbers, "number", "numbers")
    if s.new == s.batches and s.batches:
        return f"{counted(s.batches, 'batch', 'batches')}, of which nothing was expected"
    if s.agree == s.batches:
        verb = "gives" if s.batches == 1 else "give"
        return f"{counted(s.batches, 'batch', 'batches')} {verb} the expected numbers ({numbers})"
    parts = [f"{s.agree} of {counted(s.batches, 'batch', 'batches')} as expected"]
    parts += [f"{s.differ} not"] if s.differ else []
    parts += [f"{s.unread} not checked"] if s.unread else []
    parts += [f"of {s.new} nothing was expected"] if s.new else []
    said = ", ".join(parts)
    if not s.differ and not s.unread:
        return f"{said} ({numbers})"
    return f"{said} ({s.numbers_failed} of {numbers} not as expected)" if s.numbers else said


def named(one: Checked) -> str:
    """`runs.ndjson line 7: the name of the batch`"""
    return f"{one.where}: {one.name}" if one.file and one.name else one.where


def told(finding: Finding) -> str:
    """`caution probs-not-normalised: …`"""
    return f"{finding.severity} {finding.code}: {finding.message}"


def details(one: Comparison) -> str:
    """How far off a number is, what it was held to, and which other rules give it."""
    parts = []
    if one.difference is not None:
        parts.append(f"off by {format_number(one.difference)}, allowed {format_number(one.tolerance, 2)}")
        parts[-1] += f" ({one.tolerance_why})" if one.tolerance_why else ""
    if one.also and one.rule:
        from wce_cli.formats.identify.words import names_beside

        names = names_beside(one.rule, one.also)
        more = f" and {len(names) - ALSO} more" if len(names) > ALSO else ""
        same = "not to be told apart from" if "; " in one.rule else f"the same as {one.rule}:"
        parts.append(f"here {same} {', '.join(names[:ALSO])}{more}" if names else "")
    return "; ".join(filter(None, parts))
