"""A file that is read at offsets: opened without blocking, never mapped, and told apart when it changes.

A mapped file that shrinks kills the process (SIGBUS); here it is a short read, and so a sentence.
"""

from __future__ import annotations

import os
import stat
import threading
import weakref
from collections import deque
from typing import Any

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.guard import reads

OPEN_AT_ONCE = 16
"""Descriptors held at a time: a batch may be thousands of shards, and a process may open about a thousand files."""

FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
NO_REGULAR_FILES = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}

_recent: deque[weakref.ref[File]] = deque()
_seek_and_read = threading.Lock()


def tilde_hint(path: str) -> str:
    """Why a path that begins with ~ is not found: a shell expands it outside of quotes alone."""
    return "~ in quotes is not your home: write $HOME in double quotes" if path.startswith("~") else ""


class _Descriptor:
    """An open file descriptor, closed when nobody reads from it any more."""

    def __init__(self, path: str) -> None:
        self.number = -1
        self.number = os.open(path, FLAGS)

    def __del__(self) -> None:
        if self.number >= 0:
            os.close(self.number)


class File:
    """A regular file as it was when it was first looked at.

    Every read carries its own position, so forked workers and threads may share one; a copy that was pickled
    opens the file by its path. Raises WceError if there is no such file, or it is not a file, or it is empty.
    """

    def __init__(self, path: str, expected: str) -> None:
        self.path = path
        self._descriptor: _Descriptor | None = None
        try:
            found = os.stat(path)  # first, because opening a pipe or a device can block or do something
        except FileNotFoundError as error:
            raise WceError(Problem(f"{path} does not exist", tilde_hint(path))) from error
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        if not stat.S_ISREG(found.st_mode):
            kind = NO_REGULAR_FILES.get(stat.S_IFMT(found.st_mode), "a device")
            hint = "" if stat.S_ISDIR(found.st_mode) else "save it to a file: arrays are read at offsets"
            raise WceError(Problem(f"{path} is {kind}, expected {expected}", hint))
        if not found.st_size:
            raise WceError(Problem(f"{path} is empty, expected {expected}"))
        reads(path, found)
        self.size = found.st_size
        self._stamp = (found.st_size, found.st_mtime_ns)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_descriptor": None}

    def fill(self, offset: int, buffer: memoryview) -> None:
        """Read bytes from `offset` on until `buffer` is full. Raises WceError if they are not all there."""
        try:
            descriptor = self._opened()
            self._check(os.fstat(descriptor.number))
            done = 0
            while done < len(buffer):
                got = _read_at(descriptor.number, buffer[done:], offset + done)
                if not got:
                    self._check(os.fstat(descriptor.number))
                    end = f"byte {offset + len(buffer)} was asked for, and it has {self.size}"
                    raise WceError(Problem(f"{self.path} is cut off: {end}"))
                done += got
        except OSError as error:
            raise self._unreadable(error) from error

    def head(self, n: int, offset: int = 0) -> bytes:
        """Up to n bytes from `offset` on; fewer where the file ends."""
        block = bytearray(max(0, min(n, self.size - offset)))
        self.fill(offset, memoryview(block))
        return bytes(block)

    def unchanged(self) -> None:
        """Raise WceError if the file is not what it was, for those who read it by other means."""
        try:
            self._check(os.stat(self.path))
        except OSError as error:
            raise self._unreadable(error) from error

    def _opened(self) -> _Descriptor:
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = self._descriptor = _Descriptor(self.path)
            _recent.append(weakref.ref(self))
            if len(_recent) > OPEN_AT_ONCE:
                oldest = _recent.popleft()()
                if oldest is not None:
                    oldest._descriptor = None
        return descriptor

    def _check(self, now: os.stat_result) -> None:
        if (now.st_size, now.st_mtime_ns) != self._stamp:
            sizes = f": it had {self.size} bytes, and now has {now.st_size}" if now.st_size != self.size else ""
            raise WceError(Problem(f"{self.path} changed while it was read{sizes}", "wait until nothing writes to it"))

    def _unreadable(self, error: Exception) -> WceError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return WceError(Problem(f"{self.path} cannot be read: {reason.lower()}"))


def _read_at(descriptor: int, buffer: memoryview, offset: int) -> int:
    """Bytes read into `buffer` from `offset` on; the position of the descriptor is nobody's."""
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [buffer], offset)
    with _seek_and_read:  # Windows
        os.lseek(descriptor, offset, os.SEEK_SET)
        got = os.read(descriptor, len(buffer))
    buffer[: len(got)] = got
    return len(got)
