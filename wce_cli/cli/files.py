"""Writing files, all or none: each is written beside its target and renamed, and a failed run leaves the old ones."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from wce_cli.errors import Problem, WceError
from wce_cli.processes.signals import held_back


def same_file(a: str | int, b: str | int) -> bool:
    """Whether two names, or a name and a descriptor, lead to one file that would be written twice, there or not yet."""
    if isinstance(a, str) and isinstance(b, str) and _real(a) == _real(b):
        return True
    try:
        one, other = os.stat(a), os.stat(b)
    except (OSError, ValueError):  # not both are there
        return False
    return stat.S_ISREG(one.st_mode) and os.path.samestat(one, other)


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


class Growing:
    """A file that is written little by little, beside its target until it is whole."""

    def __init__(self, path: str) -> None:
        self.path = path
        """As the user wrote it."""
        with _named(path):  # the folder we are in may be gone
            self.target = os.path.realpath(path)
        self.beside = ""
        """The new file; empty for a device or a pipe, which cannot be renamed."""
        self.file: IO[str] | None = None

    def begin(self) -> None:
        """Have something to write to. Raises WceError if there cannot be."""
        with _named(self.path):
            there = os.path.exists(self.path)
            if not there or stat.S_ISREG(os.stat(self.path).st_mode):
                self._begin(there)
            elif os.path.isdir(self.path):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            else:  # opened once, when it is written, and by the name given: that of /dev/stdout's pipe leads nowhere
                self.target = self.path

    @property
    def old(self) -> str:
        """A second name of the old file while the others are written."""
        return f"{self.beside}.old"

    def write(self, text: str) -> None:
        """Add some text."""
        with _named(self.path):
            if self.file is None:
                self.file = open(self.target, "w", encoding="utf-8", newline="\n")  # noqa: SIM115  # it grows
            self.file.write(text)

    def place(self) -> None:
        """Have the new file take the place of the old one, which keeps a second name."""
        with _named(self.path):
            if self.file is not None:
                self.file.close()
            if not self.beside:
                return
            if os.path.exists(self.target):
                try:
                    os.link(self.target, self.old)
                except OSError:  # a disk without second names
                    import shutil

                    shutil.copy2(self.target, self.old)
            os.replace(self.beside, self.target)

    def undo(self) -> None:
        """Put the old file back."""
        if os.path.exists(self.old):
            os.replace(self.old, self.target)
        elif self.beside:
            os.unlink(self.target)

    def clean(self) -> None:
        """Leave nothing beside the target."""
        if self.file is not None and not self.file.closed:
            with suppress(OSError):  # what could not be written before cannot be now
                self.file.close()
        for left in (self.beside, self.old) if self.beside else ():
            if os.path.lexists(left):
                os.unlink(left)

    def _begin(self, there: bool) -> None:
        mode = stat.S_IMODE(os.stat(self.target).st_mode) if there else 0o666 & ~_umask()
        import tempfile

        descriptor, self.beside = tempfile.mkstemp(prefix=".wce-", dir=os.path.dirname(self.target))
        self.file = os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")
        os.chmod(self.beside, mode)


@contextmanager
def growing(paths: Sequence[str]) -> Iterator[list[Growing]]:
    """Files to write inside the `with`, which leaves none of them. `placed` gives them their names."""
    files: list[Growing] = []
    try:
        for path in paths:
            files.append(Growing(path))
            with held_back():  # nothing is begun that nobody knows of
                files[-1].begin()
        yield files
    finally:
        with held_back():
            for file in files:
                file.clean()


@contextmanager
def placed(files: Sequence[Growing]) -> Iterator[None]:
    """Have all files in their places inside the `with`; whatever fails, in there too, puts the old ones back."""
    done: list[Growing] = []
    try:
        for file in files:
            with held_back():
                file.place()
                done.append(file)
        yield
    except BaseException:
        with held_back():
            for file in reversed(done):
                file.undo()
        raise


@contextmanager
def written(files: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Have all files written inside the `with`, pipes last; whatever fails, in there too, puts the old ones back.

    Raises WceError if one cannot be written.
    """
    with growing([path for path, _ in files]) as grown:
        texts = [text for _, text in files]
        regular = [file for file in grown if file.beside]
        for file, text in zip(grown, texts, strict=True):
            if file.beside:
                file.write(text)
        with placed(regular):
            for file, text in zip(grown, texts, strict=True):
                if not file.beside:
                    file.write(text)
                    file.place()
            yield


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def reason(error: OSError) -> str:
    """What the system says of a failure, in lower case."""
    return (error.strerror or str(error)).lower()


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Inside, what the system refuses is a WceError that names the file."""
    try:
        yield
    except OSError as error:
        raise WceError(Problem(f"{path} cannot be written: {reason(error)}")) from error
