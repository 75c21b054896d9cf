"""What the process of its own tells the one that started it: one JSON object a line, each as soon as it is known."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from wce_cli.digits import format_number
from wce_cli.questions.audit.child.carried import Carried
from wce_cli.questions.audit.probes import Offers

SAID = 70
"""Characters of an error that are quoted."""


class Request(Struct, frozen=True):
    """What a worker is asked."""

    target: str
    arrays: str | None
    template: str | None
    constants: dict[str, object]
    seed: int
    memory: int | None
    """Bytes it may ask for beyond those that are taken when the framework is loaded."""
    path: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    """Steps that an earlier worker has done, or died of."""
    offers: Offers | None = None
    """What an earlier worker found out that the function takes."""


class Refused(Struct, frozen=True, tag="refused"):
    """It cannot be audited: the problem and the hint of a WceError."""

    message: str
    hint: str


class Loaded(Struct, frozen=True, tag="loaded"):
    """The function is there, and this is how it will be called."""

    file: str | None
    line: int | None
    call: str
    arrays: str
    guessed: str


class Imported(Struct, frozen=True, tag="imported"):
    """The files of the modules that it has imported by now, its own among them, but for what is installed."""

    files: tuple[str, ...]


class Ready(Struct, frozen=True, tag="ready"):
    """It has answered once, and this is what it can be asked."""

    offers: Offers
    carried: Carried = Carried()


class Began(Struct, frozen=True, tag="began"):
    """A step begins: what comes next, if nothing does, is its fault."""

    name: str


class Answered(Struct, frozen=True, tag="answered"):
    """What one call gave."""

    name: str
    values: tuple[float, ...] | None
    """None: it raised, or returned no number."""
    shape: tuple[int, ...] = ()
    dtype: str = ""
    error: str = ""
    """The name of what it raised."""
    message: str = ""
    changed: tuple[str, ...] = ()
    """Inputs that it changed."""
    again: tuple[tuple[float, ...], ...] = ()
    """What the same batch gave once more: with the same random numbers, then with the next ones."""
    gradient: tuple[float, ...] | None = None
    no_gradient: str = ""
    """Why there is none."""
    narrowed: str = ""
    """What it raised in float64, where this is its answer in float32."""
    taken_of: str = ""
    """Where it returned several things: what this was taken of, `the first of a tuple of 2`."""


class Found(Struct, frozen=True, tag="found"):
    """What a search found."""

    name: str
    limit: float | None
    """The largest size at which the answer is a number; None: all that were tried."""
    beyond: str
    """What it is above that: `inf`, `nan`, `0`, or an error."""
    given: tuple[tuple[float, float], ...] = ()
    """Sizes at which it is a number, and that number: close together where it leaves what it began as."""
    copies: int = 1
    """How often the sample was in the batch."""


class Conduct(Struct, frozen=True, tag="conduct"):
    """Something it did beside computing: `writes` a file, `starts` a process, `connects`."""

    what: str
    detail: str


class Busy(Struct, frozen=True, tag="busy"):
    """It imports or compiles, which takes its time and ends."""


class Finished(Struct, frozen=True, tag="finished"):
    """All steps are done."""


Record = Refused | Loaded | Imported | Ready | Began | Answered | Found | Conduct | Busy | Finished


def encode(record: Record) -> bytes:
    """One line."""
    plain = msgspec.to_builtins(record)
    for key in ("values", "gradient"):
        if plain.get(key) is not None:
            plain[key] = _spelled(plain[key])
    if plain.get("again"):
        plain["again"] = [_spelled(numbers) for numbers in plain["again"]]
    return msgspec.json.encode(plain) + b"\n"


def _spelled(numbers: Sequence[float]) -> list[float | str]:
    """Numbers as JSON has them; what it has no number for by its name."""
    return [number if abs(number) < float("inf") else repr(number) for number in numbers]


def decode(line: bytes) -> Record:
    """The record of a line."""
    record: Record = msgspec.convert(msgspec.json.decode(line), Record, strict=False)
    return record


def said(answer: Answered) -> str:
    """An answer in a few words."""
    if answer.values is None:
        message = answer.message if len(answer.message) <= SAID else answer.message[: SAID - 1] + "…"
        return f"{answer.error}: {message}" if message else answer.error
    if len(answer.values) == 1:
        return format_number(answer.values[0])
    return f"an array of shape {tuple(answer.shape)}"
