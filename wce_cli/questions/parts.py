"""Where does the number come from, when only the totals of the parts are left?"""

from __future__ import annotations

from typing import Any

import numpy as np

from wce_cli.errors import Problem, WceError
from wce_cli.loss.batch import Spec, as_keyword
from wce_cli.loss.gathering import Gathering, read_class_names, read_numbers, with_plain_keys
from wce_cli.loss.methods import loss_values
from wce_cli.loss.saved import Header, Saved
from wce_cli.loss.sums import Floats
from wce_cli.loss.totals import Totals
from wce_cli.loss.weights import read_class_weight
from wce_cli.questions.explain import report_of, shared_numerator
from wce_cli.report import Analysis, Report, TermRow


@np.errstate(all="ignore")
def explain_saved(
    saved: Saved,
    *,
    weight: Any = None,
    label_smoothing: float | None = None,
    classes: Any = None,
    name: str | None = None,
    source: str | None = None,
    spelled: Any = as_keyword,
) -> Report:
    """The report of saved totals, for a class weight and a smoothing given now; else those of the pass.

    Everything but single samples: there are no rows. Raises WceError if the weight does not fit, or a smoothing is
    asked of totals that were taken without one.
    """
    spec = _spec(saved, weight, label_smoothing, classes, name, source, spelled)
    totals, facts = saved.totals, saved.facts
    values = loss_values(totals, spec.class_weight, spec.label_smoothing)
    analysis = Analysis(spec, totals, facts, values, (), {})
    return report_of(analysis, saved.header.shape, (), _top(saved, spec, shared_numerator(analysis)))


def _spec(
    saved: Saved, weight: Any, label_smoothing: float | None, classes: Any, name: Any, source: Any, spelled: Any
) -> Spec:
    header = saved.header
    eps = header.label_smoothing if label_smoothing is None else label_smoothing
    g = Gathering(header.sources, spelled)
    read_numbers(g, header.ignore_index, eps)
    if not g.problems and eps > 0 and saved.totals.every is None and saved.totals.n_kept:
        hint = f"save the parts with {g.setting('label_smoothing', eps)}: then any weight and smoothing can be asked"
        g.problem("label_smoothing", "these totals were saved without label smoothing, which needs Σ s·a[c]", hint)
    plain = with_plain_keys(g, weight)
    names = header.classes if classes is None else read_class_names(g, classes, plain, header.n_classes)
    if classes is None and names is None:
        names = read_class_names(g, None, plain, header.n_classes)
    vector: Floats | None
    rule: str | None = None
    if isinstance(plain, str) and plain == "balanced":
        vector, rule = _balanced(g, saved.totals, header), plain
    else:
        c, n = header.n_classes, saved.totals.n
        vector, rule = read_class_weight(g, plain, names, c, (n,), None, header.ignore_index)
    if g.problems:
        raise g.refusal()
    notes = list(g.notes)
    if saved.top(np.ones(header.n_classes) if vector is None else vector, eps) is None and saved.totals.n_kept:
        notes.append("the largest terms were kept for another weight, and are left out")
    return Spec(
        scores=header.scores,
        is_soft=header.labels == "probability",
        n_classes=header.n_classes,
        class_names=names,
        weight=header.weight if weight is None else vector,
        weight_rule=rule,
        ignore_index=header.ignore_index,
        label_base=0,
        label_smoothing=float(eps),
        label_shape=(),
        has_sample_weight=header.has_sample_weight,
        dtypes=header.dtypes,
        sources=dict(g.sources),
        name=name,
        source=source,
        notes=tuple(notes),
    )


def _balanced(g: Gathering, totals: Totals, header: Header) -> Floats | None:
    """N kept / (C · count), as `balanced` has it where there are rows."""
    if header.labels == "probability":
        g.problem("weight", "balanced counts labels, and probability rows have no count")
        return None
    absent = np.flatnonzero(totals.count == 0)
    if len(absent):
        g.problem(
            "weight",
            f"balanced divides by the number of samples of each class, and class {absent[0]} has none",
            "give the weights as numbers; scikit-learn refuses this too",
        )
        return None
    balanced: Floats = totals.n_kept / (header.n_classes * totals.count.astype(np.float64))
    return balanced


def _top(saved: Saved, spec: Spec, numerator: float | None) -> tuple[TermRow, ...]:
    """The largest terms, as far as they are known without their rows: which sample, its label, its term."""
    top = saved.top(spec.class_weight, spec.label_smoothing)
    if top is None:
        return ()
    columns = zip(top.row.tolist(), top.label.tolist(), top.key.tolist(), strict=True)
    known = {row: (label, key) for row, label, key in columns}
    return tuple(_row(spec, row, *known[row], term, numerator) for term, row in top.terms(spec.class_weight))


def _row(spec: Spec, row: int, label: int, key: float, term: float, numerator: float | None) -> TermRow:
    """`key` is s·ℓ, or its negative where the class weighs less than 0; s is not kept apart."""
    weight = float(spec.class_weight[label])
    return TermRow(
        n=row,
        index=(row,),
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
