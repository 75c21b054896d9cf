"""What `identify` answers, as plain numbers and text: its fields are the JSON schema `wce.identify/1`."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct

from wce_cli.answers.base import Answer
from wce_cli.answers.report import BatchPart, CriterionPart, Finding

SAME = 1e-9
"""Relative difference up to which two values are one, told apart by no digits that anybody prints."""
SCHEMA = "wce.identify/1"

LITTLE = 0.01
"""The chance from which on an explanation may be an accident, and is said to be one that may."""

ROUNDED, CUT = "rounded", "cut"
"""The departure of a number whose last digit is one off, and of one whose digits are the rule's, cut off and not
rounded."""

ANY_SIZE = "any-size"
"""The departure of parts that have a size which nobody chooses more often than another, as of batches of 417 rows."""


class Denominator(Struct, frozen=True):
    """A quantity of the batch that a sum may have been divided by."""

    name: str
    value: float


class Implied(Struct, frozen=True):
    """What a numerator must have been divided by to give the number."""

    numerator_name: str
    numerator: float
    denominator: float
    """numerator / number"""
    lowest: float
    highest: float
    """The same for the ends of the number's tolerance."""
    equals: tuple[Denominator, ...]
    """The quantities of the batch that lie between, the nearest first."""
    nearest: Denominator
    """The one that is closest."""
    chance: float
    """How likely a number that means nothing would have had such a denominator, of this sum or of another."""

    @property
    def is_telling(self) -> bool:
        """Whether it is a quantity of the batch, and hardly by accident."""
        return bool(self.equals) and self.chance < LITTLE


class Match(Struct, frozen=True):
    """A rule that gives the number."""

    title: str
    method: str
    placement: str
    departures: tuple[str, ...]
    """The names of its odd parts; `rounded` or `cut` where only a last digit that is one off makes it fit."""
    value: float
    """What the rule gives, unrounded."""
    difference: float
    """value − number"""
    within: float
    """The tolerance it was held to."""
    is_guard: bool = False
    """The odd part of its reading keeps p from 0 and 1, and changes nothing elsewhere."""
    numerator: float | None = None
    """The sum that is divided; None where the value is no fraction of one sum."""
    denominator: float | None = None
    divisor: str = ""
    """The denominator in letters: `Σ w[y]`."""

    @property
    def is_off(self) -> bool:
        """Whether the number is the rule's but for its last digit."""
        return not {ROUNDED, CUT}.isdisjoint(self.departures)

    @property
    def is_any_size(self) -> bool:
        """Whether it is one of as many rules as there are sizes of parts."""
        return ANY_SIZE in self.departures

    @property
    def oddness(self) -> tuple[int, bool]:
        """What it is ranked by: its departures, and parts of any size last."""
        return len(self.departures), self.is_any_size


class Nearest(Struct, frozen=True):
    """A rule that does not give the number, but comes close."""

    title: str
    departures: tuple[str, ...]
    value: float
    difference: float


class Change(Struct, frozen=True):
    """One input that, changed, makes a standard rule give the number."""

    place: str
    """`logits[1][0]`, `weight[2]`, `labels[3]`, `label_smoothing`"""
    given: float
    changed: float
    rule: str
    is_slip: bool
    """One keystroke away: a digit, a sign, two digits swapped, or another label."""
    chance: float
    """How likely a number that means nothing would have found such a change, of this kind or one that was tried before
    it."""


class Chance(Struct, frozen=True):
    """How likely a number that means nothing would have been explained with so many departures."""

    departures: int
    rules: int
    distinct: int
    """Different values of those rules."""
    chance: float | None
    """None of 0, nan and ±∞, which have no numbers like them."""
    any_size: bool = False
    """Whether parts of any size are among the rules: the last of all, of a batch that may be cut in so many ways."""


class Identified(Struct, frozen=True):
    """The answer for one number."""

    text: str
    value: float
    tolerance: float
    tolerance_why: str
    widening: float
    """How much further the standard rules were allowed to be off, at most, because the inputs are rounded."""
    implied: tuple[Implied, ...]
    matches: tuple[Match, ...]
    """Fewest departures first; those with the fewest are the answer."""
    ties: tuple[str, ...]
    """Why the simplest rules cannot be told apart."""
    odder_ties: tuple[str, ...]
    """Why rules with more departures give it as well."""
    chances: tuple[Chance, ...]
    """By departures allowed, from 0; then, with parts of any size."""
    prior: tuple[float, float] | None
    """The numbers, by size, among which it is drawn."""
    nearest: tuple[Nearest, ...]
    """Only where nothing fits."""
    changes: tuple[Change, ...]
    """Only where nothing fits."""

    @property
    def simplest(self) -> tuple[Match, ...]:
        """The matches with the fewest departures."""
        fewest = min((match.oddness for match in self.matches), default=(0, False))
        return tuple(match for match in self.matches if match.oddness == fewest)

    @property
    def of_the_answer(self) -> Chance:
        """The chance of a rule as simple as the answer; without one, of any rule."""
        if not self.matches or self.simplest[0].is_any_size:
            return self.chances[-1]
        usual = [one for one in self.chances if not one.any_size]
        return usual[min(len(self.simplest[0].departures), len(usual) - 1)]


class Relation(Struct, frozen=True):
    """One factor between two numbers."""

    first: str
    second: str
    ratio: float
    """second / first"""
    sentence: str


class ListMatch(Struct, frozen=True):
    """A rule that gives every number of a list."""

    title: str
    departures: tuple[str, ...]
    factor: float
    """1, or what every number of the list is multiplied by."""
    values: tuple[float, ...]
    largest_difference: float


class IdentifiedList(Struct, frozen=True):
    """The answer for a list of numbers: one of each sample, or of each score."""

    what: str
    """`losses` or `gradients`"""
    count: int
    matches: tuple[ListMatch, ...]
    rules: int
    reason: str = ""
    """Why there is no match."""


class Separating(Struct, frozen=True):
    """A small batch on which every tied rule gives another number."""

    batch: dict[str, Any]
    """A JSON batch; empty where no small one gives every rule a number."""
    values: tuple[tuple[str, float], ...]
    """What each rule gives there."""
    inseparable: tuple[str, ...]
    """Pairs of rules for which no such batch was found."""

    @property
    def different(self) -> int:
        """How many different numbers the rules give there, at four digits."""
        return len({f"{value:.3e}" for _, value in self.values})


class Identification(Answer, frozen=True):
    """The answer for all numbers; its fields are the JSON."""

    question: ClassVar[str] = "identify"

    schema: str
    batch: BatchPart
    depth: int
    numbers: tuple[Identified, ...]
    relations: tuple[Relation, ...] = ()
    lists: tuple[IdentifiedList, ...] = ()
    separating: Separating | None = None
    findings: tuple[Finding, ...] = ()
    """Doubts of how the batch is read: a rule that gives a number may give it by chance then."""
    criterion: CriterionPart | None = None
    """The loss that was given beside the batch; None where none was."""
    untried: tuple[str, ...] = ()
    """What labels and scores may stand beside each other that a batch of so many scores is not tried for."""

    @property
    def is_complete(self) -> bool:
        """Whether every number has at least one rule."""
        return all(number.matches for number in self.numbers) and all(one.matches for one in self.lists)

    def __repr__(self) -> str:
        told = [f"{one.text}: {one.simplest[0].title if one.matches else 'no rule'}" for one in self.numbers[:3]]
        return f"<wce identification of {'; '.join(told) or 'a list'}>"
