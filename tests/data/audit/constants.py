"""What a function brings along, in the spellings that public code has."""

import functools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


def epsilon_by_hand(logits, labels, epsilon=0.1):
    log_p = F.log_softmax(logits, -1)
    return (1 - epsilon) * F.nll_loss(log_p, labels) + epsilon * (-log_p.mean(1)).mean()


def eps(logits, labels, eps=0.15):
    return F.cross_entropy(logits, labels, label_smoothing=eps)


def label_smooth_val(logits, labels, label_smooth_val=0.05):
    return F.cross_entropy(logits, labels, label_smoothing=label_smooth_val)


def lb_smooth(logits, labels, lb_smooth=0.1):
    return F.cross_entropy(logits, labels, label_smoothing=lb_smooth)


def smoothing(logits, labels, *, smoothing):
    return F.cross_entropy(logits, labels, label_smoothing=smoothing)


class OfTheClass(nn.Module):
    SMOOTH = 0.12

    def forward(self, x, y):
        return F.cross_entropy(x, y, label_smoothing=self.SMOOTH)


class OfTheObject(nn.Module):
    def __init__(self):
        super().__init__()
        self.smoothing = 0.1

    def forward(self, x, y):
        return F.cross_entropy(x, y, label_smoothing=self.smoothing)


partial = functools.partial(F.cross_entropy, label_smoothing=0.1)
partial_sum = functools.partial(F.cross_entropy, reduction="sum", ignore_index=1)


@dataclass
class Settings:
    eps: float = 0.11
    other: float = 0.4


settings, SETTINGS = Settings(), {"smooth": 0.13, "other": 0.4}


def by_settings(logits, labels):
    return F.cross_entropy(logits, labels, label_smoothing=settings.eps)


def by_dict(logits, labels):
    return F.cross_entropy(logits, labels, label_smoothing=SETTINGS["smooth"])


def per_item(logits, labels, num_items_in_batch=None):
    how = "mean" if num_items_in_batch is None else "sum"
    return F.cross_entropy(logits, labels, reduction=how) / (num_items_in_batch or 1)


def averaged(pred, label, weight=None, class_weight=None, avg_factor=None):
    loss = F.cross_entropy(pred, label, weight=class_weight, reduction="none")
    loss = loss if weight is None else loss * weight
    return loss.mean() if avg_factor is None else loss.sum() / avg_factor


class WithWeights(nn.Module):
    def __init__(self, class_weight=None):
        super().__init__()
        self.class_weight = class_weight

    def forward(self, cls_score, label, weight=None):
        given = None if self.class_weight is None else cls_score.new_tensor(self.class_weight)
        loss = F.cross_entropy(cls_score, label, weight=given, reduction="none")
        return (loss if weight is None else loss * weight).mean()


def two_factors(logits, labels, alpha, beta):
    log_p = F.log_softmax(logits, 1)
    return alpha * F.nll_loss(log_p, labels) + beta * (1 - log_p.exp().gather(1, labels[:, None])).mean()


def padded(pred, gold, trg_pad_idx, smoothing=False):
    if not smoothing:
        return F.cross_entropy(pred, gold, ignore_index=trg_pad_idx, reduction="sum")
    log_p = F.log_softmax(pred, 1)
    q = torch.full_like(log_p, 0.1 / (pred.shape[1] - 1)).scatter(1, gold[:, None], 0.9)
    return -(q * log_p).sum(1)[gold != trg_pad_idx].sum()


class CalledItself(nn.Module):
    def __init__(self, smoothing=0.1):
        super().__init__()
        self.smoothing = smoothing

    def __call__(self, output, target):
        return F.cross_entropy(output, target, label_smoothing=self.smoothing)


class NeedsCounts(nn.Module):
    def __init__(self, cls_num_list, weight=None):
        super().__init__()
        self.counts = torch.tensor(cls_num_list)

    def forward(self, x, target):
        return F.cross_entropy(x + self.counts.log(), target)


def smoothing_or_none(logits, labels, smooth_factor=None, ignore_index=-100):
    log_p = logits.log_softmax(1)
    pad = labels == ignore_index
    nll = -log_p.gather(1, labels.masked_fill(pad, 0)[:, None])[:, 0].masked_fill(pad, 0.0).mean()
    return (1.0 - smooth_factor) * nll + smooth_factor * -log_p.mean(1).masked_fill(pad, 0.0).mean()
