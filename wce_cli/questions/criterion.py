"""What does the loss that somebody holds return for a batch? The method that it is, or why that is not sure.

Nothing is run: a line of code is held to what is known of its framework (`criteria.known`), and to what the pass found.
A sentence that could be false is not said: what the framework clips, refuses or defines otherwise is a reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct

from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import CriterionPart
from wce_cli.batches.batch import Batch
from wce_cli.criteria.known import ADDED, KEPT, KNOWN, KnownCriterion
from wce_cli.digits import format_number
from wce_cli.loss.clipped import ENDS, SUMMED, eps_of
from wce_cli.loss.methods import BATCH, SUM, UNWEIGHTED, WEIGHTED, divide
from wce_cli.loss.spec import Criterion, Spec
from wce_cli.questions.criterion_arrays import not_of_batch

KINDS = {"logits": "logits", "log_probs": "log-probabilities", "probs": "probabilities"}
SAME = 1e-6
"""What clipping may move a loss by, relative to it, and still not show."""


class _Question(Struct, frozen=True):
    """A criterion, and the batch that it is asked about."""

    criterion: Criterion
    row: KnownCriterion
    analysis: Analysis
    batch: Batch | None

    @property
    def spec(self) -> Spec:
        return self.analysis.spec

    @property
    def n_ignored(self) -> int:
        return self.analysis.totals.n - self.analysis.totals.n_kept

    def knows(self, field: str) -> bool:
        """Whether it has a parameter for a field."""
        return any(one.means == field for one in (*self.row.made, *self.row.called))

    @property
    def weights(self) -> list[str]:
        """The weights that the batch has."""
        spec = self.spec
        return ["weight"] * (spec.weight is not None) + ["sample_weight"] * spec.has_sample_weight

    @property
    def is_weighed_outside(self) -> bool:
        """Whether all weights come as a sample weight: it names one, or who calls it gives one, as model.fit does."""
        criterion, takes = self.criterion, self.criterion.takes
        return "sample_weight" in takes or (self.row.placement == "sample" and not criterion.is_called)

    @property
    def is_class_weight_a_sample_weight(self) -> bool:
        """Whether the class weight comes as w[y], in the sample weight or in its place."""
        return self.spec.weight is not None and self.is_weighed_outside and "weight" not in self.criterion.takes

    @property
    def left_out(self) -> list[str]:
        """The weights of the batch that it does not take."""
        if self.is_weighed_outside:
            return []
        return [one for one in self.weights if one == "sample_weight" or one not in self.criterion.takes]


def returned(criterion: Criterion, analysis: Analysis, batch: Batch | None = None) -> CriterionPart:
    """What the criterion returns for a batch. `batch`: its rows, where they are at hand."""
    asked = _Question(criterion, KNOWN[criterion.name], analysis, batch)
    reason = next((said for rule in _BEFORE if (said := rule(asked))), "")
    pair = None if reason else _pair(asked)
    if pair is not None:
        reason = next((said for rule in _OF_PAIR if (said := rule(asked, pair))), "")
    elif not reason:
        reason = _without_pair(asked)
    given = " and ".join(_given(asked)) if not reason else ""
    value = None if reason or pair is None else analysis.value(pair)
    loss = None if value is None else value.value
    return CriterionPart(criterion.text, None if reason else pair, None, reason or None, loss, given or None)


def _pair(asked: _Question) -> str | None:
    """The METHOD/PLACEMENT that it is; None where there is none."""
    row, criterion, spec = asked.row, asked.criterion, asked.spec
    pair = row.pair(criterion.reduction, is_soft=spec.is_soft, is_ignoring="ignore_index" in criterion.takes)
    if pair is None and criterion.adds:
        pair = row.placed(ADDED[criterion.adds])
        if spec.weight is not None and (criterion.weighs_by_hand or asked.is_class_weight_a_sample_weight):
            pair = f"{ADDED[criterion.adds]}/sample"  # F.cross_entropy(…, reduction='none') * w[y]
    if pair is None or not asked.left_out:
        return pair
    method = pair.partition("/")[0]
    counts_kept = method in (WEIGHTED, KEPT) or (method == BATCH and not asked.n_ignored)
    return UNWEIGHTED if counts_kept and asked.left_out == asked.weights else None


def _without_pair(asked: _Question) -> str:
    """Why there is none."""
    row, criterion = asked.row, asked.criterion
    if row.reductions[criterion.reduction] is None and not criterion.adds:
        return "it returns one number a sample, and adds nothing up"
    if asked.left_out != asked.weights:
        return "it takes the class weight, and leaves the sample weight out"
    total = asked.analysis.value(UNWEIGHTED)
    if total is not None and ADDED.get(criterion.adds, row.reductions[criterion.reduction]) == SUM:
        return f"it leaves the weights out, and sums the bare losses to {format_number(total.numerator)}"
    return "it leaves the weights out"


def _of_itself(asked: _Question) -> str:
    return asked.criterion.reason


def _of_scores(asked: _Question) -> str:
    """Why its scores are not those of the batch."""
    takes, has = asked.criterion.scores, asked.spec.scores
    if takes == has or (takes == "logits" and has == "log_probs" and _are_normalised(asked.analysis)):
        return ""
    return f"it takes {KINDS[takes]}, and the scores are given as {KINDS[has]}"


def _are_normalised(analysis: Analysis) -> bool:
    """Whether a softmax leaves log-probabilities as they are, as far as all of them are known."""
    sums, off = analysis.facts.log_totals, analysis.facts.row_sums
    if sums is None or off.off.rows.count:
        return False
    return bool(np.abs(sums.values()).sum() <= SAME * max(1.0, float(np.abs(analysis.totals.s_loss.values()).sum())))


def _of_arrays(asked: _Question) -> str:
    """Why the arrays that it is called with are not those of the batch."""
    return not_of_batch(asked.criterion, asked.row, asked.spec)


def _of_labels(asked: _Question) -> str:
    """Why it does not take labels of this kind."""
    spec, row, criterion = asked.spec, asked.row, asked.criterion
    if spec.is_soft and "probability" not in row.labels:
        return "it is known here for class indices alone, and the labels are probability rows"
    ignored = criterion.fields.get("ignore_index")
    if spec.is_soft and row.ignores and isinstance(ignored, int) and ignored >= 0:
        return f"{row.framework} refuses ignore_index={ignored} beside probability labels"
    if criterion.weighs_by_hand and spec.is_soft:
        return "w[y] takes class indices, and the labels are probability rows"
    if asked.n_ignored and criterion.weighs_by_hand:
        return "w[y] ignores no label, and some are ignored here"
    if asked.n_ignored and criterion.adds == "average":
        return "it divides by the weights of all samples, those of the ignored ones too"
    if asked.n_ignored and not row.ignores and "ignore_index" not in criterion.takes:
        return f"it ignores no label, and {asked.n_ignored} of {asked.analysis.totals.n} are ignored here"
    if spec.label_smoothing and not asked.knows("label_smoothing") and "probability" not in row.labels:
        return f"it knows no label smoothing, and here it is {format_number(spec.label_smoothing)}"
    return ""


def _of_nothing(asked: _Question, pair: str) -> str:
    """Why it returns another number than the quotient, where that is by 0, or not finite."""
    value, row = asked.analysis.value(pair), asked.row
    if value is None:
        return f"these labels leave {pair} undefined"
    if value.denominator == 0 and row.of_nothing:
        return f"it divides by 0, where {row.framework} has {row.of_nothing}"
    if value.denominator == 0 and asked.spec.label_smoothing and not math.isnan(value.value):
        return f"it divides by 0 under label smoothing, where {row.framework} adds two quotients and may have nan"
    if not asked.analysis.totals.n and row.framework != "PyTorch":
        return "the batch has no samples"
    if not math.isfinite(value.value) and row.framework != "PyTorch":
        return f"the loss is {format_number(value.value)}, and {row.framework} may have another number there"
    return ""


def _of_classes(asked: _Question, pair: str) -> str:
    """Why scikit-learn takes other classes than these: it knows those that labels have, in the order of their names."""
    spec, totals = asked.spec, asked.analysis.totals
    if asked.row.name != "log_loss":
        return ""
    absent = int((totals.count == 0).sum())
    if absent and not asked.criterion.lists_classes:
        return f"{absent} of {spec.n_classes} classes have no label, and it has no labels= that names them"
    names = spec.class_names
    if spec.named_labels and names is not None and list(names) != sorted(names):
        return f"labels that are names are sorted by it: {', '.join(sorted(names)[:3])}"
    return ""


def _of_probabilities(asked: _Question, pair: str) -> str:
    """Why it takes the log of other probabilities than those given: they are clipped, or divided by their sum."""
    analysis, facts, spec = asked.analysis, asked.analysis.facts, asked.spec
    if asked.criterion.scores != "probs":
        return ""
    is_scikit = asked.row.framework == "scikit-learn"
    acts = "it clips probabilities" if is_scikit else "it divides probabilities by the sum of their row and clips them"
    sums = facts.clipped if is_scikit else facts.renormalised
    if is_scikit and eps_of(spec) is None:
        sums = None
    if sums is not None and not spec.label_smoothing and not (pair == UNWEIGHTED and spec.has_sample_weight):
        value = analysis.value(pair)
        assert value is not None
        weight = np.ones(spec.n_classes) if pair == UNWEIGHTED else spec.class_weight
        theirs = divide(sums.dot(weight, analysis.totals.count > 0), value.denominator)
        is_same = math.isclose(theirs, value.value, rel_tol=SAME)
        return "" if is_same else f"{acts}, which gives {format_number(theirs)} here, not {format_number(value.value)}"
    return "" if _are_within(asked.batch) else f"{acts}, and whether that shows here was not looked at"


def _are_within(batch: Batch | None) -> bool:
    """Whether every probability of the kept rows lies where nothing is clipped, and rows sum to 1."""
    if batch is None or batch.n_samples * batch.spec.n_classes > SUMMED:
        return False
    for block in batch.blocks():
        kept = slice(None) if batch.spec.is_soft else block.labels != batch.spec.ignore_index
        p = block.scores[kept]
        if ((p < ENDS[0]) | (p > ENDS[1])).any() or (np.abs(p.sum(axis=1) - 1) > SAME).any():
            return False
    return True


_BEFORE: tuple[Callable[[_Question], str], ...] = (_of_itself, _of_scores, _of_arrays, _of_labels)
_OF_PAIR: tuple[Callable[[_Question, str], str], ...] = (_of_nothing, _of_classes, _of_probabilities)
"""Why nothing is sure of what it returns: the first that says something is told."""


def _given(asked: _Question) -> Iterator[str]:
    """What it must be given for that, beside what stands in it."""
    criterion, spec, row = asked.criterion, asked.spec, asked.row
    if criterion.given:
        yield criterion.given
    if not spec.is_soft and "index" not in row.labels:
        yield "with one-hot labels"
    if spec.integer_one_hot and row.framework == "PyTorch":
        yield "with its labels as floats"
    if spec.label_base and not spec.is_soft:
        yield "with labels that count from 0"
    if asked.is_class_weight_a_sample_weight:
        weight = "w[argmax y]" if spec.is_soft else "w[y]"
        yield f"with {'s·' * spec.has_sample_weight}{weight} as its sample weight"
    yield from _other_layout(asked)
    yield from _other_settings(asked)


def _other_layout(asked: _Question) -> Iterator[str]:
    """In which layout it takes the arrays, where that is not the one in which they were given."""
    layout, row = asked.spec.layout, asked.row
    axes = len(layout.shape)
    if layout.shift and not any(array.is_cut for array in asked.criterion.arrays):
        yield "with labels one position ahead"
    if asked.criterion.moves_scores:
        return
    if row.framework == "PyTorch" and not layout.is_torchs:
        yield "with its classes on axis 1"
    if row.framework == "scikit-learn" and axes > 2:
        yield "with one row a sample"
    elif row.placement == "sample" and layout.class_axis != axes - 1:
        yield "with its classes last"


def _other_settings(asked: _Question) -> Iterator[str]:
    """The settings that are given beside it, and are not its own."""
    spec, own = asked.spec, asked.criterion.fields
    if spec.label_smoothing != own.get("label_smoothing", 0.0) and "label_smoothing" not in _unread(asked):
        how = "label_smoothing" if asked.knows("label_smoothing") else "labels smoothed by"
        yield f"with {how} {format_number(spec.label_smoothing)}"
    ignores_another = asked.row.ignores and spec.ignored_as_given != own.get("ignore_index", -100)
    if asked.n_ignored and ignores_another and "ignore_index" not in _unread(asked):
        yield f"with ignore_index {spec.ignored_as_given}"
    weight = own.get("weight")
    if weight is not None and not _is_weight(weight, spec):
        yield "with the weight that is given"


def _unread(asked: _Question) -> set[str]:
    """The fields whose value stands outside the line."""
    return set(asked.criterion.takes) - set(asked.criterion.fields)


def _is_weight(own: object, spec: Spec) -> bool:
    if isinstance(own, dict):
        by_name = {str(name): value for name, value in own.items()}
        names = spec.class_names or tuple(map(str, range(spec.n_classes)))
        own = [by_name.get(name, by_name.get(str(c))) for c, name in enumerate(names)]
    try:
        numbers = np.asarray(own, dtype=float)
    except (TypeError, ValueError):
        return False
    return numbers.shape == spec.class_weight.shape and np.allclose(numbers, spec.class_weight, rtol=SAME, atol=0)
