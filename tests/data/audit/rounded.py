"""Loss functions that are right up to rounding, of float32 too: none of them may be accused."""

import numpy as np
import torch
import torch.nn.functional as F


def _mean(losses, labels, weight):
    return (weight[labels] * losses).sum() / weight[labels].sum()


def float32_inside_returned_as_float64(logits, labels, weight):
    x = logits.float()
    return _mean(x.logsumexp(dim=1) - x[torch.arange(len(labels)), labels], labels, weight.float()).double()


def each_in_float32(logits, labels, weight):
    x = logits.float()
    return weight.float()[labels] * (x.logsumexp(dim=1) - x[torch.arange(len(labels)), labels])


def each(logits, labels, weight):
    return weight[labels] * (logits.logsumexp(dim=1) - logits[torch.arange(len(labels)), labels])


def largest_subtracted(logits, labels, weight):
    x = logits - logits.max(dim=1, keepdim=True).values
    return _mean(x.exp().sum(dim=1).log() - x[torch.arange(len(labels)), labels], labels, weight)


def divided_by_a_little_more(logits, labels, weight):
    losses = F.cross_entropy(logits, labels, reduction="none")
    return (weight[labels] * losses).sum() / (weight[labels].sum() + 1e-7)


def numpy_in_float32(logits, labels, weight):
    x = logits.astype(np.float32)
    x = x - x.max(axis=1, keepdims=True, initial=-np.inf)
    losses = np.log(np.exp(x).sum(axis=1)) - x[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=weight[labels]))
