"""The batch that cutting and sweeping are tried on: unequal weights, and an ignored label."""

from __future__ import annotations

LOGITS = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1], [2, 0, 1], [1, 0, 0], [0, 0, 3]]
LABELS = [0, 1, -100, 1, 2, 0, 2]
WEIGHT = [1, 0.25, 3]
GIVEN = {"logits": LOGITS, "labels": LABELS, "weight": WEIGHT}
