"""Loss functions that keep something from call to call, draw lots, or write into what they are given."""

import torch
import torch.nn.functional as F
from torch import nn


class MovingScale(nn.Module):
    """Divides by a running mean of its own losses."""

    def __init__(self, weight=None, momentum=0.9):
        super().__init__()
        self.weight, self.momentum = weight, momentum
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))

    def forward(self, logits, labels):
        loss = F.cross_entropy(logits, labels, weight=self.weight)
        self.scale = self.momentum * self.scale + (1 - self.momentum) * loss.detach()
        return loss / self.scale


built = MovingScale()


class ClassCounts:
    """Weighs classes by how often it has seen them."""

    def __init__(self):
        self.seen = torch.ones(8, dtype=torch.float64)

    def __call__(self, logits, targets):
        self.seen += torch.bincount(targets.clamp(0, 7), minlength=8)
        weight = (1 / self.seen[: logits.shape[1]]).to(logits)
        return F.cross_entropy(logits, targets, weight=weight, reduction="sum")


calls = []


def warms_up(logits, labels, weight=None):
    calls.append(len(labels))
    return F.cross_entropy(logits, labels, weight=weight) * (1 - 1 / (1 + len(calls)))


class Noisy(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.drop = nn.Dropout(p)

    def forward(self, logits, labels):
        return F.cross_entropy(self.drop(logits), labels)


def shifts_in_place(logits, labels, weight=None):
    logits -= logits.max(dim=1, keepdim=True).values
    return F.cross_entropy(logits, labels, weight=weight)


def masks_in_place(logits, labels, ignore_index=-100):
    labels[labels == ignore_index] = 0
    return F.cross_entropy(logits, labels)


def overwrites_what_backward_needs(logits, labels):
    p = logits.exp_()
    loss = (p.sum(dim=1).log() - p.log().gather(1, labels[:, None])[:, 0]).mean()
    p.add_(1)
    return loss


def leaves_torch(logits, labels):
    log_p = logits.log_softmax(dim=1).numpy()
    return torch.tensor(-log_p[range(len(labels)), labels.numpy()].mean())


def by_prediction(logits, labels, weight):
    losses = F.cross_entropy(logits, labels, reduction="none")
    return (weight[logits.argmax(dim=1)] * losses).mean()
