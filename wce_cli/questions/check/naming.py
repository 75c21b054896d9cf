"""The rule that does give an expected number, in a sentence: asked only where the number is not what it should be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs

from wce_cli.answers.identify import CUT, LITTLE, ROUNDED
from wce_cli.batches.batch import Batch
from wce_cli.digits import format_number
from wce_cli.errors import WceError
from wce_cli.loss.methods import METHODS
from wce_cli.loss.spec import Spec
from wce_cli.questions.check.expected import held
from wce_cli.questions.identify.lists import identify_losses
from wce_cli.questions.identify.matching import simplest
from wce_cli.questions.identify.number import PrintedNumber
from wce_cli.questions.identify.rules import Rule
from wce_cli.questions.identify.space import Space

NOISE = 0.25
"""The chance of an accident from which on naming a rule with departures would mislead."""
LAST_DIGIT_OFF = {
    ROUNDED: ", one off in its last digit, as if rounded on the way",
    CUT: ", its digits cut off and not rounded",
}
SCORES_SEARCHED = 10_000_000
"""Scores of a batch up to which odd readings are tried: each is one more pass."""


class Named(Struct, frozen=True):
    """What gives a number, in words, and the rule if it is one."""

    sentence: str
    """`0.380753 is batch-mean: Σw·ℓ/N. Ratio 0.55 = Σw/N`"""
    rule: str | None = None
    also: tuple[str, ...] = ()


class Namer:
    """The rules of one batch; the odd ones are tried when no standard one gives a number, and only then."""

    def __init__(self, batch: Batch, depth: int) -> None:
        self.batch = batch
        small = batch.n_samples * batch.spec.n_classes <= SCORES_SEARCHED
        self.depth = depth if small else 0
        self._spaces: dict[int, Space] = {}

    @np.errstate(all="ignore")
    def named(self, what: str, number: PrintedNumber, within: float = 0.0) -> Named:
        """The simplest rule that gives `number`, which was expected as `what`, if as anything, and is not.

        It is held to its own digits, whatever tolerance was asked for, or to `within` if what computed it rounds more.
        """
        if not math.isfinite(number.value):
            return Named("")
        number = _by_digits(number, within)
        for depth in range(self.depth + 1):
            if depth not in self._spaces:
                self._spaces[depth] = Space(self.batch, depth)
            matches, odds = simplest(self._spaces[depth], number)
            if matches and depth and odds is not None and odds >= NOISE:
                return Named(f"no standard rule gives {number.text}, and it has too few digits to tell an odd one")
            if matches:
                matches = [pair for pair in matches if not pair[1].is_off] or matches
                off = next((LAST_DIGIT_OFF[part] for part in matches[0][1].departures if part in LAST_DIGIT_OFF), "")
                return self._named(what, number, [rule for rule, _ in matches], self._spaces[depth], odds, off)
        return Named(f"no rule gives {number.text}" if self.depth else f"no standard rule gives {number.text}")

    @np.errstate(all="ignore")
    def listed(self, numbers: Sequence[PrintedNumber | None], within: float = 0.0) -> Named:
        """The simplest rule that gives every number of a list of losses; a list with gaps has none."""
        complete = [_by_digits(number, within) for number in numbers if number is not None]
        if len(complete) < len(numbers):
            return Named("")
        try:
            found = identify_losses(self.batch, complete, self.depth)
        except WceError:  # too large to be searched
            return Named("")
        if not found.matches:
            return Named("no rule gives the list")
        titles = [match.title for match in found.matches]
        return Named(f"the list is {titles[0]}", titles[0], tuple(titles[1:]))

    def _named(
        self, what: str, number: PrintedNumber, rules: list[Rule], space: Space, odds: float | None, off: str
    ) -> Named:
        first, *others = rules
        also = tuple(other.title for other in others)
        if first.pair == what and not first.departures and not off:
            return Named(f"{number.text} is {what} in as many digits, which the tolerance does not allow", first.title)
        spec, is_doubtful = self.batch.spec, odds is not None and odds >= LITTLE
        said = f"{number.text} {'may be' if is_doubtful else 'is'} {first.title}{off}"
        if not first.departures and not off:
            said += f": {over(numerator(first, spec), denominator(first, spec))}"
            ratio = self._ratio(what, first, space)
            said += f". {ratio}" if ratio else ""
        if is_doubtful and odds is not None:
            said += f". By accident, {format_number(100 * odds, 2)} % of numbers like it have such a rule"
        return Named(said, first.title, also)

    def _ratio(self, what: str, rule: Rule, space: Space) -> str:
        """`Ratio 0.55 = Σw/N`: expected over got, where both have the same numerator."""
        if not what:  # nothing was expected
            return ""
        method, _, placement = what.partition("/")
        asked = Rule(method, placement or "class")
        mine, theirs = space.evaluation.fraction(asked), space.evaluation.fraction(rule)
        if mine is None or theirs is None or not mine[1] or not theirs[1]:
            return ""
        if not math.isclose(mine[0], theirs[0], rel_tol=1e-12) or mine[0] == 0:
            return ""
        spec = self.batch.spec
        letters = over(denominator(asked, spec), denominator(rule, spec))
        return f"Ratio {format_number(mine[1] / theirs[1])} = {letters}"


def _by_digits(number: PrintedNumber, within: float) -> PrintedNumber:
    own = held(number.text)
    return own if own.tolerance >= within else structs.replace(own, tolerance=within)


def numerator(rule: Rule, spec: Spec) -> str:
    """The sum in letters: Σℓ, Σw·ℓ (w with the sample weight), or Σt where a class weight enters class by class."""
    is_plain = spec.weight is None and not spec.has_sample_weight
    if is_plain or not METHODS[rule.method].is_weighted:
        return "Σℓ"
    spread = spec.is_soft or spec.label_smoothing > 0
    return "Σt" if spread and rule.placement == "class" and spec.weight is not None else "Σw·ℓ"


def denominator(rule: Rule, spec: Spec) -> str:
    """What it is divided by, in letters."""
    method = METHODS[rule.method]
    if method.kind == "weights":
        return "Σw"
    letters = method.formula.partition(",")[0]
    return f"({letters.replace(' · ', '·')})" if "·" in letters or "−" in letters else letters


def over(above: str, below: str) -> str:
    """A fraction in letters: `Σw/N`, `Σw / N kept`, `1/N`, `Σw`."""
    if below == "1":
        return above.strip("()") if above.startswith("(") else above
    return f"{above} / {below}" if " " in above + below else f"{above}/{below}"
