"""How far a printed number may be from the true one: half a unit of its last digit.

torch prints all numbers of a tensor with the same decimals (4, if not told otherwise), zeros behind included, so each
is off by up to half a unit of its own last digit. numpy prints up to 8 decimals and drops the zeros behind, so that a
short number may be four things that cannot be told apart, u the roundoff of its dtype:

    print of                       shows [0.5 0.1235]        off by up to
    float64                        decimals to the 8th       half a unit of the last decimal of the whole print
    set_printoptions(precision=4)  decimals to the 4th       half a unit of the last decimal of the whole print
    float32, float16               the shortest digits       half a unit of its own last digit, and u·|x|
    a short list                   what was typed            0

A print whose longest number has 4 decimals counts as rounded, and one of 3 where most numbers have them all: the
larger of the first two bounds and the smaller one of the third's then holds whatever it was. A shorter print counts
as exact: `[[0.1 0.9] [0.5 0.5]]` is what was meant, to the 8 digits or so that numpy would have shown more of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from wce_cli.loss.sums import Floats

NUMBER_PARTS = re.compile(r"[+-]?(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?")
ROUNDED, PERHAPS = 4, 3
"""Decimals that speak for a rounded print: these always, and these where MOST_HAVE_ALL of the numbers with decimals
have them all."""
MOST_HAVE_ALL = 0.75
"""One rounded number in ten ends in a 0, which numpy drops."""
SHORTEST_PRINTS = ((4, 2.0**-11), (9, 2.0**-24))
"""Significant digits up to which a print may be the shortest one of a float16 or a float32, and its u. (One float16 in
some hundreds needs a fifth digit, and a float32 never more than nine.)"""
BITS = {"bfloat16": (8, -133), "float16": (11, -24), "float32": (24, -149), "float64": (53, -1074)}
"""Bits of a dtype's significand, and log2 of its smallest number above 0."""
READ_BACK = ("float16", "float32")
"""Dtypes that numbers are rounded to where they are read. bfloat16, which numpy has not, is left as it is printed."""


class Print(Struct, frozen=True):
    """The printed numbers of an array, in their order."""

    half_units: Floats
    rounded: str = ""
    """What they were rounded to: `4 decimals`, `5 significant digits`; empty where they count as exact."""


@np.errstate(all="ignore")  # an exponent beyond all floats: the number is ∞ or 0 then, and exact
def read_print(words: Sequence[str], fixed: bool, dtype: str = "") -> Print:
    """The half-units of printed numbers; an empty word stands for what is no number (nan, a name), and is exact.

    `fixed`: printed as torch does, else as numpy does. `dtype`: that of the numbers, where the print says it.
    """
    found = [part for part in map(NUMBER_PARTS.fullmatch, words) if part]
    decimals = np.array([len(part[2]) for part in found], dtype=np.int64)
    exponent = np.array([int((part[3] or "0")[:6]) for part in found], dtype=np.int64)
    values = np.array([float(word or "nan") for word in words])
    significant = np.array([len((part[1] + part[2]).lstrip("0")) for part in found], dtype=np.int64)
    digits = int(significant.max(initial=0))
    shown = decimals[decimals > 0]
    longest = int(shown.max(initial=0))
    own, common = 0.5 * 10.0 ** (exponent - decimals), 0.5 * 10.0 ** (exponent - longest)
    if fixed and longest > 1 and (shown == longest).all():  # any other was not printed so: 0.1 beside 0.25 was typed
        half = np.where(decimals > 0, own, 0.0)  # 1. is exact: all numbers of the tensor are whole
    elif (
        longest >= ROUNDED or (longest == PERHAPS and (shown == longest).mean() >= MOST_HAVE_ALL) or dtype == "bfloat16"
    ):
        half = np.maximum(common, np.minimum(own, _roundoff(dtype, digits) * np.abs(values)))
    else:
        half = np.zeros(len(words))
    settled = _settled(values, half, dtype)
    if not settled.any():
        return Print(settled)
    aligned = not any(part[3] for part in found) and (decimals[significant == digits] == longest).all()
    return Print(settled, f"{longest} decimals" if aligned else f"{digits} significant digits")


def _roundoff(dtype: str, digits: int) -> float:
    if dtype in BITS:
        return 2.0 ** -BITS[dtype][0]
    return next((u for most, u in SHORTEST_PRINTS if digits <= most), 0.0)


def _settled(values: Floats, half: Floats, dtype: str) -> Floats:
    """The half-units of numbers that are read back as the nearest of their dtype: 0 where no other is so near.

    Below a power of two they are closer than above; but a printed number above one is not as near to those.
    """
    bits, least = BITS[dtype if dtype in READ_BACK else "float64"]
    spacing = np.ldexp(1.0, np.where(values == 0, least, np.maximum(np.frexp(values)[1] - bits, least)))
    moved = np.abs(np.rint(values / spacing) * spacing - values)
    is_only_one = (2 * half < spacing) & (moved <= half * (1 + 1e-9))
    settled: Floats = np.where((half == 0) | is_only_one | ~np.isfinite(values), 0.0, half + moved)
    return settled
