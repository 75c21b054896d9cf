"""What of a batch decides which rules there are."""

from __future__ import annotations

from msgspec import Struct

from wce_cli.loss.sums import Floats

KEPT_ITEMS = 10_000
"""Items whose sums are kept of a batch that is not."""


class RuleScope(Struct, frozen=True):
    """What of a batch decides which rules there are: parts that could not change anything are left out."""

    kind: str
    is_soft: bool
    n: int
    items: int
    """Entries of the first axis: sequences, images, samples."""
    n_classes: int
    weight: Floats | None
    has_sample_weight: bool
    smoothing: float
    fits_memory: bool
    """All rows are at hand: for what needs the batch as a whole."""
    shift: bool
    """The scores at a position are for the label at the next."""
    pairings: tuple[str, ...]
    """Which scores may stand beside other labels."""

    @property
    def parted(self) -> int:
        """Items whose sums are at hand or can be kept: N where there are too many."""
        return self.items if self.fits_memory or self.items <= KEPT_ITEMS else self.n

    @property
    def positions(self) -> int:
        """Rows of one of them."""
        return self.n // self.parted if self.parted else 1

    @property
    def is_weighted(self) -> bool:
        """Whether there are weights of any kind."""
        return self.weight is not None or self.has_sample_weight
