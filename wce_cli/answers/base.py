"""What every answer can do: become plain dictionaries, text for a screen, and a picture in a notebook."""

from __future__ import annotations

import math
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from msgspec import Struct

from wce_cli.digits import NON_FINITE

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


class Answer(Struct, frozen=True):
    """The answer of a question: plain numbers, and its fields are the JSON. It knows its formats by name alone."""

    question: ClassVar[str]
    """The command that gives it, one of `formats.QUESTIONS`."""

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and strings, ready for `json.dumps(…, allow_nan=False)`."""
        plain = to_plain(self)
        assert isinstance(plain, dict)
        return plain

    def __str__(self) -> str:
        text: str = _formats().as_text(self)
        return text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        yield Text(_formats().as_text(self, options.max_width, options.ascii_only).rstrip("\n"))

    def _repr_html_(self) -> str | None:
        fragment: str | None = _formats().as_fragment(self)
        return fragment


def _formats() -> Any:
    return import_module("wce_cli.formats")


class Paired(Struct, frozen=True):
    """What is told of one (method, placement) pair."""

    method: str
    placement: str

    @property
    def pair(self) -> str:
        """`METHOD` for class placement, else `METHOD/PLACEMENT`."""
        return self.method if self.placement == "class" else f"{self.method}/{self.placement}"


PairedRow = TypeVar("PairedRow", bound=Paired)


def row_of_pair(rows: Iterable[PairedRow], pair: str) -> PairedRow | None:
    """The row of `METHOD/PLACEMENT`, or of `METHOD` under class placement; None if there is none."""
    wanted = pair.removesuffix("/class")
    return next((row for row in rows if row.pair == wanted), None)


def to_plain(value: Any) -> Any:
    """Structs → dictionaries, tuples → lists, NaN and ±∞ → the strings that stand for them in JSON."""
    if isinstance(value, Struct):
        return {field: to_plain(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else next(w for w, number in NON_FINITE.items() if number == value)
    return value
