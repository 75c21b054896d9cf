"""Loss functions with a way of their own to take labels: shifted, a class that is padding, rows that half count."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

PAD = 0


def next_token(logits, labels, weight=None):
    return F.cross_entropy(logits[:-1], labels[1:], weight=weight)


def next_token_of_a_sequence(lm_logits, labels):
    scores = lm_logits[..., :-1, :].contiguous()
    return nn.CrossEntropyLoss()(scores.view(-1, scores.size(-1)), labels[..., 1:].contiguous().view(-1))


def next_token_each(logits, labels):
    return F.cross_entropy(logits[:-1], labels[1:], reduction="none")


def next_token_numpy(scores, y):
    x, y = scores[:-1], y[1:]
    x = x - x.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(x).sum(axis=1)) - x[np.arange(len(y)), y])


def next_token_padded(logits, labels):
    return F.cross_entropy(logits[:-1], labels[1:], ignore_index=PAD)


def next_token_focal(logits, labels, gamma=2.0):
    losses = F.cross_entropy(logits[:-1], labels[1:], reduction="none")
    return ((1 - torch.exp(-losses)) ** gamma * losses).mean()


def padded(logits, labels, weight=None):
    return F.cross_entropy(logits, labels, weight=weight, ignore_index=PAD)


def padded_by_hand(logits, targets):
    losses = F.cross_entropy(logits, targets, reduction="none")
    real = (targets != PAD).to(losses)
    return (losses * real).sum() / real.sum()


def last_is_padding(logits, labels):
    return F.cross_entropy(logits[labels != 2], labels[labels != 2])


def padded_over_all(logits, labels):
    return F.cross_entropy(logits, labels, ignore_index=PAD, reduction="sum") / len(labels)


def padded_focal(logits, labels):
    losses = F.cross_entropy(logits, labels, ignore_index=PAD, reduction="none")
    return ((1 - torch.exp(-losses)) ** 2 * losses).sum() / (labels != PAD).sum()


def void_is_255(logits, labels, weight=None):
    return F.cross_entropy(logits, labels, weight=weight, ignore_index=255)


class HalfIgnored(nn.Module):
    """The smooth part keeps what the other leaves out."""

    def __init__(self, smoothing=0.1):
        super().__init__()
        self.smoothing = smoothing

    def forward(self, logits, labels):
        log_p = logits.log_softmax(dim=1)
        return self.smoothing * (-log_p.mean(dim=1)).mean() + (1 - self.smoothing) * F.nll_loss(log_p, labels)


def half_ignored_by_default_not(logits, labels, label_smoothing=0.0):
    return HalfIgnored(label_smoothing)(logits, labels)


smooth = nn.CrossEntropyLoss(label_smoothing=0.1)


def focal_that_ignores(logits, labels, gamma=2.0):
    kept = labels != -100
    losses = F.cross_entropy(logits[kept], labels[kept], reduction="none")
    return ((1 - torch.exp(-losses)) ** gamma * losses).mean()


def counted_in_n(logits, labels):
    return F.cross_entropy(logits, labels, reduction="none").mean()


def worst_two_thirds(logits, labels):
    losses = F.cross_entropy(logits, labels, reduction="none")
    return losses.topk(max(1, 2 * len(losses) // 3)).values.mean()


def best_half(logits, labels):
    losses = F.cross_entropy(logits, labels, reduction="none")
    return losses.topk(max(1, len(losses) // 2), largest=False).values.mean()


def zero_row(logits, labels):
    rows = (labels[:, None] == torch.arange(logits.shape[1])).to(logits)
    return -(rows * logits.log_softmax(dim=1)).sum(dim=1).mean()


def python_index(scores, y):
    x = scores - scores.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(x).sum(axis=1)) - x[np.arange(len(y)), y])


def clamped(logits, labels):
    return F.cross_entropy(logits, labels.clamp(0, logits.shape[1] - 1))


def a_constant(logits, labels):
    return logits.sum() * 0 + 1


def needs_two_rows(logits, labels):
    losses = F.cross_entropy(logits, labels, reduction="none")
    spread = ((losses - losses.mean()) ** 2).sum() / (len(losses) - 1)
    return losses.mean() + 0 * spread
