"""ndjson: one report a line, each the object that `json` writes, without a blank to spare.

Written by msgspec, several times as fast as the standard library: of a hundred thousand small batches the text is
most of the work. A number has the digits that it has in `json`, though its exponent may look otherwise (1e-7, 1e-07).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from wce_cli.answers.base import to_plain
from wce_cli.answers.report import Report, TermRow
from wce_cli.formats.cells import all_methods
from wce_cli.formats.json import as_asked, as_text, seen
from wce_cli.formats.look import Look

if TYPE_CHECKING:
    from wce_cli.answers.check import Checked

_ENCODER = msgspec.json.Encoder()
_COMMON = bytes(range(0x20, 0x7F))
"""What can be seen of ASCII."""


def to_ndjson(reports: Sequence[Report], look: Look | None = None) -> str:
    """One line a report, also where there is only one."""
    look = look or Look()
    return "\n".join([*(_line(as_asked(report, look), look) for report in reports), ""])


def part(reports: Sequence[Report], look: Look, several: bool) -> str:
    """The lines of some reports of many."""
    return to_ndjson(reports, look)


def begin_rows(report: Report, n: int, look: Look) -> str:
    """The line of a report up to its `n` terms."""
    return _around(report, n, look)[0]


def add_rows(report: Report, rows: Sequence[TermRow], look: Look, several: bool) -> str:
    """Some of its terms."""
    finite = all(_finite_row(row) for row in rows)
    text = _ENCODER.encode(rows if finite else to_plain(rows)).decode()[1:-1]
    text = text if text.isprintable() and "##" not in text else seen(text)
    return text if rows[0].n == 0 else f",{text}"


def end_rows(report: Report, n: int, look: Look) -> str:
    """The line after its terms."""
    return _around(report, n, look)[1]


def _around(report: Report, n: int, look: Look) -> tuple[str, str]:
    """A line without its terms, cut where they stand. A quote within a string is escaped, so the cut is the key's."""
    bare = structs.replace(report, terms=(), terms_shown=n, methods=all_methods(report, look))
    before, key, after = _line(bare, look).partition('"terms":[')
    return before + key, f"{after}\n"


def _line(report: Report, look: Look) -> str:
    return one_line(report, look, _is_finite(report))


def one_line(answer: Report | Checked, look: Look, is_finite: bool) -> str:
    """An answer on one line. `is_finite`: whether no number of it is NaN or ±∞, which msgspec would write as null."""
    if look.ascii:
        return as_text(answer.to_dict(), look)
    try:
        text = _ENCODER.encode(answer if is_finite else to_plain(answer))
    except UnicodeEncodeError:  # half a surrogate pair, which JSON spells out
        return as_text(answer.to_dict(), look)
    rare = text.translate(None, _COMMON).decode()  # a few letters, of a line that has thousands
    return text.decode() if rare.isprintable() and b"##" not in text else seen(text.decode())


def _is_finite(report: Report) -> bool:
    """Whether no number is NaN or ±∞, which msgspec would write as null: then their sum is none of these.

    What is said to be finite is. A sum beyond float64 says of finite numbers that they are not, which costs time.
    """
    rows = {id(row): row for row in (*report.terms, *report.top)}.values()
    if not all(map(_finite_row, rows)):
        return False
    total = sum(report.batch.weight or ())
    for method in report.methods:
        total += method.numerator + method.denominator + method.value
    for one in report.classes:
        total += one.weight + one.loss_sum + one.mean_loss + one.weight_sum + one.weighted_loss_sum
    measured = [one.value for one in report.measurements if one.value is not None]
    return math.isfinite(total + sum(measured))


def _finite_row(row: TermRow) -> bool:
    if row.placements or type(row.label) is tuple:
        return False  # rarer, and looked at with more care
    numbers = (
        *(row.target_logit, row.target_prob, row.target_log_prob, row.logsumexp, row.loss, row.weight, row.term),
        row.share,
    )
    return math.isfinite(sum(filter(None, numbers)))
