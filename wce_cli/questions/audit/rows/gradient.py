"""The rows about the gradient: whether it is that of the rule, and whether the weight reaches it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import structs

from wce_cli.answers.audit import Row
from wce_cli.answers.audit_numbers import difference
from wce_cli.digits import format_number
from wce_cli.loss.methods import METHODS, WEIGHTED
from wce_cli.loss.sums import Floats
from wce_cli.questions.audit.child.arrays import numbers_of
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.parent.values import fields_of, values_on
from wce_cli.questions.audit.probes import ONE_WEIGHTS, Offers, Probe, edges
from wce_cli.questions.audit.rows.edges import changes_nothing
from wce_cli.questions.audit.rows.twice import is_steady
from wce_cli.questions.audit.steps import COARSE
from wce_cli.questions.identify.odd_ways import ENTRIES
from wce_cli.questions.identify.rules import Rule

STEP = 1e-4
CLOSE = 1e-5
"""How far an entry may be off, of the largest one: central differences of the rule are good to about 1e-8."""

NO_GRAPH = ("call numpy()", "does not require grad", "ConcretizationTypeError", "TracerArrayConversionError")
"""In what is raised where arrays leave their framework."""
ENDED = "keep to the framework's own operations: .item(), .detach(), .numpy() end the gradient"
DETACHED = "the value is right and the gradient is not: look for detach(), no_grad() or a backward of its own"


def rows(observed: Observed, offers: Offers, rule: Rule | None, title: str) -> Iterator[Row]:
    """Against the rule's own, which is said by its title, and for a batch of one."""
    by_name = {probe.name: probe for probe in edges(offers)}
    answer = observed.answers.get("gradient")
    if answer is None:
        return
    fields = fields_of(by_name["gradient"], offers)
    name = f"dL/d{offers.scores}"
    if answer.gradient is None and answer.no_gradient == COARSE:
        yield Row("gradient", name, "ok", COARSE)
        return
    if answer.gradient is None:
        why = answer.no_gradient or f"{answer.error} ({answer.message})"
        is_ended = bool(answer.no_gradient) or any(text in why for text in NO_GRAPH)
        yield Row("gradient", name, "wrong", f"none: {why}", fields, ENDED if is_ended else "")
        return
    got = np.array(answer.gradient)
    if not np.isfinite(got).all():
        number = format_number(float(got[~np.isfinite(got)][0]))
        yield Row("gradient", name, "wrong", f"{number} among its entries", fields)
        return
    close, probe = CLOSE if answer.dtype == "float64" else 10 * CLOSE, by_name["gradient"]
    if rule is None:
        value = None if answer.shape else answer.values
        of = "" if value is None else _named(got, probe, offers, close, value[0])
        text = f"that of {of}, which the value is not" if of else "there is one; no rule to hold it to"
        yield Row("gradient", name, "ok", text)
    else:
        expected = rule_gradient(probe, offers, rule)
        is_own = observed.loaded is not None and observed.loaded.arrays != "numpy"
        of = "" if _is_that(got, expected, close) else _named(got, probe, offers, close)
        yield _against(got, expected, name, fields, title, close, DETACHED if is_own else "", of)
    if changes_nothing(observed):
        return  # what reaches no value reaches no gradient
    of_one = [observed.answers.get(name) for name in ONE_WEIGHTS]
    gradients = [np.array(one.gradient) for one in of_one if one is not None and one.gradient is not None]
    if len(gradients) == len(ONE_WEIGHTS) and is_steady(observed):
        yield from _of_one(gradients, fields_of(by_name["one-light"], offers), rule)


def rule_gradient(probe: Probe, offers: Offers, rule: Rule) -> Floats:
    """dL/dx of a rule by central differences of its value, x the scores that it takes."""
    return rule_gradients(probe, offers, [rule])[0]


