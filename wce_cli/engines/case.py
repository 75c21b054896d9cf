"""A batch as frameworks other than torch take it: rows with the class axis last, and how each array is written.

It crosses the process boundary as an `.npz` without pickles.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.batches.batch import Batch
from wce_cli.loss.readings import ScoreKind, read_logits
from wce_cli.loss.sums import Floats, Ints

NORMALISED = 1e-9
"""Log-probabilities whose rows sum to 1 within this may go through a softmax once more: it leaves them."""

SAVED_ARRAYS = ("x", "y", "w", "s")


class Case(Struct, frozen=True):
    """One batch, measured as it is."""

    scores: ScoreKind
    x: Floats
    """(n, C)"""
    y: Ints | Floats
    """Class indices from 0 (n,), the ignored ones `ignore_index`; or probability rows (n, C)."""
    w: Floats | None
    """(C,)"""
    s: Floats | None
    """(n,)"""
    ignore_index: int
    label_smoothing: float
    dtype: str
    """The scores' own; float32 where they came as plain numbers, as frameworks have it."""
    x_text: str = "x"
    y_text: str = "y"
    s_text: str = "s"
    names: Sequence[str] = ()
    """The classes, where the labels were given by names that are not in sorted order."""

    @classmethod
    def of(cls, batch: Batch) -> Case:
        """The batch, copied into rows."""
        spec, n = batch.spec, batch.n_samples
        block = batch.block(0, n)
        nested = len(batch.scores.shape) > 2
        own = spec.dtypes.get(spec.scores, "float32")
        base = f" - {spec.label_base}" if spec.label_base and not spec.is_soft else ""
        rows = "np.moveaxis({}, 1, -1).reshape(-1, " + str(spec.n_classes) + ")"
        flat = f"{'y.reshape(-1)' if nested else 'y'}{base}"
        return cls(
            spec.scores,
            block.scores,
            block.labels,
            spec.weight,
            None if batch.sample_weight is None else block.sample_weight,
            spec.ignore_index,
            spec.label_smoothing,
            own if own in ("float64", "float16") else "float32",
            rows.format("x") if nested else "x",
            rows.format("y") if nested and spec.is_soft else flat,
            "s.reshape(-1)" if nested else "s",
            () if spec.class_names is None or spec.sorted_places is None else spec.class_names,
        )

    @property
    def is_soft(self) -> bool:
        """Whether labels are probability rows."""
        return self.y.ndim == 2

    @property
    def n_classes(self) -> int:
        """C"""
        return int(self.x.shape[1])

    @property
    def ignored(self) -> NDArray[np.bool_]:
        """Which rows are ignored. (n,)"""
        if self.is_soft:
            return np.zeros(len(self.y), dtype=bool)
        return np.asarray(self.y == self.ignore_index)

    @property
    def labels(self) -> Ints:
        """A class for each row: the index, 0 for an ignored one, or the argmax of a probability row. (n,)"""
        return self.y.argmax(axis=1) if self.is_soft else np.where(self.ignored, 0, self.y).astype(np.int64)

    @property
    def label_text(self) -> str:
        """How a user writes `labels`."""
        if self.is_soft:
            return f"{self.y_text}.argmax(axis=1)"
        if self.ignored.any():
            return f"np.where({self.y_text} == {self.ignore_index}, 0, {self.y_text})"
        return self.y_text

    @property
    def row_weight(self) -> Floats | None:
        """s · w[y], what frameworks call sample_weight; None where neither was given. (n,)"""
        if self.w is None:
            return self.s
        by_label = self.w[self.labels]
        return by_label if self.s is None else self.s * by_label

    @property
    def row_weight_text(self) -> str:
        """How a user writes `row_weight`."""
        by_label = f"w[{self.label_text}]"
        if self.w is None:
            return self.s_text
        return by_label if self.s is None else f"{self.s_text} * {by_label}"

    @property
    def other_than_logits(self) -> str | None:
        """Why a framework that takes logits alone cannot be asked; None if these are logits."""
        if self.scores == "logits":
            return None
        return f"takes logits, and these are {'probabilities' if self.scores == 'probs' else 'log-probabilities'}"

    @property
    def logits(self) -> Floats | None:
        """Scores that a softmax may take: logits, or log-probabilities that it leaves as they are; else None."""
        if self.scores == "logits":
            return self.x
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = np.log(self.x) if self.scores == "probs" else self.x
            logsumexp = read_logits(scores).logsumexp
        return scores if logsumexp is not None and (np.abs(logsumexp) <= NORMALISED).all() else None

    @property
    def logits_text(self) -> str:
        """How a user writes `logits`."""
        return f"np.log({self.x_text})" if self.scores == "probs" else self.x_text

    def save(self, file: Path | BinaryIO) -> None:
        """Write it as an `.npz`."""
        arrays = {field: getattr(self, field) for field in SAVED_ARRAYS if getattr(self, field) is not None}
        plain = {field: getattr(self, field) for field in self.__struct_fields__ if field not in SAVED_ARRAYS}
        np.savez(file, allow_pickle=False, plain=np.array(json.dumps(plain)), **arrays)

    @classmethod
    def load(cls, file: Path | BinaryIO) -> Case:
        """Read what `save` wrote; nothing in it is executed."""
        with np.load(file, allow_pickle=False) as members:
            plain: dict[str, Any] = json.loads(str(members["plain"]))
            arrays: dict[str, Any] = {field: members.get(field) for field in SAVED_ARRAYS}
        return cls(**plain, **arrays)
