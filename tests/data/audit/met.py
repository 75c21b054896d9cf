"""Loss functions of kinds that public code has, each with what an audit may say falsely of it."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# labels


def gpt(logits, targets):
    return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)


def void(logits, labels):
    return F.cross_entropy(logits, labels, ignore_index=255)


def negative_is_skipped(logits, labels):
    keep = labels >= 0
    return F.cross_entropy(logits[keep], labels[keep])


class MinusOne(nn.Module):
    def forward(self, x, y):
        losses = -x.log_softmax(1)[torch.arange(len(y)), y]
        return (losses * (y != -1)).sum() / (y != -1).sum()


def gathered(log_probs, labels, epsilon=0.1, ignore_index=None):
    nll = -log_probs.gather(1, labels[:, None])
    if ignore_index is not None:
        nll = nll.masked_fill(labels[:, None] == ignore_index, 0.0)
    return nll.sum()


def averaged_by_samples(y_true, y_score, sample_weight=None):
    of_label = np.eye(y_score.shape[1])[y_true]
    x = y_score - y_score.max(axis=1, keepdims=True)
    losses = np.log(np.exp(x).sum(axis=1)) - (of_label * x).sum(axis=1)
    return np.average(losses, weights=sample_weight)


# state


class Schedule:
    """Smooths less from call to call, whatever object is asked."""

    calls = 0

    def __call__(self, logits, labels):
        Schedule.calls += 1
        return F.cross_entropy(logits, labels, label_smoothing=max(0.0, 0.5 - 0.1 * Schedule.calls))


class Moving(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))

    def forward(self, logits, labels):
        loss = F.cross_entropy(logits, labels)
        self.mean = 0.9 * self.mean + 0.1 * loss.detach()
        return loss + self.mean


class Counting(nn.Module):
    """Keeps state that changes no number."""

    def __init__(self):
        super().__init__()
        self.calls, self.losses = 0, []

    def forward(self, logits, labels):
        loss = F.cross_entropy(logits, labels)
        self.calls += 1
        self.losses.append(loss.item())
        return loss


calls = []


def slower(logits, labels):
    calls.append(1)
    return F.cross_entropy(logits, labels) / len(calls)


# weights


def log_of_weights(logits, labels, weight):
    w = weight[labels]
    return (w * F.cross_entropy(logits, labels, reduction="none") + 0 * w.log()).mean()


def by_prediction(logits, labels, weight):
    w = weight[logits.argmax(1)]
    return (w * F.cross_entropy(logits, labels, reduction="none")).sum() / w.sum()


def where_square(logits, labels, weight):
    losses = F.cross_entropy(logits, labels, reduction="none")
    return (losses * weight if len(weight) == len(losses) else losses).mean()


def right(logits, labels):
    return bool(F.cross_entropy(logits, labels) > 1)


def clamped(logits, labels):
    logits.clamp_(-10, 10)
    return F.cross_entropy(logits, labels)


# gradients


def moved_on(logits, labels):
    """The gradient is the loss's, the value is another."""
    return F.cross_entropy(logits, labels) + F.cross_entropy(logits, labels).detach() ** 2


def gradients(logits, labels):
    x = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1.0
    return p.reshape(-1, 1)


# what is returned


def accuracy_and_loss(logits, labels):
    return (logits.argmax(1) == labels).double().mean(), F.cross_entropy(logits, labels)


def loss_and_accuracy(logits, labels):
    return F.cross_entropy(logits, labels), (logits.argmax(1) == labels).double().mean()


def named_loss(logits, labels):
    return {"acc": 0.5, "loss": F.cross_entropy(logits, labels)}


def one_carries(logits, labels):
    return {"acc": 0.5, "nll": F.cross_entropy(logits, labels)}


def two_carry(logits, labels):
    loss = F.cross_entropy(logits, labels)
    return {"nll": loss, "total": 2 * loss}


def kept_alone(logits, labels, ignore_index=-100):
    keep = labels != ignore_index
    return F.cross_entropy(logits[keep], labels[keep], reduction="none") ** 1.5


def on_a_gpu(logits, labels, device="cuda"):
    return F.cross_entropy(logits.to(device), labels.to(device))


# probabilities


def clipped(pred, labels):
    return -torch.log(pred.clamp(1e-7, 1 - 1e-7)[torch.arange(len(labels)), labels]).mean()


def renormalised(y_true, y_pred, eps=1e-15, sample_weight=None):
    p = np.clip(y_pred, eps, 1 - eps)
    p = p / p.sum(axis=1, keepdims=True)
    return np.average(-np.log(p[np.arange(len(y_true)), y_true]), weights=sample_weight)


def categorical(target, output, from_logits=False):
    output = output / np.sum(output, axis=-1, keepdims=True)
    output = np.clip(output, 1e-7, 1.0 - 1e-7)
    return -np.sum(target * np.log(output), axis=-1)


def from_scratch(y, t):
    t = t.argmax(axis=1) if t.size == y.size else t
    return -np.sum(np.log(y[np.arange(len(y)), t] + 1e-7)) / len(y)


def clipped_logits(logits, labels):
    return -torch.log(logits.clamp(1e-7, 1.0)[torch.arange(len(labels)), labels]).mean()


def focal_of_probabilities(pred, labels):
    p = pred.clamp(1e-7, 1 - 1e-7)[torch.arange(len(labels)), labels]
    return -((1 - p) ** 2 * p.log()).mean()
