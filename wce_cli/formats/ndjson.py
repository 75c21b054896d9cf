"""ndjson: one answer a line, each the object that `json` writes, without a blank to spare.

Written by msgspec, several times as fast as the standard library: of a hundred thousand small batches the text is
most of the work. A number has the digits that it has in `json`, though its exponent may look otherwise (1e-7, 1e-07).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from wce_cli.digits import to_plain
from wce_cli.formats import asked_of, given
from wce_cli.formats.json import as_text, seen
from wce_cli.formats.look import Look

_ENCODER = msgspec.json.Encoder()
_COMMON = bytes(range(0x20, 0x7F))
"""What can be seen of ASCII."""


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """One line an answer, also where there is only one."""
    return part(question, answers, look, len(answers) > 1)


def part(question: str, answers: Sequence[Any], look: Look, several: bool) -> str:
    """The lines of some answers of many; of one that holds some of its samples, what those add to its line."""
    own, asked = given(question, "lines"), asked_of(question)
    is_slice = getattr(own, "is_slice", lambda answer: False)
    texts = []
    for answer in answers:
        if is_slice(answer):
            texts.append(_slice(own, answer, look))
        else:
            whole = asked(answer, look)
            texts.append(f"{_line(whole, look, own.is_finite(whole))}\n")
    return "".join(texts)


def _slice(own: Any, answer: Any, look: Look) -> str:
    """Some items of its list, behind the line up to them if they are the first, before what follows if the last.

    A quote within a string is escaped, so the line is cut at the key.
    """
    rows = getattr(answer, own.SLICED)
    text = _ENCODER.encode(rows if own.are_finite(rows) else to_plain(rows)).decode()[1:-1]
    text = text if text.isprintable() and "##" not in text else seen(text)
    bare, is_first, is_last = own.around(answer, look)
    if not is_first and not is_last:
        return f",{text}"
    before, key, after = _line(bare, look, own.is_finite(bare)).partition(f'"{own.SLICED}":[')
    return (f"{before}{key}" if is_first else ",") + text + (f"{after}\n" if is_last else "")


def _line(answer: Any, look: Look, is_finite: bool) -> str:
    """An answer on one line. `is_finite`: whether no number of it is NaN or ±∞, which msgspec would write as null."""
    if look.ascii:
        return as_text(answer, look)
    try:
        text = _ENCODER.encode(answer if is_finite else to_plain(answer))
    except UnicodeEncodeError:  # half a surrogate pair, which JSON spells out
        return as_text(answer, look)
    rare = text.translate(None, _COMMON).decode()  # a few letters, of a line that has thousands
    return text.decode() if rare.isprintable() and b"##" not in text else seen(text.decode())
