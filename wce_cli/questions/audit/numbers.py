"""The rows about numbers: where a score is too large for the function, and what it makes of narrow floats."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from wce_cli.digits import format_number
from wce_cli.questions.audit.answer import Row
from wce_cli.questions.audit.probes import Offers, Probe, search_rows
from wce_cli.questions.audit.records import Answered, Found
from wce_cli.questions.audit.run import Observed
from wce_cli.questions.audit.verdict import difference, fields_of, said

KINDS = {
    "high": ("largest logit", "above it", "take logsumexp(logits) or log_softmax, which subtract the largest logit of "
             "a row before exp"),
    "low": ("lowest logits", "below that", "take logsumexp(logits) or log_softmax, which subtract the largest logit of "
            "a row before exp"),
    "gap": ("largest gap", "above it", "take log_softmax instead of log(softmax): a p that is 0 has no log"),
}
ROUND = {"float32": 1e-5, "float16": 2e-2, "bfloat16": 1e-1}
"""How far the plain probe may be off, relative, in a narrow float."""
ENOUGH = 1e4
"""A logit that no model has: a function that is right up to it has no limit."""
TINY = {"float64": 1e-14, "float32": 1e-6, "float16": 1e-2, "bfloat16": 5e-2}
"""A loss below which a function may return 0: some of the dtype's own steps at 1, as log_softmax has it."""


def rows(observed: Observed, offers: Offers, expected: float | None) -> Iterator[Row]:
    """Largest logit, lowest, largest gap, tiny losses, narrow floats."""
    dtypes = [dtype for dtype in ("float32", "float64", "float16", "bfloat16") if dtype in offers.dtypes]
    for kind in KINDS:
        found = [observed.found[f"{kind}:{dtype}"] for dtype in dtypes if f"{kind}:{dtype}" in observed.found]
        if found:
            yield _limits(kind, found, offers)
    tiny = [observed.found[f"tiny:{dtype}"] for dtype in dtypes if f"tiny:{dtype}" in observed.found]
    if tiny:
        yield _tiny(tiny, offers)
    yield from _narrow(observed, dtypes, expected)


def _dtype(found: Found) -> str:
    return found.name.partition(":")[2]


def _limits(kind: str, found: Sequence[Found], offers: Offers) -> Row:
    """How far scores may go, dtype by dtype."""
    name, beyond, advice = KINDS[kind]
    wide = [one for one in found if _dtype(one) in ("float32", "float64")]
    limited = [one for one in found if one.limit is not None and one.limit < ENOUGH]
    main = [one for one in limited if one in wide] or limited
    if not limited:
        return Row("numbers", name, "ok", f"any: tried to {format_number(1e6 if wide else 3e4)}")
    sign = "−" if kind == "low" else ""
    parts = [f"{sign}{_short(one.limit or 0.0)} in {_dtype(one)}" for one in limited]
    first = main[0]
    at = math.floor(first.limit or 0.0) + 1
    step = Probe(first.name, "", *search_rows(kind, float(at)))
    verdict = "wrong" if any(one in wide for one in limited) else "note"
    said_ = f"{', '.join(parts)}; {beyond} {first.beyond}"
    return Row("numbers", name, verdict, said_, fields_of(step, offers), advice if verdict == "wrong" else "")


def _short(limit: float) -> str:
    return format_number(limit, 4)


def _tiny(found: Sequence[Found], offers: Offers) -> Row:
    """Losses so small that they are returned as 0."""
    parts, late = [], []
    for one in found:
        if one.limit is None:
            continue
        smallest = math.log1p(2 * math.exp(-one.limit))
        parts.append(f"below {format_number(smallest, 1)} in {_dtype(one)}")
        if smallest > TINY[_dtype(one)]:
            late.append(one)
    if not parts:
        return Row("numbers", "tiny losses", "ok", "never returned as 0")
    verdict = "note" if late else "ok"
    more = "" if late else ", as log_softmax does"
    probe = None
    if late:
        probe = fields_of(Probe("tiny", "", *search_rows("tiny", math.ceil(late[0].limit or 0.0) + 1.0)), offers)
    return Row("numbers", "tiny losses", verdict, f"returned as 0 {', '.join(parts)}{more}", probe)


def _narrow(observed: Observed, dtypes: Sequence[str], expected: float | None) -> Iterator[Row]:
    """The plain probe in float32, float16, bfloat16."""
    for dtype in dtypes:
        answer = observed.answers.get(f"plain:{dtype}")
        if answer is not None:
            yield _one_dtype(dtype, answer, expected)


def _one_dtype(dtype: str, answer: Answered, expected: float | None) -> Row:
    returned = f", returned as {answer.dtype}" if answer.dtype and answer.dtype != dtype else ""
    if answer.values is None:
        return Row("numbers", dtype, "wrong" if dtype == "float32" else "note", said(answer))
    if len(answer.values) != 1 or expected is None:
        return Row("numbers", dtype, "ok", f"answered{returned}")
    off = difference(answer.values[0], expected)
    within = off <= ROUND[dtype]
    by = "an infinite amount" if not math.isfinite(off) else f"{format_number(off, 1)} of it"
    return Row("numbers", dtype, "ok" if within else "wrong", f"off by {by}{returned}")
