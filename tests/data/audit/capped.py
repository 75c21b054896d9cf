"""Loss functions that are a rule but for a sample which is very wrong: its loss has a cap that a gap goes beyond."""

import torch
import torch.nn.functional as F


def _mean(losses, labels, weight):
    return (weight[labels] * losses).sum() / weight[labels].sum()


def _p(logits, labels):
    return logits.softmax(dim=1)[torch.arange(len(labels)), labels]


def plus_1e_7(logits, labels, weight):
    return _mean(-torch.log(_p(logits, labels) + 1e-7), labels, weight)


def plus_1e_8(logits, labels, weight):
    return _mean(-torch.log(_p(logits, labels) + 1e-8), labels, weight)


def clamped_p(logits, labels, weight):
    return _mean(-_p(logits, labels).clamp(1e-7, 1 - 1e-7).log(), labels, weight)


def clamped_logits(logits, labels, weight=None, ignore_index=-100, reduction="mean"):
    return F.cross_entropy(logits.clamp(-20, 20), labels, weight, ignore_index=ignore_index, reduction=reduction)


def clamped_at_tiny(logits, labels, weight):
    return _mean(-_p(logits, labels).clamp(min=torch.finfo(logits.dtype).tiny).log(), labels, weight)


def clamped_logits_over_n(logits, labels, weight):
    return F.cross_entropy(logits.clamp(-20, 20), labels, weight, reduction="sum") / len(labels)


def each_clamped(logits, labels, weight):
    return F.cross_entropy(logits.clamp(-20, 20), labels, weight, reduction="none")


def probs_plus_1e_7(probs, labels, weight):
    return _mean(-torch.log(probs[torch.arange(len(labels)), labels] + 1e-7), labels, weight)


def log_of_softmax_in_float32(logits, labels, weight):
    return _mean(-_p(logits.float(), labels).log(), labels, weight.float())
