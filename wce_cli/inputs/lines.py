"""Files of a JSON document a line, a piece of some lines at a time: they may be as long as they like."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from wce_cli.errors import Problem, WceError
from wce_cli.inputs import stdin
from wce_cli.inputs.guard import reads
from wce_cli.inputs.suffixes import READERS, STDIN, suffix_of
from wce_cli.inputs.unreadable import files_in, unreadable

PIECE = 1 << 16
"""Bytes of a piece, about: the reports of its lines are up to a hundred times as long. A line is never cut."""


class Piece(Struct, frozen=True):
    """Some whole lines of a file."""

    shown: str
    """The file as the user named it, or stdin."""
    first: int
    """The number of the first line, from 1."""
    content: bytes
    position: int = 0
    """Documents before it, in all files."""
    is_alone: bool = False
    """Whether it is the only document that there is."""

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines that are not empty, with their numbers."""
        for number, line in enumerate(self.content.split(b"\n"), self.first):
            if line and not line.isspace():
                yield number, line


def are_lines(paths: Sequence[str]) -> bool:
    """Whether all of some sources hold a document a line; stdin is looked into."""
    named = all(READERS.get(suffix_of(path)) == READERS[".ndjson"] for path in paths if path != STDIN)
    return bool(paths) and named and (STDIN not in paths or stdin.holds_lines())


class Lines:
    """The lines of some files, in their order, each file read once and never as a whole.

    Raises WceError if a file is not there. What is wrong with a file later is told to `failed`, which may raise.
    `size`: how many pieces are read at once.
    """

    def __init__(self, paths: Sequence[str], failed: Callable[[WceError], None], size: int = 1) -> None:
        self.paths, self.failed, self.size = paths, failed, size * PIECE
        self.descriptor: int | None = None
        for path in paths:
            if path != STDIN:
                _look_for(path)

    def comes_at_once(self) -> bool:
        """Whether the next piece can be had without waiting for somebody to write it."""
        if self.descriptor is None or sys.platform == "win32":
            return True
        return bool(stdin.looked_at or select.select([self.descriptor], [], [], 0)[0])

    def pieces(self) -> Iterator[Piece]:
        """All lines; the first document waits until it is known whether there is another one."""
        held: list[Piece] = []
        position = 0
        for piece in self._pieces():
            count = sum(1 for _ in piece.lines())
            if not count:
                continue
            placed = Piece(piece.shown, piece.first, piece.content, position)
            position += count
            held.append(placed)
            if position > 1:
                yield from held
                held = []
        yield from (Piece(one.shown, one.first, one.content, 0, True) for one in held)

    def _pieces(self) -> Iterator[Piece]:
        for path in self.paths:
            shown = "stdin" if path == STDIN else path
            found = False
            try:
                for piece in self._of_file(path, shown):
                    found = found or not piece.content.isspace()
                    yield piece
                if not found:
                    raise WceError(Problem(f"{shown} has no line with a batch"))
            except WceError as error:
                self.failed(error)

    def _of_file(self, path: str, shown: str) -> Iterator[Piece]:
        first, begun = 1, list[bytes]()
        for block in self._blocks(path):
            cut = block.rfind(b"\n") + 1
            if not cut:
                begun.append(block)
                continue
            content = b"".join([*begun, block[:cut]])
            begun = [block[cut:]]
            yield Piece(shown, first, content)
            first += content.count(b"\n")
        if any(begun):
            yield Piece(shown, first, b"".join(begun))

    def _blocks(self, path: str) -> Iterator[bytes]:
        if path == STDIN:
            self.descriptor = stdin.descriptor()
            yield from stdin.blocks(self.size)
            return
        self.descriptor = None
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            self.descriptor = descriptor
            try:
                while block := os.read(descriptor, self.size):
                    yield block
            finally:
                self.descriptor = None
                os.close(descriptor)
        except OSError as error:
            raise unreadable(path, error) from error


def _look_for(path: str) -> None:
    """Raise WceError if a file is not there to be read. A pipe is opened once, when its turn comes."""
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise WceError(Problem(f"{path} is a directory, expected a file", files_in(path)))
        reads(path, found)
        if stat.S_ISREG(found.st_mode):
            with open(path, "rb"):
                pass
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
