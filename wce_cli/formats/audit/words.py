"""The words about an audit that all of its formats share. Nothing here loads rich."""

from __future__ import annotations

import json
from typing import Any

from wce_cli.answers.audit import VERY_LARGE, Audit, verdict
from wce_cli.answers.audit_numbers import is_capped
from wce_cli.digits import to_plain


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
