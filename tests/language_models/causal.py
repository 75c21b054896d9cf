"""A causal model of a few hundred parameters, in float64, and sequences whose numbers of tokens differ."""

from __future__ import annotations

import torch
from torch import Tensor, nn

B, T, V, WIDTH = 8, 7, 11, 6
COUNTS = (6, 1, 4, 2, 5, 3, 2, 6)
"""Tokens of each sequence that are predicted."""


def batch() -> tuple[Tensor, Tensor]:
    """Ids and labels of a batch, both (B, T): the labels are the ids, and -100 in prompts and in padding."""
    random = torch.Generator().manual_seed(3)
    ids = torch.randint(V, (B, T), generator=random)
    labels = ids.clone()
    for item, count in enumerate(COUNTS):
        prompt = 1 + item % 2 if count < T - 1 else 0
        begin = max(prompt, 1)
        labels[item, :prompt] = -100
        labels[item, begin + count :] = -100
    return ids, labels


class Causal(nn.Module):
    """Scores of the next token at every position, from the tokens up to it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(V, WIDTH, dtype=torch.float64)
        self.mix = nn.GRU(WIDTH, WIDTH, batch_first=True, dtype=torch.float64)
        self.head = nn.Linear(WIDTH, V, dtype=torch.float64)
        random = torch.Generator().manual_seed(5)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=random, dtype=torch.float64))

    def forward(self, ids: Tensor) -> Tensor:
        """Scores (B, T, V)."""
        states, _ = self.mix(self.embed(ids))
        return self.head(states)


def token_losses(scores: Tensor, labels: Tensor) -> Tensor:
    """The loss of every predicted token, (B, T - 1); 0 where its label is -100. Position t predicts label t + 1."""
    return nn.functional.cross_entropy(scores[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none")


def token_count(labels: Tensor) -> Tensor:
    """How many tokens are predicted."""
    return (labels[:, 1:] != -100).sum()


def token_mean(scores: Tensor, labels: Tensor) -> Tensor:
    """What a training loop calls the loss: the mean over the predicted tokens, of these sequences alone."""
    return nn.functional.cross_entropy(scores[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


def gradient_of(net: nn.Module) -> Tensor:
    """The gradients of all parameters, as one vector."""
    return torch.cat([parameter.grad.flatten() for parameter in net.parameters()])
