"""Which rule gave a number, for a person to read: the rules, what they were held to, and what that is worth."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from wce_cli.digits import format_number, rounded_up
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.blocks import Block
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.json import as_text, schema_of
from wce_cli.formats.look import Look
from wce_cli.questions.identify.answer import (
    SCHEMA,
    Chance,
    Denominator,
    Identification,
    Identified,
    IdentifiedList,
    Implied,
    Match,
    Separating,
)
from wce_cli.questions.identify.ties import SAME

LISTED = 8
"""Rules that are listed of those with the fewest departures."""
DENOMINATORS = 3
"""Values of denominators that are named of those within a number's tolerance."""
ROUNDED_TITLE = "one off in its last digit, as if rounded on the way"
LITTLE = 0.05
"""The chance from which on an explanation is said to mean little."""


def to_table(answers: Sequence[Identification], look: Look | None = None) -> str:
    """The answers as text, one below the other."""
    look = look or Look()
    return "\n".join(blocks.on_screen(answer_blocks(answer, look, len(answers) > 1), look) for answer in answers)


def to_markdown(answers: Sequence[Identification], look: Look | None = None) -> str:
    """The answers as Markdown."""
    look = look or Look()
    return "\n".join(blocks.in_markdown(answer_blocks(answer, look, len(answers) > 1), look) for answer in answers)


def to_json(answers: Sequence[Identification], look: Look | None = None) -> str:
    """One object, or a list of them, one a batch; everything that was found."""
    documents = [answer.to_dict() for answer in answers]
    return as_text(documents[0] if len(documents) == 1 else documents, look or Look(), indent=2) + "\n"


