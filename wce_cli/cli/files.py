"""Writing files, all or none: each is written beside its target and renamed, and a failed run leaves the old ones."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from wce_cli.errors import Problem, WceError


class _Ready(Struct, frozen=True):
    """A text that waits beside its target."""

    path: str
    """As the user wrote it."""
    target: str
    beside: str
    """The new file; empty for a device or a pipe, which cannot be renamed and is written last."""
    text: str

    @property
    def old(self) -> str:
        """A second name of the old file while the others are written."""
        return f"{self.beside}.old"


def same_file(a: str, b: str) -> bool:
    """Whether two names lead to one file, be it there or not."""
    return os.path.normcase(os.path.realpath(a)) == os.path.normcase(os.path.realpath(b))


@contextmanager
def written(files: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Have all files written inside the `with`; whatever fails, in there too, puts the old ones back.

    Raises WceError if one cannot be written.
    """
    ready: list[_Ready] = []
    placed: list[_Ready] = []
    try:
        for path, text in files:
            with _named(path):
                ready.append(_ready(path, text))
        for file in sorted(ready, key=lambda file: not file.beside):
            with _named(file.path):
                _place(file)
            placed.append(file)
        yield
    except BaseException:
        for file in reversed(placed):
            _undo(file)
        raise
    finally:
        for file in ready:
            for left in (file.beside, file.old):
                if file.beside and os.path.lexists(left):
                    os.unlink(left)


def _ready(path: str, text: str) -> _Ready:
    target = os.path.realpath(path)
    there = os.path.exists(path)
    if there and not stat.S_ISREG(os.stat(path).st_mode):
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        # A pipe or a device is opened once, when it is written, and by the name given: that of /dev/stdout's pipe
        # leads nowhere.
        return _Ready(path, path, "", text)
    mode = stat.S_IMODE(os.stat(target).st_mode) if there else 0o666 & ~_umask()
    import tempfile

    descriptor, beside = tempfile.mkstemp(prefix=".wce-", dir=os.path.dirname(target))
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(beside, mode)
    except BaseException:
        os.unlink(beside)
        raise
    return _Ready(path, target, beside, text)


def _place(file: _Ready) -> None:
    if not file.beside:
        with open(file.target, "w", encoding="utf-8", newline="\n") as device:
            device.write(file.text)
        return
    if os.path.exists(file.target):
        try:
            os.link(file.target, file.old)
        except OSError:  # a disk without second names
            import shutil

            shutil.copy2(file.target, file.old)
    os.replace(file.beside, file.target)


def _undo(file: _Ready) -> None:
    if os.path.exists(file.old):
        os.replace(file.old, file.target)
    elif file.beside:
        os.unlink(file.target)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def reason(error: OSError) -> str:
    """What the system says, in our form."""
    return (error.strerror or str(error)).lower()


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Say which file it was."""
    try:
        yield
    except OSError as error:
        raise WceError(Problem(f"{path} cannot be written: {reason(error)}")) from error
