"""Batches cut into parts, each saved and read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from wce_cli.batches.batch import Batch
from wce_cli.inputs.totals import as_text
from wce_cli.passes.one_pass import one_pass
from wce_cli.saved.document import saved_of
from wce_cli.saved.part import Saved

BY_SAMPLE = ("logits", "log_probs", "probs", "labels", "sample_weight")


def part_of(top: int = 5, **given: Any) -> Saved:
    """What `--totals-out` saves of a batch."""
    batch = Batch.build(**given)
    return Saved.of(batch.spec, batch.scores.shape, *one_pass(batch, top=top))


def again(saved: Saved) -> Saved:
    """The same part, from the text of its file."""
    return saved_of(json.loads(as_text(saved)), "part.json")


def parts_of(cuts: Sequence[int], **given: Any) -> list[Saved]:
    """The parts of a batch that is cut at some samples, each saved and read back."""
    n = len(given["labels"])
    return [
        again(part_of(**{name: value[a:b] if name in BY_SAMPLE else value for name, value in given.items()}))
        for a, b in pairwise([0, *cuts, n])
    ]


def with_odd_rows(rng: np.random.Generator, scores: np.ndarray, share: float) -> np.ndarray:
    """Some numbers of the scores replaced by what a run that broke leaves behind."""
    odd = rng.choice([np.nan, np.inf, -np.inf, 1e38], size=scores.shape)
    return np.where(rng.random(scores.shape) < share, odd, scores)