def rule_gradients(probe: Probe, offers: Offers, rules: Sequence[Rule]) -> list[Floats]:
    """dL/dx of each of several rules on a probe, by central differences."""
    x: Floats = numbers_of(structs.replace(probe, layout="rows"), offers.scores)[offers.scores]
    made: list[Floats] = [np.zeros_like(x) for _ in rules]
    for n, c in np.ndindex(*x.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = x.copy()
            moved[n, c] += step
            rows_ = tuple(tuple(row) for row in moved.tolist())
            ends.append(values_on(structs.replace(probe, scores=rows_), offers, rules))
        for k, (above, below) in enumerate(zip(*ends, strict=True)):
            made[k][n, c] = np.nan if above is None or below is None else (above - below) / (2 * STEP)
    return made


def _named(got: Floats, probe: Probe, offers: Offers, close: float, value: float | None = None) -> str:
    """The rule that has this gradient, a standard one first; empty where none has, or has that `value` there, too."""
    weighted = [Rule(WEIGHTED, "class", entry=entry) for entry in ENTRIES if ENTRIES[entry].rows == "label"]
    rules = [
        *(Rule(method.name, placement) for method in METHODS.values() for placement in method.placements),
        *weighted,
    ]
    if offers.labels != "index" or not offers.is_weighted:
        rules = rules[: -len(weighted)]
    if not offers.is_weighted:
        rules.sort(key=lambda rule: METHODS[rule.method].is_weighted)
    for rule, expected in zip(rules, rule_gradients(probe, offers, rules), strict=True):
        if _is_that(got, expected, close):
            given = None if value is None else values_on(probe, offers, [rule])[0]
            return "" if value is not None and difference(value, given) <= close else rule.title
    return ""


def _is_that(got: Floats, expected: Floats, close: float) -> bool:
    if not np.isfinite(expected).all() or got.size < expected.size:
        return False
    scale = float(np.abs(expected).max()) or 1.0
    return bool(np.abs(got[: expected.size].reshape(expected.shape) - expected).max() <= close * scale)


def _against(
    got: Floats, expected: Floats, name: str, fields: dict[str, object], title: str, close: float, advice: str, of: str
) -> Row:
    """The gradient beside that of the rule; `of` is the rule that has it, if there is one."""
    got = got[: expected.size].reshape(expected.shape)  # a row without a label of its own is the last
    scale = float(np.abs(expected).max()) or 1.0
    off = np.abs(got - expected)
    if off.max() <= close * scale:
        return Row("gradient", name, "ok", f"that of {title}")
    n, c = np.unravel_index(int(off.argmax()), off.shape)
    ratio = float((got * expected).sum() / (expected * expected).sum())
    pair = f"{format_number(float(got[n, c]))}, not {format_number(float(expected[n, c]))}"
    if of:
        text = f"that of {of}, not of {title}: at [{n}][{c}] it is {pair}"
    elif np.abs(got - ratio * expected).max() <= close * scale:
        text = f"{format_number(ratio, 4)} times that of {title}"
    else:
        text = f"not that of {title}: at [{n}][{c}] it is {pair}"
    return Row("gradient", name, "wrong", text, fields, advice)


def _of_one(gradients: list[Floats], fields: dict[str, object], rule: Rule | None) -> Iterator[Row]:
    """Whether a label's w = 0.1 makes a batch of one count less than w = 1; nothing where it has no gradient."""
    name = "weight at N = 1"
    light, heavy, other = gradients
    size = float(np.abs(heavy).max())
    if not all(np.isfinite(one).all() for one in gradients) or not size:
        return
    if np.abs(light - heavy).max() > CLOSE * size:
        ratio = float((light * heavy).sum() / (heavy * heavy).sum())
        is_factor = np.abs(light - ratio * heavy).max() <= CLOSE * size
        by = f"0.1 gives {format_number(ratio, 3)} of what 1 does" if is_factor else "0.1 gives another gradient than 1"
        yield Row("gradient", name, "ok", f"reaches it: {by}")
    elif np.abs(other - heavy).max() > CLOSE * size:
        yield Row("gradient", name, "note", "the label's own does not reach it, that of another class does", fields)
    else:
        cancels = ": it cancels, as in torch" if rule is not None and rule.pair == WEIGHTED else ""
        yield Row("gradient", name, "note", f"does not reach it{cancels}", fields)
