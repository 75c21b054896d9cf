"""A probe and what the function answered, and the shape that all of its answers have."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from wce_cli.questions.audit.probes import Probe
from wce_cli.questions.audit.protocol import Answered


class AskedProbe(Struct, frozen=True):
    """A probe, and what the function answered."""

    probe: Probe
    answer: Answered

    @property
    def number(self) -> float | None:
        """The one number that was returned; None for an error, or for several."""
        values = self.answer.values
        return None if values is None or len(values) != 1 else values[0]

    @property
    def is_error(self) -> bool:
        """Whether there is no answer at all: an array is one, and no number."""
        return self.answer.values is None

    @property
    def is_list(self) -> bool:
        """Whether a loss was returned for each sample, of more than one."""
        n = len(self.probe.labels)
        return self.answer.values is not None and n > 1 and self.answer.shape in ((n,), (n, 1))


def shape_of(asked: Sequence[AskedProbe]) -> str:
    """The shape of all answers in N, C and numbers, `(N, C)`; empty where each is one number.

    A size that is N and C alike is what the others say it is; where answers differ, so does what is said.
    """
    shapes = [(one.answer.shape, one.probe) for one in asked if one.answer.values is not None]
    if all(set(shape) <= {1} for shape, _ in shapes):
        return ""
    if len({len(shape) for shape, _ in shapes}) > 1:
        return " or ".join(sorted({str(shape) for shape, _ in shapes}))
    names = [_size([(shape[k], probe) for shape, probe in shapes]) for k in range(len(shapes[0][0]))]
    return f"({', '.join(names)}{',' * (len(names) == 1)})"


def _size(sizes: Sequence[tuple[int, Probe]]) -> str:
    """One dimension of all answers."""
    if len({size for size, _ in sizes}) == 1 and len({len(probe.labels) for _, probe in sizes}) > 1:
        return str(sizes[0][0])
    for name, of in SIZES.items():
        if all(size == of(probe) for size, probe in sizes):
            return name
    return " or ".join(str(size) for size in sorted({size for size, _ in sizes}))


SIZES: dict[str, Callable[[Probe], int]] = {
    "N": lambda probe: len(probe.labels),
    "C": lambda probe: len(probe.logits[0]),
    "N·C": lambda probe: len(probe.labels) * len(probe.logits[0]),
    "N kept": lambda probe: sum(label != probe.ignore_index for label in probe.labels),
}
"""What a dimension may be, by name."""
