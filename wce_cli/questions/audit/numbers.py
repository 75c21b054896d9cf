"""The rows about numbers: where a score is too large for the function, and what it makes of narrow floats."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from wce_cli.digits import format_number
from wce_cli.questions.audit.answer import Row, Verdict
from wce_cli.questions.audit.probes import Offers, Probe, search_rows
from wce_cli.questions.audit.records import Answered, Found, said
from wce_cli.questions.audit.run import Observed
from wce_cli.questions.audit.values import difference, fields_of

_STABLE = "take logsumexp(logits) or log_softmax, which subtract the largest logit of a row before exp"
KINDS = {
    "high": ("largest logit", _STABLE),
    "low": ("lowest logits", _STABLE),
    "gap": ("largest gap", "take log_softmax instead of log(softmax): a p that is 0 has no log"),
}
"""By search: what its row is called, and what to change where there is a limit."""
ROUND = {"float32": 1e-5, "float16": 2e-2, "bfloat16": 1e-1}
"""How far the plain probe may be off, relative, in a narrow float."""
ENOUGH = 1e4
"""A logit that no model has: a function that is right up to it has no limit."""
TINY = {"float64": 1e-15, "float32": 5e-7}
"""A loss below which a function may return 0: a few of the dtype's steps at 1, as log_softmax has it."""
_CANCELS = "take log_softmax: logsumexp(x) − x[y] loses what is small beside the logits"


def rows(observed: Observed, offers: Offers, plain: Answered) -> Iterator[Row]:
    """Largest logit, lowest, largest gap, tiny losses, narrow floats."""
    dtypes = [dtype for dtype in ("float32", "float64", "float16", "bfloat16") if dtype in offers.dtypes]
    for kind in KINDS:
        found = [observed.found[f"{kind}:{dtype}"] for dtype in dtypes if f"{kind}:{dtype}" in observed.found]
        if found:
            yield _limits(kind, found, offers)
    tiny = [observed.found[f"tiny:{dtype}"] for dtype in dtypes if f"tiny:{dtype}" in observed.found]
    if tiny:
        yield _tiny(tiny, offers)
    wide = plain.values[0] if plain.values is not None and len(plain.values) == 1 else None
    yield from _narrow(observed, dtypes, wide)


def _dtype(found: Found) -> str:
    return found.name.partition(":")[2]


def _limits(kind: str, found: Sequence[Found], offers: Offers) -> Row:
    """How far scores may go in the wide floats; the narrow ones have rows of their own."""
    name, advice = KINDS[kind]
    wide = [one for one in found if _dtype(one) in ("float32", "float64")]
    limited = [one for one in wide if one.limit is not None and one.limit < ENOUGH]
    if not limited:
        return Row("numbers", name, "ok", f"no limit up to {'−' if kind == 'low' else ''}1e6")
    first = limited[0]
    parts = [f"{_short(one)} ({_dtype(one)})" for one in limited]
    step = Probe(first.name, "", *search_rows(kind, math.floor(first.limit or 0.0) + 1.0))
    return Row("numbers", name, "wrong", f"{', '.join(parts)}, then {first.beyond}", fields_of(step, offers), advice)


def _short(found: Found) -> str:
    sign = "−" if found.name.startswith("low") else ""
    return f"{sign}{format_number(found.limit or 0.0, 4)}"


def _tiny(found: Sequence[Found], offers: Offers) -> Row:
    """Losses so small that they are returned as 0."""
    parts, late = [], []
    for one in found:
        if one.limit is None or _dtype(one) not in ("float32", "float64"):
            continue
        smallest = math.log1p(2 * math.exp(-one.limit))
        parts.append(f"{format_number(smallest, 1)} ({_dtype(one)})")
        if smallest > TINY[_dtype(one)]:
            late.append(one)
    if not parts:
        return Row("numbers", "tiny losses", "ok", "never 0")
    verdict: Verdict = "note" if late else "ok"
    probe = None
    if late:
        probe = fields_of(Probe("tiny", "", *search_rows("tiny", math.ceil(late[0].limit or 0.0) + 1.0)), offers)
    return Row("numbers", "tiny losses", verdict, f"0 below {', '.join(parts)}", probe, _CANCELS if late else "")


def _narrow(observed: Observed, dtypes: Sequence[str], expected: float | None) -> Iterator[Row]:
    """The plain probe in float32, float16, bfloat16."""
    for dtype in dtypes:
        answer = observed.answers.get(f"plain:{dtype}")
        if answer is not None:
            limits = [observed.found.get(f"{kind}:{dtype}") for kind in ("high", "low")]
            yield _one_dtype(dtype, answer, expected, [one for one in limits if one is not None])


def _one_dtype(dtype: str, answer: Answered, expected: float | None, limits: Sequence[Found]) -> Row:
    returned = f", returned as {answer.dtype}" if answer.dtype and answer.dtype != dtype else ""
    if answer.values is None:
        return Row("numbers", dtype, "wrong" if dtype == "float32" else "note", said(answer))
    between = ""
    short = [one for one in limits if one.limit is not None and one.limit < ENOUGH]
    if dtype != "float32" and short:
        ends = {one.name.partition(":")[0]: _short(one) for one in short}
        between = f"; logits {ends.get('low', 'any')} to {ends.get('high', 'any')}"
    if len(answer.values) != 1 or expected is None:
        return Row("numbers", dtype, "ok", f"a number{returned}{between}")
    off = difference(answer.values[0], expected)
    if not math.isfinite(off):
        return Row("numbers", dtype, "wrong", f"gives {said(answer)}, not {format_number(expected)}")
    within = off <= ROUND[dtype]
    said_ = f"right to {format_number(off, 1)}" if within else f"off by {format_number(off, 1)}, relative"
    verdict: Verdict = "wrong" if not within else "note" if between else "ok"
    return Row("numbers", dtype, verdict, f"{said_}{returned}{between}")
