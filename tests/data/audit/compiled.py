"""Loss functions that are compiled: what a compiler does is none of their doing."""

import os

import torch
import torch.nn.functional as F


@torch.compile
def compiled(logits, labels, weight=None):
    return F.cross_entropy(logits, labels, weight=weight)


@torch.compile
def compiled_and_writes(logits, labels):
    loss = F.cross_entropy(logits, labels)
    with open(os.environ["WCE_TEST_FILE"], "a", encoding="utf-8") as file:
        file.write("a call\n")
    return loss


@torch.jit.script
def scripted(logits, labels):
    return F.nll_loss(logits.log_softmax(1), labels)
