"""No answer takes the place of what is read: every place that opens an input says so here, and so it is known.

Files are known by what they are: `./x`, a link, another case of letters, /dev/stdin and `< x` all lead to one file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from wce_cli.errors import Problem, WceError

_targets: dict[tuple[int, int], tuple[str, str]] = {}
"""The files that this run will write, by device and number: the option that names each, and its name."""
_refused: list[Problem] = []
"""What was said of an input that is one of them, by somebody who goes on to the next input."""


def guard(targets: Iterable[tuple[str, str | int]]) -> None:
    """Forbid from here on that any of some files is an input. Each: the option that names it, its path or a descriptor.

    A file that is not there yet cannot be one; a pipe or a terminal is written to, and nothing in it is lost.
    """
    for option, target in targets:
        try:
            found = os.stat(os.path.realpath(target) if isinstance(target, str) else target)  # as it is written
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(found.st_mode):
            _targets[found.st_dev, found.st_ino] = option, target if isinstance(target, str) else ""


def reads(shown: str, found: os.stat_result) -> None:
    """Note that an input is read. Raises WceError if an answer would take its place."""
    target = _targets.get((found.st_dev, found.st_ino))
    if target is None:
        return
    option, path = target
    if not path:
        problem = Problem(f"{option} is {shown}, which is read: the answer would be written into it")
    else:
        name = "" if path == shown else f" as {shown}"
        problem = Problem(f"{option} is {path}, which is read{name}: an answer would take its place")
    _refused.append(problem)
    raise WceError(problem)


def refuse() -> None:
    """Raise WceError if an answer would take the place of anything that was read so far."""
    if _refused:
        raise WceError(_refused[0])


def forget() -> None:
    """The run is over: nothing is guarded any more."""
    _targets.clear()
    _refused.clear()
