"""What `audit` answers, as plain numbers and text: its fields are the JSON schema `wce.audit/1`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import Struct

from wce_cli.answers.base import Answer
from wce_cli.loss.methods import METHODS

SAMPLES, COLUMN, CLASSES = "(N,)", "(N, 1)", "(N, C)"
"""A loss for each sample, the same in a column, and a number for each class of each sample."""
IGNORED = -100
"""The label that means skip, as torch has it."""
VERY_LARGE = "a loss is very large"
"""What is special about the batch on which a function with a cap leaves its rule."""


class Own(Struct, frozen=True):
    """What a function brings along, and nobody hands over: what its numbers are computed with."""

    weight: tuple[float, ...] | None = None
    """One a class; more than a batch has classes: the first of them."""
    smoothing: float = 0.0
    ignore_index: int | None = None
    factor: float = 1.0
    """What the loss is multiplied by."""
    is_inferred: bool = False
    """Its weights were not read anywhere but inferred from its answers, up to a factor where that cancels."""


SCHEMA = "wce.audit/1"

Verdict = Literal["ok", "note", "wrong"]
"""`note`: good to know, and another choice than torch's; `wrong`: an answer that nobody wants."""


class Departure(Struct, frozen=True):
    """Where a function stops being the rule that it is nearest to."""

    when: str
    got: float | None
    """None: it raised an error."""
    expected: float | None
    said: str
    """In one line what it did, and what the rule gives."""
    probe: dict[str, Any]
    """A JSON batch: the smallest that shows it."""


class Computed(Struct, frozen=True):
    """What the function computes under one `reduction`."""

    reduction: str | None
    """None: its own choice."""
    title: str
    """The rule in words; empty where none is near."""
    summary: str
    """What the rule divides by, in words; empty for an odd one."""
    pairs: tuple[str, ...]
    """The METHOD or METHOD/PLACEMENT pairs it cannot be told from; empty where no rule is followed."""
    departures: tuple[str, ...]
    """The rule's odd parts by name; empty for a standard one."""
    is_followed: bool
    """Whether every probe that tells rules apart got the rule's number."""
    probes: int
    agreed: int
    largest_difference: float
    """Relative, over the probes that agree."""
    departs: Departure | None = None
    """Where it leaves the rule; where that one keeps p from 0, where it leaves what it would be without."""
    shape: str = ""
    """What it returns, `(N,)`, `(N, C)`; empty: one number."""
    brings: Own | None = None
    """What it brings along itself, and the rule is computed with."""

    @property
    def titled(self) -> str:
        """The rule in words, with what the function brings along: `batch-mean with its own weights [1, 2, 3]`."""
        head, semicolon, odd = self.title.partition("; ")
        return f"{head}{self.with_own}{semicolon}{odd}"

    @property
    def with_own(self) -> str:
        """What the function brings along, in words."""
        if self.brings is None:
            return ""
        brings, said = self.brings, []
        if brings.weight is not None:
            shown = [f"{number:g}" for number in brings.weight]
            is_ratio = brings.is_inferred and self._is_of_ratios
            said.append(f"weights {' : '.join(shown)}" if is_ratio else f"weights [{', '.join(shown)}]")
        if brings.smoothing:
            said.append(f"label_smoothing {brings.smoothing:g}")
        if brings.ignore_index not in (None, IGNORED):
            said.append(f"ignore_index {brings.ignore_index}")
        if brings.factor != 1:
            said.append(f"factor {brings.factor:g}")
        return f" with its own {' and '.join(said)}" if said else ""

    @property
    def _is_of_ratios(self) -> bool:
        """Whether a common factor of the weights changes nothing, so that their ratios are all that is known."""
        method = METHODS.get(self.title.partition(";")[0].partition("/")[0])
        return method is not None and method.adds_weights

    @property
    def leaves_far(self) -> bool:
        """Whether it is the rule on every probe but that of a very large loss: it has a cap, or ends in inf."""
        is_far = self.departs is not None and self.departs.when == VERY_LARGE
        return is_far and self.agreed > 0 and not self.is_followed


