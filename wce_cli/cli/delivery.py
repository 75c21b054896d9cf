"""Writing: the answer to stdout or into a file, everything else to stderr."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from typing import IO

from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError
from wce_cli.formats.look import Look, literal


def say(lines: Iterable[str]) -> None:
    """Lines on stderr, in the symbols it has. A stderr that is closed is no reason to change the exit code."""
    text = "".join(f"{literal(line)}\n" for line in lines)
    if not text:
        return
    try:
        look = Look(ascii="utf" not in (getattr(sys.stderr, "encoding", None) or "").lower())
        sys.stderr.write(look.text(text))
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def deliver(outcome: Outcome) -> None:
    """Notes to stderr, then the answer. Raises WceError if it cannot be written."""
    say(f"note: {note}" for note in outcome.notes)
    if outcome.output is not None and outcome.output != "-":
        _write(outcome.output, outcome.text)
        return
    if sys.stdout is None:  # Python's word for a stream that was closed before the start
        raise WceError(Problem("the answer cannot be written: stdout is closed"))
    try:
        sys.stdout.write(outcome.text)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head`: the reader has had enough, and the verdict stands
        _point_at_nothing(sys.stdout)
    except OSError as error:
        _point_at_nothing(sys.stdout)
        raise WceError(Problem(f"the answer cannot be written: {_reason(error)}")) from error


def _write(path: str, text: str) -> None:
    """Write beside the file and rename: a failed run leaves the old file as it was."""
    import tempfile

    target = os.path.realpath(path)
    try:
        if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):
            with open(target, "w", encoding="utf-8") as device:  # /dev/stderr, a named pipe: nothing to rename
                device.write(text)
            return
        mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else 0o666 & ~_umask()
        descriptor, beside = tempfile.mkstemp(prefix=".wce-", dir=os.path.dirname(target))
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(beside, mode)
            os.replace(beside, target)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise WceError(Problem(f"{path} cannot be written: {_reason(error)}")) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _point_at_nothing(stream: IO[str]) -> None:
    """Keep Python's own flush at exit from failing again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
