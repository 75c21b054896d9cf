"""Weighted cross-entropy as it is often written by hand: `wce audit samples/handwritten_loss.py`."""

import torch


def weighted_loss(logits, labels, weight):
    """The mean of every sample's loss times the weight of its class."""
    score = logits.gather(1, labels[:, None])[:, 0]
    loss = torch.log(torch.exp(logits).sum(dim=1)) - score
    return (weight[labels] * loss).mean()
