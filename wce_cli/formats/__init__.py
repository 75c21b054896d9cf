"""An answer as text: a writer a format, over what the folder of each question gives.

A writer is a module of this room, by its format's name, with `write(question, answers, look)`. It takes what it writes
from a module in the folder of the question, and a command has the formats for which its folder has that module:

- `blocks`: `answer_blocks(answer, look, titled)`, an answer from top to bottom; `page_blocks`, the same beside its
  picture, and `named(answer)`, what it is about, where those are of its own. Of a question whose answers are told
  together `all_blocks(answers, look)` and `page_title(answers, look)`, for a screen `entries(answer, look)`,
  `summary(answers)` and `ending(summary)`.
- `picture`: `picture(answer, look)`, None where there is nothing to draw.
- `rows`: `columns(answers, look)` and `rows(answers, look, columns)`, numbers in those, each with the answer it is of;
  `every_column(look)` and `is_plain(answers)` where some columns are known when the last row is.
- `lines`: `is_finite(answer)`, of an answer that may be one of many lines; `is_slice` and `around` where the list in it
  may come a few items at a time.
- `cases`: `cases(answer)`, what passed and what failed.
- `annotations`: `annotated(answer)`, what is wrong in which line of which file, and `closing(answers)`.
- `asked`: `asked(answer, look)`, what of an answer a program is given, or `together(answers)`, of all of them; without
  it that is the answer as it is.

What is written little by little comes as parts, each a text that needs to know no other answer, and made where the
answers are: `part(question, answers, look, several)` of a writer. Its `joiner(question, look, several)` makes the text
from them; without one they follow each other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from wce_cli.formats.look import ROWS, Look

if TYPE_CHECKING:
    from wce_cli.answers.base import Answer

PARTS = ("terms", "methods")
"""What of a report can be shown alone."""


EVERY = sys.maxsize
"""As many samples as there are."""


class Writer(Struct, frozen=True):
    """What is known of a format before its module is loaded."""

    needs: str = ""
    """The module that a question gives it; empty where every answer can be written as it is."""
    rows: int = ROWS
    """Samples it lists unless more are asked for."""
    parts: tuple[str, ...] = ()
    """What it can show alone."""
    has_measured: bool = True
    """Whether it shows what a framework returned."""
    in_parts_with: str = ""
    """What that module has where answers can be written a few at a time; empty where all must be there first."""
    suffixes: tuple[str, ...] = ()
    """Of a file that it is written to; the first is the one that is named."""
    also: tuple[str, ...] = ()
    """What people call it as well."""


WRITERS = {
    "table": Writer("blocks", parts=PARTS, in_parts_with="entries", suffixes=(".txt",), also=("txt", "text")),
    "json": Writer(rows=10_000, suffixes=(".json",)),
    "ndjson": Writer("lines", 10_000, in_parts_with="is_finite", suffixes=(".ndjson", ".jsonl"), also=("jsonl",)),
    "csv": Writer("rows", EVERY, PARTS, has_measured=False, in_parts_with="every_column", suffixes=(".csv",)),
    "junit": Writer("cases", suffixes=(".xml",)),
    "github": Writer("annotations"),
    "markdown": Writer("blocks", parts=PARTS, suffixes=(".md",), also=("md",)),
    "html": Writer("blocks", parts=PARTS, suffixes=(".html", ".htm")),
    "svg": Writer("picture", suffixes=(".svg",)),
}
"""By name, in the order in which they are listed."""
QUESTIONS = ("explain", "split", "gradient", "sweep", "identify", "check", "audit")
"""The commands that answer a question: each has a folder here."""

OTHER_NAMES = {other: name for name, writer in WRITERS.items() for other in writer.also}
SUFFIXES = {suffix: name for name, writer in WRITERS.items() for suffix in writer.suffixes}
"""The format of a file by its name."""


class Format(Struct, frozen=True):
    """A way to write the answers of a question."""

    name: str
    question: str
    writer: Writer

    @property
    def comes_in_parts(self) -> bool:
        """Whether some answers can be written before the others are there."""
        name = self.writer.in_parts_with
        return bool(name) and hasattr(given(self.question, self.writer.needs), name)


VALUE = Format("values", "explain", Writer("asked", 0, has_measured=False, in_parts_with="asked"))
"""`--only value`: bare numbers, which no format dresses."""


@cache
def gives(question: str) -> frozenset[str]:
    """The names of the modules in the folder of a question: none of them is loaded for that."""
    return frozenset(name.partition(".")[0] for name in os.listdir(os.path.join(os.path.dirname(__file__), question)))


def given(question: str, module: str) -> Any:
    """A module of the folder of a question."""
    return import_module(f"{__name__}.{question}.{module}")


@cache
def formats_of(question: str) -> dict[str, Format]:
    """The formats of a question, by name: those for which its folder has what they need."""
    found = gives(question)
    return {
        name: Format(name, question, writer)
        for name, writer in WRITERS.items()
        if not writer.needs or writer.needs in found
    }


def suffixes(known: Iterable[str]) -> list[str]:
    """A suffix for each of some formats that has one."""
    return [WRITERS[name].suffixes[0] for name in known if WRITERS[name].suffixes]


def asked_of(question: str) -> Callable[[Any, Look], Any]:
    """What says what of an answer a program is given: all of it, unless the question has a word in it."""
    own = given(question, "asked") if "asked" in gives(question) else None
    return getattr(own, "asked", lambda answer, look: answer)


def as_text(answer: Answer, width: int | None = None, ascii: bool = False) -> str:
    """An answer as a person reads it, as wide as it needs to be unless `width` says otherwise."""
    return formatted(formats_of(answer.question)["table"], [answer], Look(width=width, ascii=ascii))


def as_fragment(answer: Answer) -> str | None:
    """An answer as an element of a page, for a notebook; None where there is none."""
    fragment: str | None = import_module(f"{__name__}.html").fragment(answer.question, answer)
    return fragment


def formatted(format: Format, answers: Sequence[Any], look: Look) -> str:
    """The answers to a question in one of its formats; ending in a newline."""
    text: str = _module(format).write(format.question, answers, look)
    return text


def part_of(format: Format, answers: Sequence[Any], look: Look, several: bool) -> str:
    """What some of many answers add to the text of a format."""
    text: str = _module(format).part(format.question, answers, look, several)
    return text


class Joiner:
    """Makes a text from its parts, as they come."""

    def settle(self, answers: Sequence[Any]) -> None:
        """Be told of all answers, without what comes in parts, before the first part does."""

    def add(self, part: str) -> str:
        """What can be written when a part has come."""
        return part

    def end(self, answers: Any = None) -> Iterator[str]:
        """What is left to write when the last one has; `answers` is what is known of all of them together."""
        return iter(())

    def close(self) -> None:
        """Leave nothing behind, whether all came or not."""


def joiner_of(format: Format, look: Look, several: bool) -> Joiner:
    """What makes the text of a format from its parts."""
    module = _module(format)
    joiner: Joiner = module.joiner(format.question, look, several) if hasattr(module, "joiner") else Joiner()
    return joiner


def _module(format: Format) -> Any:
    return import_module(f"{__name__}.{format.name}")
