"""Which column of a table of scores is which class: by the names of the classes, or by the numbers in its own name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from wce_cli.errors import Problem, WceError, did_you_mean

NUMBERED = re.compile(r"(.*?)(\d+)")
SEPARATOR = re.compile(r"[_.:\- ]")


def by_class(
    names: Sequence[str], classes: Sequence[str], shown: str, option: str, quoted: Callable[[str], str] = str
) -> tuple[int, ...]:
    """The places of the classes among the names, as they are or behind what all names begin with (`p_cat`, `p_dog`);
    none where the names speak of something else.

    Raises WceError where some of the classes are there and not the others; `shown` is the table, `option` what names
    the classes, `quoted` how a name is shown.
    """
    head = next((head for head in heads(names) if all(head + str(name) in names for name in classes)), "")
    wanted = [head + str(name) for name in classes]
    if all(names.count(name) == 1 for name in wanted):
        return tuple(names.index(name) for name in wanted)
    there, missing = ([name for name in wanted if (name in names) is known] for known in (True, False))
    if there and missing:
        said = f"{shown} has a column {quoted(there[0])!r} and none for {quoted(missing[0])!r}, which {option} too"
        known = [quoted(name) for name in names if name not in wanted]
        raise WceError(Problem(said, did_you_mean(missing[0], known)))
    return ()


def by_number(names: Sequence[str]) -> tuple[int, ...]:
    """The places of names that are numbered from 0 or 1 on, `logit_0`, in that order: who sorts names puts 10 before 2.
    None where they are not.
    """
    found = [one for one in map(NUMBERED.fullmatch, names) if one]
    if not names or len(found) < len(names) or len({one[1] for one in found}) > 1:
        return ()
    numbers = [int(one[2]) for one in found]
    first = min(numbers)
    if first > 1 or sorted(numbers) != list(range(first, first + len(numbers))):
        return ()
    return tuple(numbers.index(first + k) for k in range(len(numbers)))


def heads(names: Sequence[str]) -> list[str]:
    """What all names begin with, up to a separator, the longest first: `p_` of `p_cat` and `p_dog`."""
    found = [names[0][: mark.end()] for mark in SEPARATOR.finditer(names[0])] if names else []
    return [head for head in reversed(found) if all(name.startswith(head) for name in names)]
