"""Where does the number come from, when only the totals of the parts are left?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from msgspec import structs

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import Measured, Report, TermRow
from wce_cli.batches.batch import as_keyword
from wce_cli.batches.field_reader import Gathering, read_class_names, read_numbers, with_plain_keys
from wce_cli.batches.weights import balanced, read_class_weight
from wce_cli.errors import Problem, WceError
from wce_cli.fields import DEFAULTS
from wce_cli.loss.facts import Facts
from wce_cli.loss.layout import TORCHS_AXIS, Layout, sample_shape_of
from wce_cli.loss.methods import loss_values
from wce_cli.loss.spec import IGNORE_INDEX, Criterion, Spec
from wce_cli.loss.sums import Floats
from wce_cli.questions.explain.report import report_of, shared_numerator
from wce_cli.saved.part import Saved, without_top


@np.errstate(all="ignore")
def explain_saved(
    saved: Saved,
    *,
    weight: Any = None,
    label_smoothing: float | None = None,
    classes: Any = None,
    criterion: Criterion | None = None,
    name: str | None = None,
    spelled: Callable[[str], str] = as_keyword,
    measured: tuple[Measured, ...] = (),
) -> Report:
    """The report of saved totals, for a class weight and a smoothing given now; else those of the pass.

    Everything but single samples: there are no rows. `measured` says why no framework was. `criterion`: the one whose
    number is to be marked.
    Raises WceError if the weight does not fit, if a smoothing is asked of totals that were taken without one, or if
    the parts were saved with different ones and none is given.
    """
    spec = spec_of(saved, weight, label_smoothing, classes, name, spelled)
    if criterion is not None:
        spec = _with_criterion(saved, spec, criterion, spelled)
    totals, facts = saved.totals, _facts_of(saved, spec)
    by_class = not spec.is_soft and spec.label_smoothing == 0
    facts = structs.replace(facts, top=structs.replace(facts.top, by_class=by_class))
    if by_class:  # of a pass with smoothing, it is that of every class
        facts = structs.replace(facts, smallest_a=facts.smallest_loss)
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    analysis = Analysis(spec, totals, facts, values, measured, {})
    return report_of(analysis, saved.header.shape, (), _top(saved, spec, shared_numerator(analysis)))


def _with_criterion(saved: Saved, spec: Spec, criterion: Criterion, spelled: Callable[[str], str]) -> Spec:
    """The spec with a criterion. Raises WceError if that has a value that stands neither in it nor in the totals, or
    that these were not made with.
    """
    from wce_cli.batches.criterion import unsaid_problems

    known = {"ignore_index", "label_smoothing"}
    known |= {"weight"} if spec.weight is not None else set()
    known |= {"sample_weight"} if spec.has_sample_weight else set()
    problems = unsaid_problems(criterion, known, spelled)
    ignored = criterion.fields.get("ignore_index", saved.header.ignore_index)
    if ignored != saved.header.ignore_index:
        said = f"criterion ignores {ignored}, and these totals were saved with {saved.header.ignore_index} ignored"
        problems.append(Problem(said, f"save them with {spelled('criterion')}", "ignore_index"))
    if "sample_weight" in criterion.fields and not spec.has_sample_weight:
        said = "criterion has a sample weight, and these totals were saved without one"
        problems.append(Problem(said, f"save them with {spelled('sample_weight')}", "sample_weight"))
    if problems:
        raise WceError(problems)
    return structs.replace(spec, criterion=criterion)


def as_asked(
    saved: Saved,
    *,
    weight: Any = None,
    label_smoothing: float | None = None,
    classes: Any = None,
    spelled: Callable[[str], str] = as_keyword,
) -> Saved:
    """The totals with the weight, the smoothing and the names that are given, as a pass would have saved them."""
    spec = spec_of(saved, weight, label_smoothing, classes, None, spelled)
    header = structs.replace(
        saved.header,
        classes=spec.class_names,
        label_smoothing=0.0 if saved.totals.every is None else spec.label_smoothing,
        weight=spec.weight,
        weight_rule="balanced" if spec.weight_rule == "balanced" else None,
        sources=dict(spec.sources),
    )
    is_known = saved.top(spec.class_weight, spec.label_smoothing) is not None
    facts = _facts_of(saved, spec)
    return structs.replace(saved, header=header, facts=facts if is_known else without_top(facts))


def _facts_of(saved: Saved, spec: Spec) -> Facts:
    """The facts, without those of an order of names that is no more."""
    is_one = spec.class_names == saved.header.classes
    return saved.facts if is_one else structs.replace(saved.facts, by_sorted_name=None)


def spec_of(
    saved: Saved,
    weight: Any,
    label_smoothing: float | None,
    classes: Any,
    name: str | None,
    spelled: Callable[[str], str],
) -> Spec:
    """What is asked of saved totals. Raises WceError as `explain_saved`."""
    header = saved.header
    given = {"weight": weight, "label_smoothing": label_smoothing, "classes": classes}
    layout = Layout(header.shape, min(TORCHS_AXIS, len(header.shape) - 1))
    g = Gathering({**header.sources, **{field: spelled(field) for field in given if given[field] is not None}}, spelled)
    eps = _smoothing(g, saved, label_smoothing)
    plain = with_plain_keys(g, weight)
    names = header.classes
    if classes is not None or names is None:
        names = read_class_names(g, classes, plain, header.n_classes)
    vector: Floats | None = header.weight
    rule: str | None = None
    if plain == "balanced" if isinstance(plain, str) else weight is None and header.weight_rule == "balanced":
        vector, rule = _balanced(g, saved, names), "balanced"
    elif weight is not None:
        vector, rule = read_class_weight(g, plain, names, layout, None, IGNORE_INDEX)
    elif header.weight_rule == "several":
        g.problem("weight", "the parts were saved with different weights", f"give one: {spelled('weight')}")
    if g.problems:
        raise g.refusal()
    return Spec(
        scores=header.scores,
        is_soft=header.labels == "probability",
        n_classes=header.n_classes,
        class_names=names,
        weight=vector,
        weight_rule=rule,
        ignore_index=header.ignore_index,
        label_base=header.label_base,
        label_smoothing=eps,
        layout=layout,
        label_shape=(),
        has_sample_weight=header.has_sample_weight,
        dtypes=header.dtypes,
        sources=dict(g.sources),
        integer_one_hot=header.integer_one_hot,
        name=name,
        notes=(*g.notes, *_left_out(saved, np.ones(header.n_classes) if vector is None else vector, eps)),
    )


def _smoothing(g: Gathering, saved: Saved, given: float | None) -> float:
    """ε as it is asked, or that of the pass."""
    eps = saved.header.label_smoothing if given is None else given
    if eps is None:
        hint = f"give one: {g.spelled('label_smoothing')}"
        g.problem("label_smoothing", "the parts were saved with different label smoothings", hint)
        return 0.0
    read_numbers(g, {**DEFAULTS, "label_smoothing": eps})
    if not g.problems and eps > 0 and saved.totals.every is None:
        hint = f"save the parts with {g.setting('label_smoothing', eps)}: then any weight and smoothing can be asked"
        g.problem("label_smoothing", "these totals were saved without label smoothing, which needs Σ s·a[c]", hint)
    return float(eps)


def _left_out(saved: Saved, weight: Floats, eps: float) -> Iterator[str]:
    """Why the largest terms are not named, if they are not."""
    if not saved.totals.n_kept or saved.top(weight, eps) is not None:
        return
    if saved.header.labels == "probability" or eps > 0 or not saved.facts.top.by_class:
        mixed = "label smoothing" if saved.header.labels == "index" else "probability labels"
        yield f"the largest terms are left out: with {mixed} they need the samples"
    elif saved.facts.top.size:
        yield "the largest terms are left out: they were kept for weights of other signs"


def _balanced(g: Gathering, saved: Saved, names: tuple[str, ...] | None) -> Floats | None:
    """N kept / (C · count), as `balanced` has it where there are rows."""
    header, totals = saved.header, saved.totals
    if header.labels == "probability" and not saved.facts.one_hot:
        g.problem("weight", "balanced counts labels, and probability rows have no count")
        return None
    return balanced(g, totals.count, names)


def _top(saved: Saved, spec: Spec, numerator: float | None) -> tuple[TermRow, ...]:
    """The largest terms, as far as they are known without their rows: which sample, its label, its term."""
    top = saved.top(spec.class_weight, spec.label_smoothing)
    if top is None:
        return ()
    columns = zip(top.row.tolist(), top.label.tolist(), top.key.tolist(), strict=True)
    known = {row: (label, key) for row, label, key in columns}
    return tuple(
        _row(spec, row, *known[row], term, numerator, saved.header.shape) for term, row in top.terms(spec.class_weight)
    )


def _row(
    spec: Spec, row: int, label: int, key: float, term: float, numerator: float | None, shape: tuple[int, ...]
) -> TermRow:
    """`key` is s·ℓ, or its negative where the class weighs less than 0; s is not kept apart."""
    weight = float(spec.class_weight[label])
    return TermRow(
        n=row,
        index=tuple(int(i) for i in np.unravel_index(row, sample_shape_of(shape))) if len(shape) > 1 else (),
        label=label,
        label_name=spec.class_names[label] if spec.class_names else None,
        kept=True,
        target_logit=None,
        target_prob=None,
        target_log_prob=None,
        logsumexp=None,
        loss=None if spec.has_sample_weight else 0.0 - key if weight < 0 else key,
        weight=None if spec.has_sample_weight else weight,
        term=term,
        share=None if numerator is None else term / numerator,
        placements={},
    )


def added_up(parts: list[Saved]) -> Saved:
    """All parts as one, in the order given. Raises WceError if they are not parts of one batch."""
    if not parts:
        raise WceError(Problem("there are no parts to add up"))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole
