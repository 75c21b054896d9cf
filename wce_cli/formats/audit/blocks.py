"""What a function was found to compute, for a person to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from wce_cli.answers.audit import VERY_LARGE, Audit, Computed, Row, verdict
from wce_cli.answers.report import Severity
from wce_cli.digits import format_number
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.audit.words import expectation, probe_text, where
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.look import Look

PARTS = {"numbers": "numbers", "edges": "edges", "gradient": "gradient", "conduct": "conduct"}
MARKS = {"ok": "ok", "note": "note", "wrong": "WRONG"}
SEVERITIES: dict[str, Severity | None] = {"ok": None, "note": "note", "wrong": "error"}
"""How grave each is."""


def answer_blocks(answer: Audit, look: Look, titled: bool) -> Iterator[AnswerBlock]:
    """Everything a person is told of one function."""
    yield blocks.name(look.message(f"{answer.target} {verdict(answer)}"))
    at = f" at {where(answer)}" if answer.file else ""
    if answer.call:
        yield blocks.prose(f"called as {answer.call}{at}, with {answer.arrays} arrays")
    if answer.guessed:
        yield blocks.prose(answer.guessed)
    if answer.taken_of:
        yield blocks.prose(f"of what it returns, {answer.taken_of} is looked at")
    yield from (blocks.prose(line) for one in answer.computed[:1] for line in _sentences(one))
    if expectation(answer):
        yield blocks.answer(expectation(answer))
    if len(answer.computed) > 1:
        yield _reductions(answer.computed, look)
    if answer.rows:
        yield _rows(answer.rows, look)
    shown = [row for row in answer.rows if row.verdict == "wrong" and row.probe is not None]
    departs = answer.own.departs if answer.own is not None else None
    if departs is not None or shown:
        yield blocks.title("the smallest batches that show it")
        if departs is not None:
            yield blocks.prose(f"where {departs.when}, it {departs.said}")
            yield blocks.code(look.text(probe_text(departs.probe)))
        for row in shown:
            assert row.probe is not None
            yield blocks.prose(row.name)
            yield blocks.code(look.text(probe_text(row.probe)))
    if answer.advice:
        yield blocks.title("what to change")
        for line in answer.advice:
            yield blocks.prose(f"- {line}")


def page_blocks(answer: Audit, look: Look, titled: bool) -> Iterator[AnswerBlock]:
    """All that is said elsewhere, and the numbers of the batch that is drawn."""
    for block in answer_blocks(answer, look, titled):
        columns = tuple(column for column in block.columns if column.name != "part")  # a narrow page has no room for it
        yield structs.replace(block, columns=columns)
    compared = answer.compared
    if compared is None:
        return
    yield blocks.title("the batch of the picture")
    yield blocks.prose(f"where {compared.about}, it gives {compared.said}")
    yield blocks.code(look.text(probe_text(compared.probe)))
    values = [format_number(one.value, look.digits) for one in compared.methods]
    yield blocks.table(
        Column("method", [one.pair for one in compared.methods], NEVER_DROPPED, right=False),
        Column("its loss", values, NEVER_DROPPED),
    )


def named(answer: Audit) -> str:
    """What it is about: the function."""
    return answer.target


def _sentences(own: Computed) -> Iterator[str]:
    """How well the rule is known, and what cannot be told from it."""
    is_near = own.is_followed or own.leaves_far
    if is_near and own.summary:
        yield f"{own.title.partition('; ')[0]} {own.summary}"
    if is_near:
        largest = own.largest_difference
        off = "to the last digit" if largest < 1e-12 else f"to {largest:.0e}, relative"
        if own.agreed == own.probes:
            every = "every two rules" if not own.shape and own.brings is None else "rules"
            yield f"{counted(own.agreed, 'batch', 'batches')} that tell {every} apart agree {off}"
        else:
            but = f"; the one where {VERY_LARGE} does not" if own.leaves_far else ""
            yield f"{own.agreed} of {own.probes} batches that tell rules apart agree {off}{but}"
    others = [pair for pair in own.pairs if pair != own.title]
    if others and own.is_followed:
        yield f"the same for what it takes: {', '.join(others)}"


def _reductions(computed: Sequence[Computed], look: Look) -> AnswerBlock:
    names = [one.reduction or "(its own)" for one in computed]
    titles = [_short_verdict(one) for one in computed]
    agreed = [f"{one.agreed} of {one.probes}" if one.title else "" for one in computed]
    return blocks.table(
        Column("reduction", names, NEVER_DROPPED, right=False),
        Column("computes", [look.message(title) for title in titles], NEVER_DROPPED, right=False),
        Column("batches that agree", agreed, 5),
        lines=[f"reduction {name}: {title}" for name, title in zip(names, titles, strict=True)],
    )


def _short_verdict(own: Computed) -> str:
    """What it computes under one reduction."""
    if own.is_followed:
        return own.titled
    if own.leaves_far:
        return f"{own.titled}, except where {VERY_LARGE}"
    if own.title:
        return f"none; nearest {own.titled}"
    return f"an array of shape {own.shape}" if own.shape else "none"


def _rows(rows: Sequence[Row], look: Look) -> AnswerBlock:
    parts = ["" if i and rows[i - 1].part == row.part else PARTS[row.part] for i, row in enumerate(rows)]
    return blocks.table(
        Column("", [look.text(part) for part in parts], 5, right=False, name="part"),
        Column("looked at", [look.text(row.name) for row in rows], NEVER_DROPPED, right=False),
        Column(
            "",
            [MARKS[row.verdict] for row in rows],
            NEVER_DROPPED,
            right=False,
            severities=tuple(SEVERITIES[row.verdict] for row in rows),
        ),
        Column("found", [look.message(row.said) for row in rows], NEVER_DROPPED, right=False, is_prose=True),
        lines=[f"{MARKS[row.verdict]}  {row.name}: {row.said}" for row in rows],
    )
