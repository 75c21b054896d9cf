"""Which rule gave a number, for a person to read: the rules, what they were held to, and what that is worth."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

from msgspec import structs

from wce_cli.answers.identify import Identification, Identified, IdentifiedList, Match, Separating
from wce_cli.digits import format_number, rounded_up
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.criterion import criterion_line
from wce_cli.formats.identify.words import (
    ANY_SIZES,
    OFF,
    VALUE_DIGITS,
    chance_line,
    change_line,
    criterions_numbers,
    implied_line,
    is_of_the_answer,
    ratio_line,
    then,
    tied_line,
    tried_line,
    verdict,
)
from wce_cli.formats.look import Look

LISTED = 8
"""Rules that are listed of those with the fewest departures."""


def answer_blocks(answer: Identification, look: Look, titled: bool) -> Iterator[AnswerBlock]:
    """The answer from top to bottom."""
    if titled:
        yield blocks.name(look.name(answer.batch.name or "batch", 100))
    for number in answer.numbers:
        yield from _number(number, answer, look)
    for block in criterion_line(answer.criterion, look, criterions_numbers(answer)):
        yield structs.replace(block, is_answer=False, hanging=2)
    for one in answer.lists:
        yield from _list(one, look)
    if look.verbose and answer.numbers and answer.untried:
        yield blocks.prose(f"not tried, with so many scores: {'; '.join(answer.untried)}")
    for relation in answer.relations:
        if relation.sentence or look.verbose:
            yield blocks.title(ratio_line(relation, look), style="")
    yield from blocks.found(answer.findings)
    if answer.separating is not None:
        yield from _separating(answer.separating, look)


def page_blocks(answer: Identification, look: Look, titled: bool) -> Iterator[AnswerBlock]:
    """What the number is, or what each of several is, and then all that is said of them."""
    texts = {verdict(number, answer.batch, look): number.text for number in answer.numbers}
    if titled:
        yield blocks.name(look.name(answer.batch.name or "batch", 100))
    if len(answer.numbers) == 1:
        told = answer_blocks(answer, look, False)
        yield structs.replace(next(told), is_answer=True)
        yield from told
        return
    yield from map(blocks.answer, texts)
    for block in answer_blocks(answer, look, False):
        if block.kind == "title" and not block.style:
            yield blocks.answer(block.text)
        else:
            yield structs.replace(block, text=texts.get(block.text, block.text))


def _number(number: Identified, answer: Identification, look: Look) -> Iterator[AnswerBlock]:
    yield blocks.title(verdict(number, answer.batch, look))
    if number.matches and then(number, look):
        yield blocks.prose(then(number, look))
    telling = [one for one in number.implied if one.equals and (look.verbose or is_of_the_answer(one, number))]
    if number.matches or look.verbose:
        for implied in telling or (number.implied[:1] if look.verbose else ()):
            yield blocks.prose(implied_line(number.text, implied, look))
    if number.nearest and not look.verbose:
        yield blocks.prose(_nearest_line(number, look))
    if tied_line(number):
        yield blocks.prose(tied_line(number))
    for change in number.changes:
        yield blocks.prose(change_line(change))
    if number.matches or not look.verbose:
        yield blocks.prose(chance_line(number, answer.depth))
    if look.verbose:
        yield from _rest(number, answer.depth, look)
    elif odder := _odder(number):
        yield blocks.prose(f"{counted(odder, 'odder rule gives', 'odder rules give')} it too: --verbose lists them")


def _odder(number: Identified) -> int:
    """Lines of rules with more departures than the answer."""
    fewest = number.simplest[0].oddness if number.matches else (0, False)
    return sum(group[0].oddness > fewest for _, group in one_a_line(number.matches))


def _rest(number: Identified, depth: int, look: Look) -> Iterator[AnswerBlock]:
    """What was found beside the answer, and how."""
    if number.tolerance:
        yield blocks.prose(f"held to {_tolerance(number)}")
    if number.matches:
        yield _rules(number.matches, max(look.digits, VALUE_DIGITS))
        guards = sum(_is_idle(match, number.matches) for match in number.matches)
        if guards:
            yield blocks.prose(
                f"clipping p changes nothing that these digits show ({counted(guards, 'rule', 'rules')})"
            )
    elif number.nearest:
        yield _nearest(number, max(look.digits, len(number.text)))
    for reason in (*number.ties, *number.odder_ties):
        yield blocks.prose(f"not to be told apart: {reason}")
    last = number.chances[-1]
    tried = f"{tried_line(number, depth)} ({counted(last.distinct, 'different number', 'different numbers')})"
    known = [
        f"{format_number(100 * one.chance, 2)} % with {ANY_SIZES if one.any_size else one.departures}"
        for one in number.chances
        if one.chance is not None
    ]
    yield blocks.prose(tried + (f"; chance of an accident by departures: {', '.join(known)}" if known else ""))


def _nearest_line(number: Identified, look: Look) -> str:
    near = number.nearest[0]
    gives = format_number(near.value, max(look.digits, len(number.text)))
    return f"the nearest rule is {near.title}, which gives {gives} ({_signed(near.difference)})"


def _nearest(number: Identified, digits: int) -> AnswerBlock:
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
    widened = f", and {rounded_up(number.widening)} more for rounded inputs" if number.widening else ""
    return f"± {format_number(number.tolerance, 2)}, {number.tolerance_why}{widened}"


def one_a_line(matches: Sequence[Match]) -> list[tuple[str, list[Match]]]:
    """The rules as they are listed: together, those that give one number in the same way; clipping that changes nothing
    is none.
    """
    groups: dict[tuple[object, ...], list[Match]] = {}
    for match in matches:
        if _is_idle(match, matches):
            continue
        odd = tuple(part for part in match.departures if part != match.method)
        groups.setdefault((len(match.departures), odd, float(f"{match.value:.12g}")), []).append(match)
    return [(_together(group), group) for group in groups.values()]


def _is_idle(match: Match, matches: Sequence[Match]) -> bool:
    """Whether it clips what needs no clipping: the answer, which comes first, is as good without."""
    return match.is_guard and len(match.departures) > len(matches[0].departures)


def _rules(matches: Sequence[Match], digits: int) -> AnswerBlock:
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
    odd = group[0].title[len(_head(group[0])) :]
    return " = ".join(heads) + odd + (f"; {OFF[group[0].departures[-1]]}" if group[0].is_off else "")


def _head(match: Match) -> str:
    return match.title.partition("; ")[0]


def _signed(difference: float) -> str:
    return "0" if difference == 0 else f"{difference:+.2g}"


def _list(one: IdentifiedList, look: Look) -> Iterator[AnswerBlock]:
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


def _separating(apart: Separating, look: Look) -> Iterator[AnswerBlock]:
    same = apart.inseparable
    if apart.different > 1:
        differ = f"give {apart.different} different numbers" if same else "differ"
        yield blocks.title(f"a batch on which these rules {differ}: run it where the number came from")
        yield blocks.code(json.dumps(apart.batch))
        yield blocks.table(
            Column("rule", [name for name, _ in apart.values], NEVER_DROPPED, right=False),
            Column("gives there", [_there(value, look) for _, value in apart.values], 9),
        )
    if same:
        more = f", nor {counted(len(same) - 1, 'other pair', 'other pairs')} of these rules" if len(same) > 1 else ""
        yield blocks.prose(f"no batch was found that separates {same[0]}{more}")
