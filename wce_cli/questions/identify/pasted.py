"""A number as it is pasted, with the digits that stand there: `tensor(0.9801, grad_fn=…)`, `loss: 0.69`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from wce_cli.digits import UNITS, dtype_of
from wce_cli.errors import Problem, WceError, as_written
from wce_cli.inputs.diagnosis import number_hint
from wce_cli.inputs.inline import read_inline
from wce_cli.inputs.numbers import WORD
from wce_cli.inputs.pasted_noise import plain
from wce_cli.inputs.repr_reader import ARRAYS
from wce_cli.inputs.repr_words import CASTS, WRITTEN
from wce_cli.questions.identify.number import PrintedNumber, held_to, printed_number

CALL = re.compile(r"(?:[\w.]*\.)?(\w+)\(.*\)", re.DOTALL)
FRAME = re.compile(r"<tf\.[^<>]*\b(?:numpy|value)=(?P<value>.*)>|\[.*\]", re.DOTALL)
NAMED_NUMBER = re.compile(r"[^\[\](){}<>:=]*[A-Za-z_][^\[\](){}<>:=]*[:=]\s*(.+)", re.DOTALL)
"""`loss: 0.69`, `Epoch 3 val_loss=0.69`"""
A_NUMBER = "0.6923"
HINT = f'identify("{A_NUMBER}", logits=…, labels=…): the number as it was printed, the batch as arrays'
ALMOST = re.compile(
    r"""(?:[A-Za-z][A-Za-z_ ]*[ ]|\{['"]\w+['"]:)?[^\w.+-]*(?:(?:tensor|array)\()?
    (?P<number>[-+−]?(?:\d{1,3}(?:,\d{3})+\.\d+|\d+[.,]?\d*|\.\d+)(?:e[-+]?\d+)?)
    (?:(?P<percent>[ ]?%)|[ ]?(?:±|\+/-|\+-)[ ]?(?P<tolerance>\d*\.?\d+)|f\d?)?
    (?:[ ]?\(?[A-Za-z][A-Za-z/ ]*\)?)?[\s.,;:!?)\]}'"|*_…]*""",
    re.IGNORECASE | re.VERBOSE,
)
"""`~0.38`, `38%`, `0.38±0.01`, `0.69 nats`, `0.69,`, `loss 0.69`, `{'loss': tensor(0.69)}`"""
A_LOSS = re.compile(
    r"""loss[\w/]*['"]?\s*[:=|]?\s*(?:\w+\()?['"]?([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?![\w.])""", re.IGNORECASE
)
"""`{'loss': 0.69, 'lr': 1e-3}`, `step 10 | loss 0.69`, `loss=0.69]`"""
A_FILE = re.compile(r".*\.[A-Za-z]\w*")
COMMA = re.compile(r"[-+]?\d*,\d+")
DTYPE = re.compile(r"\b\w+")
BFLOAT16_PRINT = 1e-2
"""How far the number may be from what stands there: bfloat16 has not the digits of its print."""


def numbers_in(text: str, tolerance: float | None = None) -> list[PrintedNumber] | None:
    """The numbers that a text is, as they stand there: several are parted by spaces. None where it is none.

    Raises WceError for a number that can be read in two ways, and for a print of several.
    """
    text = plain(text)
    words = text.split()
    if words and all(WORD.fullmatch(word) for word in words):
        return [printed_number(word, tolerance) for word in words]
    if words and all(WORD.fullmatch(word) or COMMA.fullmatch(word) for word in words):
        comma = next(word for word in words if COMMA.fullmatch(word))
        raise WceError(
            Problem(f"{comma} is not a number: it has a comma", f"write {comma.replace(',', '.')}, with a point")
        )
    named = NAMED_NUMBER.fullmatch(text)
    if named:
        first, *more = (word.rstrip(",;|") for word in named[1].split())
        if more and WORD.fullmatch(first) and NAMED_NUMBER.fullmatch(named[1]):  # loss: 0.5 acc: 0.9
            raise WceError(Problem(f"{as_written(text)} holds several numbers", f"give one of them: {first}"))
        return numbers_in(named[1], tolerance)
    call, frame = CALL.fullmatch(text), FRAME.fullmatch(text)
    if (call is None or call[1] not in ARRAYS | CASTS | WRITTEN) and frame is None:
        return None
    try:
        found = np.asarray(read_inline("the number", text).value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    except WceError:
        if text.startswith("["):  # a pattern of file names
            return None
        raise
    if found.size != 1:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise WceError(
            Problem(f"{shown} holds {found.size} numbers, expected one", "--loss-values LIST takes them all")
        )
    one = printed_number(_digits(frame["value"] if frame and frame["value"] else text, found.item()), tolerance)
    dtype = next((word for word in DTYPE.findall(text) if word in UNITS), "")
    return [held_to(one, dtype)]


def almost(word: str) -> str:
    """How a word that is almost a number is written as one; empty for any other, and for the name of a file."""
    word = plain(word)
    found = ALMOST.fullmatch(word)
    if found is None or A_FILE.fullmatch(word):
        return number_hint(word) if word[:1] in "+-.0123456789" else ""
    point = found["number"].rpartition(".") if "." in found["number"] else found["number"].rpartition(",")
    text = f"{point[0].replace(',', '')}{'.' if point[1] and point[2] else ''}{point[2]}"
    number = repr(float(text) / 100) if found["percent"] else text
    return f"write {number}" + (f" --tolerance {found['tolerance']}" if found["tolerance"] else "")


def loss_in(text: str) -> str:
    """The first number that is called a loss in a line of a log; empty where none is."""
    found = A_LOSS.search(plain(text))
    return found[1] if found else ""


def read_numbers(values: Any, tolerance: float | None = None) -> tuple[PrintedNumber, ...]:
    """Every number of what Python has: numbers, texts and scalars of any framework, in lists and arrays of any shape.

    Raises WceError for anything else.
    """
    bare = values.detach() if hasattr(values, "detach") else values
    if getattr(bare, "ndim", None) and hasattr(bare, "tolist"):
        return tuple(held_to(one, dtype_of(bare)) for one in read_numbers(bare.tolist(), tolerance))
    if isinstance(values, (list, tuple)):
        return tuple(one for value in values for one in read_numbers(value, tolerance))
    if isinstance(values, str):
        found = numbers_in(values, tolerance)
        if found is None:
            raise WceError(Problem(f"{as_written(values)} is not a number", almost(values) or _hint(values)))
        return tuple(found)
    try:
        if isinstance(values, (bool, np.bool_)):
            raise TypeError
        number = float(bare.item() if hasattr(bare, "item") else bare)
    except (TypeError, ValueError, RuntimeError):  # each framework has its own exception
        raise WceError(Problem(f"{as_written(values)} is not a number", HINT)) from None
    one = printed_number(number, tolerance)
    return (held_to(one, dtype_of(bare)),)


def _hint(text: str) -> str:
    return HINT.replace(A_NUMBER, loss_in(text) or A_NUMBER)


def _digits(text: str, number: float) -> str:
    """The number as it stands in its print, which holds other digits too: those of a dtype or a device.

    `1.` is how torch and numpy print a whole number that others would be told from by more decimals.
    """
    for word in WORD.findall(text):
        if np.isclose(float(word), number, rtol=BFLOAT16_PRINT, atol=0, equal_nan=True):
            return f"{word}0000" if word.endswith(".") else str(word)
    return repr(number)
