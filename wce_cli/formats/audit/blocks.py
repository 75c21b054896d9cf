"""What a function was found to compute, for a person to read, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from wce_cli.answers.audit import SCHEMA, VERY_LARGE, Audit, Computed, Row, verdict
from wce_cli.answers.audit_numbers import is_capped
from wce_cli.answers.base import to_plain
from wce_cli.answers.report import Severity
from wce_cli.errors import counted
from wce_cli.formats import blocks
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.json import as_text, schema_of
from wce_cli.formats.look import Look

PARTS = {"numbers": "numbers", "edges": "edges", "gradient": "gradient", "conduct": "conduct"}
MARKS = {"ok": "ok", "note": "note", "wrong": "WRONG"}
SEVERITIES: dict[str, Severity | None] = {"ok": None, "note": "note", "wrong": "error"}
"""How grave each is."""


def to_table(answers: Sequence[Audit], look: Look | None = None) -> str:
    """The audits as text, one below the other."""
    look = look or Look()
    return "\n".join(blocks.on_screen(answer_blocks(answer, look), look) for answer in answers)


def to_markdown(answers: Sequence[Audit], look: Look | None = None) -> str:
    """The audits as Markdown."""
    look = look or Look()
    return "\n".join(blocks.in_markdown(answer_blocks(answer, look), look) for answer in answers)


def to_json(answers: Sequence[Audit], look: Look | None = None) -> str:
    """One object, or a list of them; everything that was found."""
    documents = [answer.to_dict() for answer in answers]
    return as_text(documents[0] if len(documents) == 1 else documents, look or Look(), indent=2) + "\n"


def audit_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of what `to_json` writes."""
    return schema_of(Audit, SCHEMA)


def expectation(answer: Audit) -> str:
    """Whether it is what it should be; empty where nothing was expected."""
    if answer.expected is None:
        return ""
    if answer.is_expected:
        return f"as expected: {answer.expected}"
    own, pair = answer.own, answer.expected.removesuffix("/class")
    if own is not None and own.is_followed and pair in own.pairs:
        return f"expected {answer.expected}: the value is that{own.with_own}, {_but(answer)}"
    if own is not None and own.leaves_far and own.title == pair:
        return f"expected {answer.expected}: it is that, except where {VERY_LARGE}"
    is_guarded = own is not None and own.is_followed and own.departs is not None and own.title.startswith(f"{pair};")
    leaves = f", another number where {VERY_LARGE}" if is_guarded else ""
    return f"expected {answer.expected}, but it {verdict(answer)}{leaves}"


def _but(answer: Audit) -> str:
    """Why a function with the values of a rule is not as expected."""
    if any(row.name.startswith("dL/d") and row.verdict == "wrong" for row in answer.rows):
        return "the gradient is not"
    again = answer.row("called twice")
    if again is not None and again.verdict != "ok":
        return f"but it {again.said}"
    names = dict.fromkeys(one.name for one in answer.limits if is_capped([one]))
    return f"but not for all sizes of scores ({', '.join(names)})" if names else "but it does not outlive every batch"


def where(answer: Audit) -> str:
    """`losses.py:12`, as editors take it."""
    return f"{answer.file}:{answer.line}" if answer.file and answer.line else answer.target


def probe_text(probe: dict[str, Any]) -> str:
    """A probe on one line, as `wce explain -` takes it; whole numbers without their point."""
    return json.dumps(_whole(to_plain(probe)), ensure_ascii=False)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def answer_blocks(answer: Audit, look: Look) -> Iterator[AnswerBlock]:
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
