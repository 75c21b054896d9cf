"""A value that was typed or pasted, and how it was understood."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from wce_cli.loss.sums import Floats


class Typed(Struct, frozen=True):
    """A value that was typed or pasted, and how it was understood."""

    value: Any
    """Lists, numbers, strings or a mapping, a Counter where the print says so; an array where it says its dtype."""
    form: str = ""
    """What it was taken for, where that is not what stands there: `a tensor repr`."""
    rounded: str = ""
    """What the print was rounded to, `4 decimals`; empty where its numbers count as exact."""
    half_units: Floats | dict[str, float] | None = None
    """How far each number may be off because of that, in the order they stand there, or by key; None for exact ones."""
    ignored: tuple[str, ...] = ()
    """Keywords of a repr that say nothing about the numbers: device, grad_fn."""

    @property
    def described(self) -> str:
        """`a tensor repr rounded to 4 decimals; ignored device, grad_fn`; empty for what stands there as it is."""
        rounded = f" rounded to {self.rounded}" if self.rounded else ""
        ignored = f"; ignored {', '.join(self.ignored)}" if self.ignored else ""
        return f"{self.form}{rounded}{ignored}" if self.form else ""