def identification_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `to_json` writes."""
    return schema_of(Identification, SCHEMA)


def answer_blocks(answer: Identification, look: Look, titled: bool) -> Iterator[Block]:
    """The answer from top to bottom."""
    if titled and answer.batch.name:
        yield blocks.name(look.message(answer.batch.name))
    for number in answer.numbers:
        yield from _number(number, answer.depth, look)
    for one in answer.lists:
        yield from _list(one, look)
    for relation in answer.relations:
        ratio = format_number(relation.ratio, look.digits)
        said = f": {relation.sentence}" if relation.sentence else ""
        yield blocks.title(f"{relation.second} / {relation.first} = {ratio}{said}", style="")
    if answer.separating is not None:
        yield from _separating(answer.separating, look)


def _number(number: Identified, depth: int, look: Look) -> Iterator[Block]:
    yield blocks.title(f"{number.text}{_tolerance(number)}: {verdict(number)}")
    telling = [implied for implied in number.implied if implied.equals] or number.implied[:1]
    for implied in telling:
        yield blocks.prose(_implied(number.text, implied, look))
    if number.matches:
        yield _rules(number.matches, max(look.digits, 7))
        guards = sum(match.is_guard for match in number.matches)
        if guards:
            yield blocks.prose(f"no p of this batch is near enough to 0 or 1: clipping it is the same ({guards} rules)")
    elif number.nearest:
        yield _nearest(number, max(look.digits, len(number.text)))
    for reason in number.ties:
        yield blocks.prose(f"not to be told apart: {reason}")
    for change in number.changes:
        slip = ", one keystroke away" if change.is_slip and not change.place.startswith("labels") else ""
        given, changed = format_number(change.given, 9), format_number(change.changed, 9)
        yield blocks.prose(f"{change.place} = {changed} instead of {given}{slip} would make it {change.rule}")
    yield blocks.prose(_odds(number, depth))


def _nearest(number: Identified, digits: int) -> Block:
    gives = [format_number(near.value, digits) for near in number.nearest]
    off = [_signed(near.difference) for near in number.nearest]
    odd = [str(len(near.departures)) for near in number.nearest]
    titles = [near.title for near in number.nearest]
    lines = [f"nearest: {title} gives {value} ({by})" for title, value, by in zip(titles, gives, off, strict=True)]
    return blocks.table(
        Column("nearest rules", titles, NEVER_DROPPED, right=False),
        Column("departures", odd, 5),
        Column("gives", gives, 9),
        Column("off by", off, 8),
        lines=lines,
    )


def _tolerance(number: Identified) -> str:
    if not number.tolerance:
        return ""
    why = "" if number.tolerance_why.startswith("half") else f", {number.tolerance_why}"
    widened = f", and {rounded_up(number.widening)} more for rounded inputs" if number.widening else ""
    return f" ± {format_number(number.tolerance, 2)}{why}{widened}"


def verdict(number: Identified) -> str:
    """What the reader came for, in one line."""
    if not number.matches:
        return "no rule gives it"
    titles = list(dict.fromkeys(_parts(match) for match in number.simplest))
    others = f", or {counted(len(titles) - 1, 'other rule', 'other rules')}" if len(titles) > 1 else ""
    return f"{titles[0]}{others}"


def _parts(match: Match) -> str:
    return match.title + (
        "; one off in its last digit, as if rounded on the way" if "rounded" in match.departures else ""
    )


def _implied(text: str, implied: Implied, look: Look) -> str:
    """`Σt / 1.7529 = 1.33221 / 1.7529 = 0.760003 ≈ Σ w[y] = Σ_c w[c] = 0.76`"""
    numerator, quotient = (format_number(value, look.digits) for value in (implied.numerator, implied.denominator))
    head = f"implied denominator: {implied.numerator_name} / {text} = {numerator} / {text} = {quotient}"
    if implied.equals:
        return f"{head} ≈ {_alike(implied.equals, look)}"
    between = f"{format_number(implied.lowest, look.digits)} to {format_number(implied.highest, look.digits)}"
    return f"{head} (from {between}); the nearest of this batch is {_alike([implied.nearest], look)}"


def _alike(found: Sequence[Denominator], look: Look) -> str:
    """`N = N kept = 5, or Σ_c w[c] = 4.9`: those of one value together, the nearest first, and how many are left."""
    groups: list[list[Denominator]] = []
    for one in found:
        same = next((group for group in groups if math.isclose(group[0].value, one.value, rel_tol=SAME)), None)
        if same is None:
            groups.append([one])
        else:
            same.append(one)
    said = []
    for group in groups[:DENOMINATORS]:
        value = format_number(group[0].value, look.digits)
        names = dict.fromkeys(one.name for one in group)
        said.append(" = ".join([*(name for name in names if name != value), value]))  # no 1 = 1
    left = len(groups) - len(said)
    return ", or ".join(said) + (f", or {counted(left, 'other value', 'other values')}" if left else "")


def one_a_line(matches: Sequence[Match]) -> list[tuple[str, list[Match]]]:
    """The rules as they are listed: together, those that give one number in the same way; clipping that changes nothing
    is none.
    """
    groups: dict[tuple[object, ...], list[Match]] = {}
    for match in matches:
        if match.is_guard and len(match.departures) > len(matches[0].departures):
            continue
        odd = tuple(part for part in match.departures if part != match.method)
        groups.setdefault((len(match.departures), odd, float(f"{match.value:.12g}")), []).append(match)
    return [(_together(group), group) for group in groups.values()]


def _rules(matches: Sequence[Match], digits: int) -> Block:
    groups = one_a_line(matches)
    shown = [group for _, group in groups[:LISTED]]
    rules = [title for title, _ in groups[:LISTED]]
    odd_parts = [str(len(group[0].departures)) for group in shown]
    gives = [format_number(group[0].value, digits) for group in shown]
    off = [_signed(group[0].difference) for group in shown]
    lines = [
        f"{rule} ({counted(int(parts), 'departure', 'departures')}) gives {value} ({by})"
        for rule, parts, value, by in zip(rules, odd_parts, gives, off, strict=True)
    ]
    if len(groups) > LISTED:
        more = f"… {len(groups) - LISTED} more, in --format json"
        for cells, text in ((rules, more), (odd_parts, ""), (gives, ""), (off, ""), (lines, more)):
            cells.append(text)
    return blocks.table(
        Column("rule", rules, NEVER_DROPPED, right=False),
        Column("departures", odd_parts, 5),
        Column("gives", gives, 9),
        Column("off by", off, 8),
        lines=lines,
    )


def _together(group: Sequence[Match]) -> str:
    """`batch-mean = kept-mean; softmax twice`"""
    heads = list(dict.fromkeys(_head(match) for match in group))
    odd = _parts(group[0])[len(_head(group[0])) :]
    return " = ".join(heads) + odd


def _head(match: Match) -> str:
    return match.title.partition("; ")[0]


def _signed(difference: float) -> str:
    return "0" if difference == 0 else f"{difference:+.2g}"


def _odds(number: Identified, depth: int) -> str:
    """How many rules were tried, and what a match is worth."""
    last = number.chances[-1]
    tried = f"tried {counted(last.rules, 'rule', 'rules')} of up to {counted(depth, 'departure', 'departures')}"
    tried += f" ({counted(last.distinct, 'different number', 'different numbers')})"
    known = [one for one in number.chances if one.chance is not None]
    if not known or number.prior is None:
        return tried
    odds = ", ".join(f"{_percent(one)} with {one.departures}" for one in known)
    low, high = (format_number(end, 3) for end in number.prior)
    said = f"{tried}; chance that a random number of as many digits, from {low} to {high}, is explained: {odds}"
    if number.matches:
        worth = known[min(len(number.simplest[0].departures), depth)]
        if worth.chance is not None and worth.chance >= LITTLE:
            said += ". So this match means little: more digits, or --separate, would tell"
    return said


def _percent(one: Chance) -> str:
    assert one.chance is not None
    return f"{format_number(100 * one.chance, 2)} %"


def _list(one: IdentifiedList, look: Look) -> Iterator[Block]:
    head = f"{counted(one.count, 'number', 'numbers')} of {one.what}"
    if not one.matches:
        yield blocks.title(f"{head}: {one.reason}")
    else:
        yield blocks.title(f"{head}: {one.matches[0].title}")
        yield blocks.table(
            Column("rule", [match.title for match in one.matches], NEVER_DROPPED, right=False),
            Column("departures", [str(len(match.departures)) for match in one.matches], 5),
            Column("largest difference", [_signed(match.largest_difference) for match in one.matches], 8),
        )
    yield blocks.prose(f"tried {counted(one.rules, 'rule', 'rules')}")


def _there(value: float, look: Look) -> str:
    return "an error, as N ≠ C" if math.isnan(value) else format_number(value, look.digits)


def _separating(apart: Separating, look: Look) -> Iterator[Block]:
    yield blocks.title("a batch on which these rules differ: run it where the number came from")
    yield blocks.code(json.dumps(apart.batch))
    yield blocks.table(
        Column("rule", [name for name, _ in apart.values], NEVER_DROPPED, right=False),
        Column("gives there", [_there(value, look) for _, value in apart.values], 9),
    )
    for pair in apart.inseparable:
        yield blocks.prose(f"no batch was found that separates {pair}")
