"""Which parameter is what: by its name, its default and its annotation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

ROLES = {
    "logits": "logits logit input inputs pred preds prediction predictions predict output outputs out scores score x z "
    "yhat y_hat y_pred y_logits output_logits raw_scores",
    "probs": "probs prob probabilities probability p softmax_output pred_probs p_pred",
    "log_probs": "log_probs log_prob logprobs log_probabilities logp log_p lprobs log_softmax_output",
    "labels": "labels label target targets tgt y y_true true truth gt gold ground_truth labels_true class_idx "
    "targets_idx t",
    "one_hot": "one_hot onehot y_onehot y_one_hot labels_onehot target_onehot targets_onehot labels_one_hot "
    "soft_labels soft_targets target_probs",
    "weight": "class_weight class_weights cls_weight cls_weights ce_weight class_w weight_per_class per_class_weight "
    "weight weights wts w alpha loss_weight",
    "sample_weight": "sample_weight sample_weights weight_per_sample",
    "ignore_index": "ignore_index ignore_label ignore_class ignore_value ignore ignored_index padding_idx pad_idx "
    "pad_index pad_id trg_pad_idx tgt_pad_idx",
    "label_smoothing": "label_smoothing smoothing smooth label_smooth label_smooth_val lb_smooth ls smooth_factor "
    "smooth_eps lsr",
    "reduction": "reduction reduce_mode reduction_mode",
    "n_classes": "n_classes num_classes num_class n_class nclass nclasses number_of_classes n_cls num_cls num_labels "
    "classes nb_classes n_labels no_of_classes vocab_size",
}
"""What can be handed over, and the names that parameters for it usually have, the surest first."""

SCORES, LABELS = ("logits", "probs", "log_probs"), ("labels", "one_hot")
WEIGHTS = ("weight", "sample_weight")
NO_SWITCH = ("label_smoothing", "ignore_index", "reduction", "n_classes")
"""What is a number or a word: a parameter of such a name that is True or False turns something on."""
LEAST_SMOOTHING = 1e-3
"""A smaller constant keeps something from 0 and smooths no label; nor does one of 1 and more."""
_ROLE_OF = {name: role for role, names in ROLES.items() for name in names.split()}
_RANK = {name: rank for names in ROLES.values() for rank, name in enumerate(names.split())}
_SCALAR = re.compile(r"(typing\.)?(Optional\[)?(float|int|bool|str)\]?( *\| *(float|int|bool|str|None))*")
"""An annotation of what is no array."""


def roles_of(
    parameters: Sequence[inspect.Parameter], constants: Mapping[str, Any], without: set[str | None]
) -> dict[str, str]:
    """By parameter: its role, each taken once, the surest name first; the scores are one, the labels another."""
    roles: dict[str, str] = {}
    prediction = _prediction(parameters)
    factors = {"alpha"} if any(p.name == "beta" for p in parameters) else set()
    for p in sorted(parameters, key=_doubt):
        role = "logits" if p.name == prediction else None if p.name in factors else role_of(p.name)
        if role is None or p.name in constants or role in without or not _may_be(role, p):
            continue
        group = SCORES if role in SCORES else LABELS if role in LABELS else (role,)
        if not set(group) & set(roles.values()):
            roles[p.name] = role
    return roles


def _prediction(parameters: Sequence[inspect.Parameter]) -> str:
    """`y` beside labels of another name, `f(y, t)`, where nothing else is the scores: what a model gives."""
    required = {p.name: role_of(p.name) for p in parameters if p.default is p.empty}
    of_labels = [name for name, role in required.items() if role in LABELS]
    is_alone = not set(SCORES) & set(required.values())
    return "y" if is_alone and len(of_labels) > 1 and "y" in of_labels else ""


def role_of(name: str) -> str | None:
    """What a parameter of that name usually is."""
    return _ROLE_OF.get(name.lower().strip("_"))


def _doubt(p: inspect.Parameter) -> int:
    """How unsure the name of a weight is; scores and labels are taken in the order of the signature."""
    return _RANK[p.name.lower().strip("_")] if role_of(p.name) in WEIGHTS else 0


def _may_be(role: str, p: inspect.Parameter) -> bool:
    """Whether its default and its annotation allow it: a number is no weight a class, and 1e-8 smooths nothing."""
    default: Any = p.default
    if role in NO_SWITCH and (isinstance(default, bool) or _annotation(p) == "bool"):
        return False
    if role in WEIGHTS:
        return not (isinstance(default, int | float | str) or _SCALAR.fullmatch(_annotation(p)))
    if role == "label_smoothing" and isinstance(default, int | float):
        return default == 0 or LEAST_SMOOTHING <= default < 1
    return True


def _annotation(p: inspect.Parameter) -> str:
    if p.annotation is p.empty:
        return ""
    return p.annotation.__name__ if isinstance(p.annotation, type) else str(p.annotation)


def has_weight(target: Any) -> bool:
    """Whether an object was made with a weight for each class."""
    if inspect.isroutine(target) or inspect.isclass(target):
        return False
    held = dict(getattr(target, "__dict__", {}))
    held |= held.pop("_buffers", None) or {}
    weights = [value for name, value in held.items() if role_of(name) == "weight"]
    return any(hasattr(value, "__len__") and not isinstance(value, str) for value in weights)


def guess(parameters: Sequence[inspect.Parameter], roles: dict[str, str], constants: Mapping[str, Any]) -> str:
    """Give the scores or the labels to the one required parameter that is left, where there is just one."""
    left = [p.name for p in parameters if p.default is p.empty and p.name not in roles and p.name not in constants]
    found = set(roles.values())
    missing = [what for what, group in (("logits", SCORES), ("labels", LABELS)) if not found & set(group)]
    if len(left) != 1 or len(missing) != 1:
        return ""
    roles[left[0]] = missing[0]
    return f"{left[0]} was taken for the {missing[0]}"
