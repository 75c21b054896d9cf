"""The rows about numbers: where a score is too large for the function, and what it makes of narrow floats."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from msgspec import structs

from wce_cli.answers.audit import Limit, Row, Verdict
from wce_cli.answers.audit_numbers import ENOUGH, NEXT_TO_ZERO, WIDE, _ending, difference, what_ends
from wce_cli.digits import format_number
from wce_cli.questions.audit.child.bisection import CLASSES, Search, highest, is_right, search_probe
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.parent.values import fields_of, values_on
from wce_cli.questions.audit.probes import Offers
from wce_cli.questions.audit.protocol import Answered, Found, said
from wce_cli.questions.audit.rows.twice import is_steady
from wce_cli.questions.identify.rules import Rule

CAPPED = (
    "take log_softmax of the logits as they are, with no clip and no + ε: a very wrong sample counts too little, and "
    "has no gradient"
)
EXP_ENDS = (11.1, 17.3, 88.7, 103.9, 709.8, 745.1)
"""Where exp ends in float16, float32 and float64: above in inf, below in 0."""
AROUND = 2.0
_STABLE = "take logsumexp(logits) or log_softmax, which subtract the largest logit of a row before exp"
KINDS = {
    "high": ("largest logit", _STABLE),
    "low": ("lowest logits", _STABLE),
    "gap": ("largest gap", "take log_softmax instead of log(softmax): a p that is 0 has no log"),
}
"""By search: what its row is called, and what to change where there is no number above a limit."""
ROUND = {"float32": 1e-5, "float16": 2e-2, "bfloat16": 1e-1}
"""How far the plain probe may be off, relative, in a narrow float."""
GROSS = 1e-2
"""How far off an answer is, of the size of the scores, that is no rounding; where a number ends, its last digits go
before it."""
SHOWN = 0.1
"""How far off an answer is, relative, that is shown as one which is wrong."""
LOST = 8.0
"""How many times larger the smallest loss beside large logits is than beside 0 where it is lost in a difference."""
_CANCELS = "take log_softmax: logsumexp(x) − x[y] loses what is small beside the logits"


def limits(observed: Observed, offers: Offers, rule: Rule | None) -> tuple[Limit, ...]:
    """How far scores may go in each float, as far as it was searched; held to a rule, if there is one."""
    return tuple(
        _held(Search(one.name, dtype, kind), one, offers, rule)
        for kind in KINDS
        for dtype in offers.dtypes
        if (one := observed.found.get(f"{kind}:{dtype}")) is not None and one.limit != 0
    )


def _held(search: Search, found: Found, offers: Offers, rule: Rule | None) -> Limit:
    """The size up to which all answers are the rule's, if that is smaller than the one up to which there are any."""
    free = Limit(KINDS[search.kind][0], search.dtype, found.limit, highest(search.kind, search.dtype), found.beyond)
    if rule is None or not search.is_of_value or not found.given:
        return free
    end, number = found.given[-1]
    value = rule_at(search.kind, end, offers, rule, found.copies)
    if value is None or not math.isfinite(value):
        return free  # the rule itself has no number there
    is_last_digits = found.limit is not None and abs(number - value) <= GROSS * end
    if is_last_digits or is_right(number, value, end, search.dtype):
        return structs.replace(free, is_held=True)

    def is_wrong(one: tuple[float, float]) -> bool:
        value = rule_at(search.kind, one[0], offers, rule, found.copies)
        return value is None or not is_right(one[1], value, one[0], search.dtype)

    first = bisect_left(found.given, True, key=is_wrong)
    limit = found.given[first - 1][0] if first else 0.0
    beyond = f"{_size(search.kind, end)} gives {format_number(number, 5)}"
    return structs.replace(free, limit=limit, beyond=beyond, wrong=number, is_held=True)


def _size(kind: str, at: float) -> str:
    return f"{'−' if kind == 'low' else ''}{'1e6' if at == 1e6 else format_number(at, 4)}"


def rule_at(kind: str, at: float, offers: Offers, rule: Rule, copies: int) -> float | None:
    """What a rule gives on the batch of a search."""
    return values_on(search_probe(kind, at, copies, offers), offers, [rule])[0]


def rows(
    observed: Observed, offers: Offers, plain: Answered, limits: Sequence[Limit], rule: Rule | None
) -> Iterator[Row]:
    """Largest logit, lowest, largest gap, tiny losses, narrow floats."""
    dtypes = [dtype for dtype in ("float32", "float64", "float16", "bfloat16") if dtype in offers.dtypes]
    for kind, (name, _) in KINDS.items():
        some = sorted((one for one in limits if one.name == name and one.dtype in WIDE), key=lambda one: one.dtype)
        if some:
            yield _limits(kind, some, observed, offers, rule)
    if any(f"tiny:{dtype}" in observed.found for dtype in WIDE):
        yield _tiny(observed, offers, rule)
    if plain.narrowed:
        yield Row("numbers", "float64", "note", f"{plain.narrowed}: it is asked in float32")
    yield from _narrow(observed, dtypes, plain if is_steady(observed) else structs.replace(plain, values=None))


def _dtype(found: Found) -> str:
    return found.name.partition(":")[2]


