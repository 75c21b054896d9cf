"""A list of numbers that keeps their digits: `5.6390` says more than 5.639."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.batch_files import array_of
from wce_cli.inputs.inline import read_inline
from wce_cli.inputs.reference import read_reference, reference_in

WORD = re.compile(r"[-+\u2212]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|nan|inf(?:inity)?)", re.IGNORECASE)


class Numbers(NamedTuple):
    """A list of numbers, and what they are no better than."""

    values: list[str | float]
    dtype: str = ""
    """That of the array file they stood in; empty where they were written as digits."""


def read_numbers(option: str, text: str) -> Numbers:
    """Every number of a typed, pasted or stored list of any shape, row by row, as text where it was typed.

    Raises WceError if it cannot be read, or holds anything but numbers.
    """
    reference = reference_in(text)
    dtype = ""
    if reference is None:
        value = read_inline(option, text).value
    else:
        found = read_reference("logits", reference)
        value, text, dtype = array_of(found.value), found.text, str(getattr(found.value, "dtype", ""))
    try:
        numbers = np.asarray(value, dtype=np.float64).ravel().tolist()
    except (TypeError, ValueError):
        raise WceError(Problem(f"{option} is not a list of numbers, or its rows differ in length")) from None
    return Numbers(_as_typed(numbers, text) if text else list(numbers), dtype)


def _as_typed(numbers: list[float], text: str) -> list[str | float]:
    """Each number as it stands in the text, which holds other digits too: those of a dtype or a device."""
    words = iter(WORD.findall(text))
    found: list[str | float] = []
    for number in numbers:
        for word in words:
            if np.isclose(float(word.replace("\N{MINUS SIGN}", "-")), number, rtol=1e-7, atol=0, equal_nan=True):
                found.append(word)
                break
        else:
            return list(numbers)
    return found
