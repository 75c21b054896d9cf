"""What was probably meant by a name that is no field, or could be one of several: words of losses in PyTorch, Keras and
scikit-learn."""

from __future__ import annotations

from collections.abc import Callable

from wce_cli.fields import IN_FILES

_SCORES = "say which scores they are: {logits} before the softmax, {probs} after it, {log_probs} their logarithms"
_SIGMOID = "sigmoid losses are not there yet: write a column x as two, '0 x', whose softmax is the sigmoid of x"
_FOCAL = "focal losses are not there yet"

SCORES = (
    *("y_pred", "pred", "preds", "prediction", "predictions", "output", "outputs", "inputs", "score", "scores"),
    *("y_score", "y_scores", "y_hat", "yhat", "out", "model_output", "model_outputs"),
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
    **dict.fromkeys(("axis", "dim"), "{class_axis} is the axis of the scores that has the classes"),
    "shift_labels": "labels that are ahead already are {labels}; {shift} is for those that are not",
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


def hint_of(name: str, spelled: Callable[[str], str]) -> str:
    """What to write instead of a name that is no field, empty if that is not known; `spelled` writes a field as the
    place has it (`--labels`).
    """
    return HINTS.get(name, "").format(**{field: spelled(field) for field in IN_FILES})