def _limits(kind: str, some: Sequence[Limit], observed: Observed, offers: Offers, rule: Rule | None) -> Row:
    """How far scores may go."""
    name, advice = KINDS[kind]
    sign = "−" if kind == "low" else ""
    ending = _ending(some)
    if not ending:
        least = min(one.tried if one.limit is None else one.limit for one in some)
        return Row("numbers", name, "ok", f"{what_ends(some)} up to {_size(kind, least)}")
    groups = [[one for one in ending if (one.wrong is not None) == is_wrong] for is_wrong in (True, False)]
    said_ = "; ".join(_ends(group, sign) for group in groups if group)
    first = next(filter(None, groups))[0]
    at = math.floor(first.limit or 0.0) + 1.0
    found = observed.found[f"{kind}:{first.dtype}"]
    advice = advice if any(abs((first.limit or 0.0) - end) < AROUND for end in EXP_ENDS) else ""
    if first.wrong is not None and rule is not None:
        given = found.given
        offs = [difference(got, rule_at(kind, size, offers, rule, found.copies)) for size, got in given]
        shows = bisect_left(offs, SHOWN)
        at = math.ceil(given[min(shows, len(given) - 1)][0])
        advice = CAPPED
    step = structs.replace(search_probe(kind, float(at), found.copies, offers), weight=None)
    return Row("numbers", name, "wrong", said_, fields_of(step, offers), advice)


def _ends(some: Sequence[Limit], sign: str) -> str:
    """`88.72 (float32), 709.8 (float64), then inf`"""
    parts = _by_dtype(some, [f"{sign}{format_number(one.limit or 0.0, 4)}" for one in some])
    if some[0].wrong is None:
        return f"{parts}, then {some[0].beyond}"
    right = f"right up to {parts}" if any(one.limit for one in some) else f"wrong at {sign}1"
    return f"{right}; {_by_dtype(some, [one.beyond for one in some])}"


def _by_dtype(some: Sequence[Limit], said_: Sequence[str]) -> str:
    """What is said of each float, once where it is the same of both."""
    if len(some) == len(WIDE) and len(set(said_)) == 1:
        return said_[0]
    return ", ".join(f"{text} ({one.dtype})" for one, text in zip(some, said_, strict=True))


def _short(found: Found) -> str:
    sign = "−" if found.name.startswith("low") else ""
    return f"{sign}{format_number(found.limit or 0.0, 4)}"


def _tiny(observed: Observed, offers: Offers, rule: Rule | None) -> Row:
    """Losses so small that they are returned as 0; those that are lost beside large logits are told from those that
    the floats it computes in do not have. How small they are is known of a rule alone: else it is said where."""
    parts, late = list[str](), list[Found]()
    for dtype in WIDE:
        found, beside_0 = observed.found.get(f"tiny:{dtype}"), observed.found.get(f"small:{dtype}")
        if found is None or not found.limit or found.beyond != "0":
            continue
        smallest = _loss_of_gap(found.limit, offers)
        parts.append(f"{format_number(found.limit if rule is None else smallest, 3 if rule is None else 1)} ({dtype})")
        if beside_0 is not None and smallest > LOST * _loss_of_gap(beside_0.limit, offers):
            late.append(found)
    if not parts:
        return Row("numbers", "tiny losses", "ok", "never 0")
    text = f"0 where the label's logit leads by more than {', '.join(parts)}"
    text = text if rule is None else f"0 below {', '.join(parts)}"
    if not late:
        return Row("numbers", "tiny losses", "ok", text)
    step = search_probe("tiny", math.ceil(late[0].limit or 0.0) + 1.0, late[0].copies, offers)
    fields = fields_of(structs.replace(step, weight=None), offers)
    return Row("numbers", "tiny losses", "note", text, fields, _CANCELS)


def _loss_of_gap(gap: float | None, offers: Offers) -> float:
    """The loss of a sample whose label's score is so far above the others; 0 where there is no such limit."""
    return 0.0 if gap is None else math.log1p(((offers.classes or CLASSES) - 1) * math.exp(-gap))


def _narrow(observed: Observed, dtypes: Sequence[str], plain: Answered) -> Iterator[Row]:
    """The plain probe in float32, float16, bfloat16."""
    for dtype in dtypes:
        answer = observed.answers.get(f"plain:{dtype}")
        if answer is not None:
            limits = [observed.found.get(f"{kind}:{dtype}") for kind in ("high", "low")]
            yield _one_dtype(dtype, answer, plain, [one for one in limits if one is not None])


def _one_dtype(dtype: str, answer: Answered, plain: Answered, limits: Sequence[Found]) -> Row:
    returned = f", returned as {answer.dtype}" if answer.dtype and answer.dtype != dtype else ""
    if answer.values is None:
        return Row("numbers", dtype, "wrong" if dtype == "float32" else "note", said(answer))
    between = ""
    short = [one for one in limits if one.limit and one.limit < ENOUGH]
    if dtype != "float32" and short:
        ends = {one.name.partition(":")[0]: _short(one) for one in short}
        between = f"; logits {ends.get('low', 'any')} to {ends.get('high', 'any')}"
    if plain.narrowed and dtype == "float32":
        return Row("numbers", dtype, "ok", f"what it is asked in{returned}")
    if plain.values is None:
        number = "a number" if len(answer.values) == 1 else said(answer)
        return Row("numbers", dtype, "ok", f"{number}{returned}{between}")
    if answer.shape != plain.shape:
        return Row("numbers", dtype, "wrong", f"{said(answer)}, where float64 gives {said(plain)}")
    floor = max(map(abs, plain.values), default=0.0)
    pairs = list(zip(answer.values, plain.values, strict=True))
    off = max((difference(got, value, floor if len(pairs) > 1 else NEXT_TO_ZERO) for got, value in pairs), default=0.0)
    if not math.isfinite(off):
        return Row("numbers", dtype, "wrong", f"gives {said(answer)}, not {said(plain)}")
    within = off <= ROUND[dtype]
    if within:
        said_ = f"as in float64{f', to {format_number(off, 1)}' if off else ''}"
    else:
        said_ = f"off by {format_number(off, 1)}, relative"
    verdict: Verdict = "wrong" if not within else "note" if between else "ok"
    return Row("numbers", dtype, verdict, f"{said_}{returned}{between}")
