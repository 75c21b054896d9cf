"""Functions of which less can be known than it seems: no sentence about them may say more than was seen."""

import torch
import torch.nn.functional as F
from torch import nn


def hits(logits, labels):
    return logits.argmax(dim=1) == labels


def share_of_hits(logits, labels):
    return hits(logits, labels).double().mean()


def always_the_same(logits, labels):
    return torch.ones(2)


def judged_by_the_label_before(logits, labels):
    return F.cross_entropy(logits[1:], labels[:-1])


def first_half(logits, labels):
    return F.cross_entropy(logits, labels, reduction="none")[: len(labels) // 2]


def one_weight_a_sample(logits, labels, weight=None):
    losses = F.cross_entropy(logits, labels, reduction="none")
    return losses.mean() if weight is None else (weight * losses).mean()


def index_of_each(logits, labels):
    return -logits.log_softmax(dim=1)[torch.arange(len(labels)), labels]


class Hardest(nn.Module):
    """The mean of the losses above a bar, of labels that are not 255."""

    def __init__(self):
        super().__init__()
        self.ignore_index = 255
        self.losses = nn.CrossEntropyLoss(ignore_index=255, reduction="none")

    def forward(self, logits, labels):
        losses = self.losses(logits, labels)
        return losses[losses > 0.4].mean()


hardest = Hardest()


class ByConstantsOfItsCall(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("w", torch.tensor([3.0, 1.0, 2.0]))

    def forward(self, logits, labels):
        return F.cross_entropy(logits, labels, weight=self.w, label_smoothing=0.1)


class WhatIsLeftToTheLabel(nn.Module):
    def __init__(self, confidence=0.9):
        super().__init__()
        self.confidence = confidence

    def forward(self, logits, labels):
        log_p = logits.log_softmax(dim=1)
        return F.nll_loss(log_p, labels) * self.confidence - (1 - self.confidence) * log_p.mean(dim=1).mean()


def column_without_its_weight(logits, labels, weight=None):
    return -logits.log_softmax(dim=1).gather(1, labels[:, None])


def in_one_row(logits, labels, weight=None):
    return F.cross_entropy(logits, labels, weight=weight, reduction="none")[None]


def scaled(logits, labels, loss_weight=0.4):
    return loss_weight * F.cross_entropy(logits, labels)


summed = nn.CrossEntropyLoss(reduction="sum")


def adjusted(logits, labels):
    """Added to the last axis, which is that of the classes in rows alone."""
    return F.cross_entropy(logits + torch.linspace(0.0, -2.0, logits.shape[-1]), labels)
