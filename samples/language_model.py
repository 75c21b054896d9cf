"""A transformer of a few thousand parameters learns eight proverbs; then the losses that people print for it.

`python samples/language_model.py` prints what PyTorch returns for the scores in language_model.npz;
`python samples/language_model.py train` trains the model anew, some seconds, and writes that file.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

PROVERBS = (
    "a bird in the hand is worth two in the bush .",
    "do not put all your eggs in one basket .",
    "all that glitters is not gold .",
    "the early bird gets the worm .",
    "silence is gold .",
    "time is money .",
    "haste makes waste .",
    "time flies .",
)
WORDS = sorted({word for proverb in PROVERBS for word in proverb.split()})
SAVED = Path(__file__).with_name("language_model.npz")
MICRO_BATCH = 2


def batch():
    """Ids and labels, (B, T): the labels are the ids, and -100 where a shorter proverb is padded."""
    ids = [torch.tensor([WORDS.index(word) for word in proverb.split()]) for proverb in PROVERBS]
    pad = nn.utils.rnn.pad_sequence
    return pad(ids, batch_first=True), pad(ids, batch_first=True, padding_value=-100)


class Model(nn.Module):
    """One causal layer: the scores at a position are those of the next word."""

    def __init__(self, length, width=16):
        super().__init__()
        self.word = nn.Embedding(len(WORDS), width)
        self.place = nn.Parameter(torch.zeros(length, width))
        self.layer = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, len(WORDS))

    def forward(self, ids):
        """Scores, (B, T, V)."""
        causal = nn.Transformer.generate_square_subsequent_mask(ids.shape[1])
        return self.head(self.layer(self.word(ids) + self.place, src_mask=causal))


def loss_of(logits, labels, **how):
    """Cross-entropy of the labels one position ahead, as language models are trained."""
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], **how)


def train(steps=20):
    """Logits and labels after some steps, each of which accumulates micro-batches with loss / k."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    ids, labels = batch()
    model = Model(ids.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    parts = list(zip(ids.split(MICRO_BATCH), labels.split(MICRO_BATCH), strict=True))
    for _ in range(steps):
        for some_ids, some_labels in parts:
            (loss_of(model(some_ids), some_labels) / len(parts)).backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        return model(ids), labels


def losses(logits, labels):
    """What is printed as the loss of one and the same batch, by what it is called."""
    each = loss_of(logits, labels, reduction="none")
    tokens = (labels[:, 1:] != -100).sum(1)
    parts = list(zip(logits.split(MICRO_BATCH), labels.split(MICRO_BATCH), strict=True))
    return {
        "mean over the tokens": loss_of(logits, labels),
        "accumulated, loss / 4": sum(loss_of(x, y) / len(parts) for x, y in parts),
        "mean of the sequences' means": (each.sum(1) / tokens).mean(),
        "summed, mean over sequences": each.sum(1).mean(),
        "padding counted": each.mean(),
        "divided by the unshifted count": each.sum() / (labels != -100).sum(),
        "labels not shifted": F.cross_entropy(logits.flatten(0, 1), labels.flatten()),
    }


def main():
    """Print the losses, of a file that is trained before if that is asked."""
    if sys.argv[1:] == ["train"]:
        logits, labels = train()
        np.savez_compressed(SAVED, logits=logits.numpy(), labels=labels.numpy())
    with np.load(SAVED) as saved:
        found = losses(torch.from_numpy(saved["logits"]), torch.from_numpy(saved["labels"]))
    for name, loss in found.items():
        print(f"{name:<32}{loss:.5f}")


if __name__ == "__main__":
    main()
