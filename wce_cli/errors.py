"""What `wce` says when it cannot answer.

Deep code raises `WceError` with what it knows; `main()` alone turns it into lines on stderr and exit code 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, structs

MOST = 10
"""Problems that are told one by one; of more the count is."""
MOST_CONTEXT = 3 * MOST
"""Lines of shapes and sources below them."""
MOST_KNOWN = 1000
"""Words among which a close one is looked for: that takes some microseconds each."""
SLIPS = 7
"""Letters of a word for each slip in it."""
SHORT = 4
"""Letters of words of which one other letter makes another word: a slip in them is two that changed places, one more at
the end, or one left out of a longer word."""


class Problem(Struct, frozen=True):
    """One thing that stands in the way of an answer."""

    message: str
    """What is wrong, what was expected, where: `labels[1] is 5, but logits has 3 classes (0..2)`."""
    hint: str = ""
    """What to do about it, in the flags in use."""
    field: str = ""
    """The field it is about (`labels`), so that the reader of a document can name its place in the file."""


class WceError(Exception):
    """We cannot answer. Carries every problem found, and the shapes and sources that put them in context."""

    def __init__(self, problems: Problem | Iterable[Problem], context: Iterable[str] = ()) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.context = tuple(context)
        super().__init__("; ".join(problem.message for problem in self.told()))

    def told(self) -> tuple[Problem, ...]:
        """The problems in few lines: the first of them, the last of these with the number of all others."""
        first, more = [], len(self.problems) - MOST
        for problem in self.problems[:MOST]:
            first.append(structs.replace(problem, message=at_most(problem.message)))
        if more > 0:
            count = counted(more, "more problem", "more problems")
            first[-1] = structs.replace(first[-1], message=f"{first[-1].message} (and {count})")
        return tuple(first)

    def __str__(self) -> str:
        """What Python prints behind `WceError: `: the problems, then the context and the hints, a line each."""
        return "\n".join(["; ".join(problem.message for problem in self.told()), *self._below()])

    def lines(self) -> list[str]:
        """The error as it is printed: problems, context, hints (each hint once)."""
        return [*(f"error: {problem.message}" for problem in self.told()), *self._below()]

    def _below(self) -> list[str]:
        hints = dict.fromkeys(problem.hint for problem in self.told() if problem.hint)
        context = (f"  {at_most(line)}" for line in self.context[:MOST_CONTEXT])
        return [*context, *(f"hint: {at_most(hint)}" for hint in hints)]


def at_most(line: str, length: int = 500) -> str:
    """A line without its middle where a whole paste is quoted in it."""
    return line if len(line) <= length else f"{line[: length - 60]} … {line[-50:]}"


def did_you_mean(word: str, known: Iterable[str], listed: int = 24) -> str:
    """A hint that names the known words of which one is a slip of the keyboard, else all of them, up to `listed`."""
    known = list(known)
    few = len(known) <= MOST_KNOWN and len(word) <= MOST_KNOWN
    close = near(word, known) if few else _begun(word, known)
    if close:
        return f"did you mean {' or '.join(map(repr, close[:3]))}?"
    return f"known: {', '.join(known)}" if len(known) <= listed else ""


def near(word: str, known: Iterable[str], letters: int = SLIPS) -> list[str]:
    """The known words that were meant, or none: a word that is merely alike means something else.

    In other letters (JSON), without its end (`--logit`), or one slip for every so many letters away.
    """
    known = list(known)
    if begun := _begun(word, known):
        return begun
    most = max(1, len(word) // letters)
    slips = {one: _slips(_letters(word), _letters(one), most) for one in known if one}
    fewest = min(slips.values(), default=most + 1)
    return [one for one, count in slips.items() if count == fewest <= most]


def _begun(word: str, known: list[str]) -> list[str]:
    """The known words with the letters of `word`, else those that begin with them: as fast among many as among few."""
    letters = _letters(word)
    spelled = [(one, _letters(one)) for one in known if one]
    cased = [one for one, found in spelled if found == letters]
    return cased or [one for one, found in spelled if len(letters) >= 4 and found.startswith(letters)]


def _letters(word: str) -> str:
    return word.lower().replace("_", "-")


def _slips(word: str, known: str, most: int) -> int:
    """Letters that were left out, put in, replaced or swapped with the next one, if they are at most `most`."""
    if abs(len(word) - len(known)) > most:
        return most + 1
    if min(len(word), len(known)) <= SHORT:
        swapped = len(word) == len(known) and sorted(word) == sorted(known)
        longer = len(known) > 2 and word[:-1] == known
        shorter = len(word) == SHORT == len(known) - 1
        if not (swapped or longer or shorter):
            return most + 1
    before, last = [0] * (len(known) + 1), list(range(len(known) + 1))
    for i, letter in enumerate(word, 1):
        now = [i]
        for j, other in enumerate(known, 1):
            count = min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == known[j - 2] and word[i - 2] == other:
                count = min(count, before[j - 2] + 1)
            now.append(count)
        before, last = last, now
    return last[-1]


def as_written(value: Any) -> str:
    """A value in JSON's words, shortened where it is long: `true`, `null`, `"cat"`, `[1, 2]`."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # a Python object that no JSON has
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def counted(n: int, one: str, many: str) -> str:
    """`1 label`, `2 labels`."""
    return f"{n} {one if n == 1 else many}"


def and_more(n: int) -> str:
    """` (and 41 more)`, or nothing: said after the first of many."""
    return f" (and {n} more)" if n > 0 else ""
