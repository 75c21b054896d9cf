"""The fields of a batch under every name that people have for them: wce's own, PyTorch's, Keras', scikit-learn's.

One table for options, keys of documents, members of array files, columns of tables and Python's keywords. A name is an
alias only if it means the same wherever it is written; of others HINTS says what was probably meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from wce_cli.errors import Problem

ALIASES: dict[str, tuple[str, ...]] = {
    "logits": ("input", "y_logits", "pred_logits"),
    "log_probs": ("log_prob", "logprobs", "log_probabilities", "log_proba"),
    "probs": ("prob", "probabilities", "proba", "y_prob", "y_proba"),
    "labels": (
        *("label", "target", "targets", "y_true", "y", "true_label", "true_labels", "ground_truth", "gt"),
        *("gt_label", "gt_labels", "label_ids", "onehot_labels"),
    ),
    "weight": ("class_weight", "class_weights"),
    "sample_weight": ("sample_weights",),
    "classes": ("class_names", "target_names"),
    "ignore_index": ("ignore_class", "ignore_label"),
    "label_smoothing": ("smoothing", "label_smoothing_factor"),
}
"""By field: PyTorch's `input` and `target`, Keras' `class_weight` and `ignore_class`, scikit-learn's `y_true`, …"""

MEANT = {alias: field for field, aliases in ALIASES.items() for alias in aliases}
"""The field that an alias means."""

BESIDE_SCORES = "input"
"""The alias that is the model's input, images or tokens, where a file holds more than a batch."""

_SCORES = "say which scores they are: {logits} before the softmax, {probs} after it, {log_probs} their logarithms"
_SIGMOID = "sigmoid losses are not there yet: write a column x as two, '0 x', whose softmax is the sigmoid of x"
_FOCAL = "focal losses are not there yet"

SCORES = (
    *("y_pred", "pred", "preds", "prediction", "predictions", "output", "outputs", "inputs", "score", "scores"),
    *("y_score", "y_scores", "model_output", "model_outputs"),
)
"""Names of scores of which nobody knows whether a softmax has been taken."""

HINTS: dict[str, str] = {
    **dict.fromkeys(SCORES, _SCORES),
    **dict.fromkeys(("from_logits", "use_softmax"), "{logits} are scores before the softmax, {probs} probabilities"),
    "weights": "{weight} is one number a class, {sample_weight} one a sample",
    "pos_weight": f"{_SIGMOID}; pos_weight P is then the weight 1,P, and BCE's mean is batch-mean",
    **dict.fromkeys(("sigmoid", "bce", "binary", "multilabel", "multi_label"), _SIGMOID),
    **dict.fromkeys(("gamma", "focal", "focal_gamma"), _FOCAL),
    "alpha": f"{_FOCAL}; one weight a class is {{weight}}",
    **dict.fromkeys(("eps", "epsilon"), "label smoothing is {label_smoothing}; clipped probabilities: wce identify"),
    **dict.fromkeys(
        ("mask", "attention_mask", "loss_mask", "padding_mask", "valid_mask"),
        "a mask is {sample_weight}: 1 keeps a sample, 0 takes its loss out of the sum",
    ),
    **dict.fromkeys(
        ("padding_idx", "pad_token_id", "pad_id", "pad_index", "ignored_index"),
        "{ignore_index} is the label that means skip",
    ),
    **dict.fromkeys(("soft_label", "soft_labels", "soft_targets"), "probability rows are given as {labels}"),
    **dict.fromkeys(
        ("num_classes", "n_classes", "num_class", "n_class", "num_labels"),
        "the scores have one column a class, so that their number need not be said",
    ),
    **dict.fromkeys(("id2label", "label2id"), "{classes} are the names in order"),
    **dict.fromkeys(("axis", "dim"), "classes are the last of two axes, and axis 1 of more, as in torch"),
    "reduction": "every reduction is answered: mean is weighted-mean (of probability labels batch-mean), sum is sum, "
    "none are the terms",
    **dict.fromkeys(
        ("size_average", "reduce"),
        "every reduction is answered: size_average=True is weighted-mean (of probability labels batch-mean), "
        "size_average=False is sum, reduce=False are the terms",
    ),
    "normalize": "scikit-learn's normalize=True is weighted-mean, normalize=False is sum",
}
"""What to write for a name that is no field, or could be one of several: of losses in PyTorch, Keras, scikit-learn."""


def field_of(name: str, known: Collection[str] = tuple(ALIASES)) -> str:
    """The field that a name means, which may be one of `known` already; the name as it is if it means none."""
    return name if name in known else MEANT.get(name, name)


def hint_of(name: str, spelled: Callable[[str], str]) -> str:
    """What to write instead of a name that is no field, empty if that is not known; `spelled` writes a field as the
    place has it (`--labels`).
    """
    return HINTS.get(name, "").format(**{field: spelled(field) for field in ALIASES})


def by_field(given: Iterable[str], shown: Callable[[str], str]) -> tuple[dict[str, str], list[Problem]]:
    """The name that each field has among some names, and a problem for every field that has two."""
    found: dict[str, str] = {}
    problems = []
    for name in given:
        before = found.setdefault(field_of(name), name)
        if before != name:
            problems.append(given_twice(shown(before), shown(name)))
    return found, problems


def given_twice(one: str, other: str) -> Problem:
    """Two names of one field, as they are written in their place."""
    return Problem(f"{one} and {other} are both given, and mean the same", "leave one of them out")


def names_of(field: str) -> tuple[str, ...]:
    """All names of a field, its own first."""
    return (field, *ALIASES.get(field, ()))