class Row(Struct, frozen=True):
    """One thing that was looked at."""

    part: Literal["numbers", "edges", "gradient", "conduct"]
    name: str
    verdict: Verdict
    said: str
    probe: dict[str, Any] | None = None
    """A JSON batch: the smallest that shows it."""
    advice: str = ""


class MethodValue(Struct, frozen=True):
    """What a method gives on a batch."""

    pair: str
    value: float


class Compared(Struct, frozen=True):
    """One batch on which the methods part, and what the function and each of them give there."""

    about: str
    """What is special about it, in words that end a sentence."""
    got: float | None
    """None: it raised an error."""
    said: str
    """The same in words."""
    rule: float | None
    """What the rule gives that the function follows, or is nearest to; None: that is an error there."""
    methods: tuple[MethodValue, ...]
    probe: dict[str, Any]
    """A JSON batch."""


class Limit(Struct, frozen=True):
    """How far scores may go before the answer is no number, or not the right one."""

    name: str
    """Of the row that judges it: `largest logit`, `lowest logits` (down to −limit), `largest gap`."""
    dtype: str
    limit: float | None
    """The largest size at which the answer is finite and right, up to the digits that a float loses before it ends;
    None: all that were tried."""
    tried: float
    """The largest that was."""
    beyond: str
    """What the answer is above the limit: `inf`, `nan`, an error, or what a size gives: `1e6 gives 16.118`."""
    wrong: float | None = None
    """The answer at the largest size that has one, where it is not the rule's number; None: it is, or has no rule."""
    is_held: bool = False
    """Whether it was held to a rule; False: only to being a number."""


class Audit(Answer, frozen=True):
    """Everything that was found about one function; its fields are the JSON."""

    question: ClassVar[str] = "audit"

    schema: str
    target: str
    file: str | None
    line: int | None
    call: str
    """How it was called."""
    arrays: str
    is_answered: bool
    """False: it gave no answer that could be judged; the rows say why."""
    computed: tuple[Computed, ...]
    rows: tuple[Row, ...]
    advice: tuple[str, ...]
    """What to change."""
    expected: str | None = None
    is_expected: bool | None = None
    """None: nothing was expected."""
    compared: Compared | None = None
    """None: it has no rule, or returns a loss for each sample."""
    limits: tuple[Limit, ...] = ()
    guessed: str = ""
    """What was taken for what where no name says so: `t was taken for the labels`."""
    taken_of: str = ""
    """Where it returns several things: the one that was looked at, `the first of a tuple of 2`."""
    labels: str = ""
    """How it takes its labels where that is a way of its own: `labels shifted by one`, `class 0 is ignored`."""

    @property
    def own(self) -> Computed | None:
        """What it computes when no reduction is asked of it."""
        return self.computed[0] if self.computed else None

    def row(self, name: str) -> Row | None:
        """The row of that name; None if it was not looked at."""
        return next((row for row in self.rows if row.name == name), None)

    def __repr__(self) -> str:

        return f"<wce audit of {self.target}: {verdict(self)}>"


def verdict(answer: Audit) -> str:
    """What the reader came for, in one line: `computes batch-mean`."""
    own = answer.own
    if not answer.is_answered or own is None:
        return next((row.said for row in answer.rows if row.verdict == "wrong"), "gives no answer")
    return f"{_rule(own)}{'; ' * bool(answer.labels)}{answer.labels}"


def _rule(own: Computed) -> str:
    if own.is_followed:
        return f"computes {own.titled}{_as_array(own)}"
    if own.leaves_far:
        return f"computes {own.titled}, except where {VERY_LARGE}"
    if own.shape:
        return f"returns an array of shape {own.shape}"
    if not own.title:
        return "follows none of the known rules"
    when = f", and it leaves that where {own.departs.when}" if own.departs is not None else ""
    near = f"nearest {own.titled}, which gives {own.agreed} of its {own.probes} numbers"
    return f"follows none of the known rules; {near}{when}"


def _as_array(own: Computed) -> str:
    """How an array is returned that is more than a loss for each sample."""
    if own.shape in ("", SAMPLES):
        return ""
    return f", an array of shape {own.shape}" + (": one loss a sample, not squeezed" if own.shape == COLUMN else "")
