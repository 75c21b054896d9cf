"""Writing: the answer to stdout or into a file, files beside it, everything else to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import IO

from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError, at_most
from wce_cli.formats.look import Look
from wce_cli.inputs.guard import refuse
from wce_cli.literal import as_line, literal


def say(lines: Iterable[str]) -> None:
    """Write lines to stderr, in the symbols it has. A stderr that is closed is no reason to change the exit code."""
    text = "".join(f"{as_line(literal(line))}\n" for line in lines)
    if not text:
        return
    try:
        look = Look(ascii="utf" not in (getattr(sys.stderr, "encoding", None) or "").lower())
        sys.stderr.write(look.text(text))
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def say_notes(notes: Iterable[str]) -> None:
    """Write notes to stderr, each in a line."""
    say(f"note: {at_most(note)}" for note in notes)


def deliver(outcome: Outcome) -> int:
    """Write the notes to stderr, then all files and the answer, or none of them. Returns the exit code.

    Raises WceError if one cannot be written.
    """
    refuse()
    say_notes(outcome.notes)
    say(outcome.errors)
    to_stdout = outcome.output in (None, "-")
    if outcome.pieces is not None:
        with closing(outcome.pieces) as pieces:
            _deliver_pieces(pieces, outcome.output if not to_stdout else None, [path for path, _ in outcome.files])
        return outcome.code if outcome.end is None else outcome.end()
    files = outcome.files if outcome.output is None or to_stdout else (*outcome.files, (outcome.output, outcome.text))
    if not files:
        _print(outcome.text)
    else:
        from wce_cli.cli.files import written

        with written(files):  # what is printed cannot be taken back, so it comes last
            if to_stdout:
                _print(outcome.text)
    say([f"note: {at_most(note)}" for note in outcome.saved])
    return outcome.code


def _deliver_pieces(pieces: Iterator[tuple[str, ...]], output: str | None, beside: Sequence[str]) -> None:
    """Print the pieces as they come; a file takes its place when all of it is there."""
    from wce_cli.cli.files import growing, placed

    with growing([path for path in (output, *beside) if path is not None]) as files:
        reads = output is None
        for texts in pieces:
            for file, text in zip(files, texts if output is not None else texts[1:], strict=True):
                file.write(text)
            if reads and not _print(texts[0]):
                reads = False
                if not files:
                    return
        refuse()  # what was read while pieces came
        with placed(files):
            pass


def _print(text: str) -> bool:
    """Print a text. Returns whether somebody still reads."""
    if sys.stdout is None:  # Python's word for a stream that was closed before the start
        raise WceError(Problem("the answer cannot be written: stdout is closed"))
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head`: the reader has had enough, and the verdict stands
        _point_at_nothing(sys.stdout)
        return False
    except OSError as error:
        from wce_cli.cli.files import reason

        _point_at_nothing(sys.stdout)
        raise WceError(Problem(f"the answer cannot be written: {reason(error)}")) from error
    return True


def _point_at_nothing(stream: IO[str]) -> None:
    """Keep Python's own flush at exit from failing again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
