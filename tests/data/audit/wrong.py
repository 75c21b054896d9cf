"""Loss functions with one real and common mistake each; what the audit must say of them is in the tests."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def double_softmax(logits, labels, weight=None):
    return F.cross_entropy(logits.softmax(dim=1), labels, weight=weight)


def weight_normalised(logits, labels, weight):
    losses = F.cross_entropy(logits, labels, reduction="none")
    weight = weight / weight.sum()
    return (weight[labels] * losses).mean()


def ignored_rows_in_n(input, target, weight=None, ignore_index=-100):
    return F.cross_entropy(input, target, weight=weight, ignore_index=ignore_index, reduction="none").mean()


class SmoothingOverOthers(nn.Module):
    def __init__(self, weight=None, smoothing=0.1):
        super().__init__()
        self.weight, self.smoothing = weight, smoothing

    def forward(self, pred, target):
        log_p = pred.log_softmax(dim=1)
        c = pred.shape[1]
        with torch.no_grad():
            rows = torch.full_like(log_p, self.smoothing / (c - 1))
            rows.scatter_(1, target[:, None], 1 - self.smoothing)
        losses = -(rows * log_p).sum(dim=1)
        if self.weight is None:
            return losses.mean()
        return (self.weight[target] * losses).sum() / self.weight[target].sum()


def weight_by_prediction(y_pred, y_true, class_weights):
    losses = F.cross_entropy(y_pred, y_true, reduction="none")
    return (losses * class_weights[y_pred.argmax(dim=1)]).mean()


def mean_over_everything(logits, targets, alpha):
    one_hot = F.one_hot(targets, logits.shape[1]).to(logits)
    return -(alpha * one_hot * torch.log_softmax(logits, 1)).mean()


def divided_twice(logits, labels, weight=None):
    return F.cross_entropy(logits, labels, weight=weight) / len(labels)


def wrong_axis(x, y, w):
    log_p = x.log_softmax(dim=0)
    return -(w[y] * log_p[torch.arange(len(y)), y]).sum() / w[y].sum()


def numpy_squared(scores, labels, weights):
    shifted = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    w = weights[labels]
    return np.sum(w * w * losses) / np.sum(w)


def bits(logits, labels, weight):
    losses = F.cross_entropy(logits, labels, reduction="none") / torch.log(torch.tensor(2.0, dtype=logits.dtype))
    return (weight[labels] * losses).sum() / weight[labels].sum()


def over_all_weights(logits, labels, weight):
    return F.cross_entropy(logits, labels, weight=weight, reduction="sum") / weight.sum()


def weight_in_logits(logits, labels, weight):
    return F.cross_entropy(logits * weight, labels)


def no_log(logits, labels, weight=None):
    return F.nll_loss(logits.softmax(dim=1), labels, weight=weight)


def one_sample_weight_a_class(logits, labels, weight):
    return (weight * F.cross_entropy(logits, labels, reduction="none")).mean()


def forgets_the_weight(logits, labels, weight=None):
    return F.cross_entropy(logits, labels)


def ignored_weigh_as_class_0(logits, labels, weight, ignore_index=-100):
    kept = labels != ignore_index
    safe = labels.where(kept, 0)
    losses = F.cross_entropy(logits, safe, reduction="none") * weight[safe] * kept
    return losses.sum() / weight[safe].sum()


def focal(logits, labels, weight, gamma=2.0):
    log_p = logits.log_softmax(dim=1).gather(1, labels[:, None])[:, 0]
    return (weight[labels] * (1 - log_p.exp()) ** gamma * -log_p).mean()


def detached(logits, labels, weight):
    log_p = logits.log_softmax(dim=1)
    scale = (logits.exp().detach().sum(dim=1)).log() - logits.logsumexp(dim=1)
    return F.nll_loss(log_p, labels, weight=weight) + 0.5 * scale.mean()


def clipped(logits, labels, weight):
    p = logits.softmax(dim=1).clamp(1e-7, 1 - 1e-7)
    return (weight[labels] * -p.log()[torch.arange(len(labels)), labels]).sum() / weight[labels].sum()


def log_of_softmax(logits, labels, weight):
    p = torch.softmax(logits, 1)[range(len(labels)), labels]
    return -(torch.log(p) * weight[labels]).sum() / weight[labels].sum()


def two_mistakes(logits, labels, weight):
    one_hot = F.one_hot(labels, logits.shape[1]).to(logits)
    return -(weight**2 * one_hot * logits.softmax(1).log_softmax(1)).mean()


def smoothing_built_in(logits, labels, weight):
    return F.cross_entropy(logits, labels, weight=weight, label_smoothing=0.05)


def takes_probabilities(y_true, y_pred, class_weight):
    return -(class_weight[y_true] * y_pred[torch.arange(len(y_true)), y_true].log()).mean()


def fixed_ignore_index(logits, labels, weight=None, ignore_index=-100):
    return F.cross_entropy(logits, labels, weight=weight)
