"""What `check` answers, as plain numbers and text: its fields are the JSON schema `wce.check/1`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from msgspec import Struct
from msgspec.structs import astuple

from wce_cli.answers.base import Answer
from wce_cli.answers.report import Finding
from wce_cli.errors import Problem

SCHEMA = "wce.check/1"


class Comparison(Struct, frozen=True):
    """One expected number, or one list of them, beside what there is."""

    what: str
    """`weighted-mean`, `batch-mean/sample`, `loss`, `term`"""
    by: str
    """Whose number it is: `wce`, or a framework with its version and dtype."""
    verdict: Literal["agrees", "differs", "not compared"]
    expected: str
    """As it was written; of a list that differs, the first number that does."""
    got: float | None = None
    difference: float | None = None
    """got − expected; None where one of them is not finite."""
    tolerance: float = 0.0
    """How far they may be apart."""
    tolerance_why: str = ""
    """Where the tolerance comes from, in words."""
    count: int = 1
    """Numbers that were compared."""
    n_differ: int = 0
    sample: int | None = None
    """Of a list: the first sample whose number differs."""
    rule: str | None = None
    """The simplest rule that does give the expected number."""
    also: tuple[str, ...] = ()
    """Rules as simple that give it, too."""
    message: str = ""
    """What is wrong, in one sentence; empty where nothing is."""


class Checked(Answer, frozen=True):
    """The answer for one batch."""

    question: ClassVar[str] = "check"

    file: str | None
    """As the user named it; None for a batch that stood in no file."""
    place: str
    """Where in the file: `$[3]`, `line 7`, else empty."""
    name: str | None
    verdict: Literal["agrees", "differs", "unread", "new"]
    """`new`: nothing is expected of it yet, and today's numbers are saved."""
    comparisons: tuple[Comparison, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Why it could not be read, or checked."""
    findings: tuple[Finding, ...] = ()
    """Where a number differs, and where today's numbers are saved: doubts of how the batch is read."""

    @property
    def is_ok(self) -> bool:
        """Whether no number is another than the expected one, and none is unread."""
        return self.verdict in ("agrees", "new")

    @property
    def failures(self) -> tuple[Comparison, ...]:
        """What differs, and what could not be compared."""
        return tuple(one for one in self.comparisons if one.verdict != "agrees")

    @property
    def where(self) -> str:
        """`runs.ndjson line 7`; the name of a batch that stood in no file."""
        return f"{self.file} {self.place}".rstrip() if self.file else self.name or "batch"


class Summary(Struct, frozen=True):
    """All batches of a run, counted."""

    batches: int
    agree: int
    differ: int
    unread: int
    numbers: int
    """Numbers that were compared, or could not be."""
    numbers_failed: int
    new: int = 0
    """Batches of which nothing was expected, whose numbers are saved."""

    def __add__(self, other: Summary) -> Summary:
        return Summary(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


class Checks(Struct, frozen=True):
    """The answer for all batches; its fields are the JSON."""

    schema: str
    summary: Summary
    batches: tuple[Checked, ...]


def summary(outcomes: Iterable[Checked]) -> Summary:
    """The outcomes, counted."""
    verdicts = {"agrees": 0, "differs": 0, "unread": 0, "new": 0}
    numbers = failed = 0
    for outcome in outcomes:
        verdicts[outcome.verdict] += 1
        for one in outcome.comparisons:
            numbers += one.count
            failed += one.count if one.verdict == "not compared" else one.n_differ
    agree, differ, unread, new = verdicts.values()
    return Summary(agree + differ + unread + new, agree, differ, unread, numbers, failed, new)
