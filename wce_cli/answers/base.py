"""What every answer can do: become plain dictionaries, text for a screen, and a picture in a notebook."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from wce_cli.digits import to_plain

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
