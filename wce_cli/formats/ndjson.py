"""ndjson: one report a line, each the object that `json` writes, without a blank to spare.

Written by msgspec, several times as fast as the standard library: of a hundred thousand small batches the text is
most of the work. A number has the digits that it has in `json`, though its exponent may look otherwise (1e-7, 1e-07).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from wce_cli.formats.json import as_asked, as_text, seen
from wce_cli.formats.look import Look
from wce_cli.report import Report, to_plain

_ENCODER = msgspec.json.Encoder()


def to_ndjson(reports: Sequence[Report], look: Look | None = None) -> str:
    """One line a report, also where there is only one."""
    look = look or Look()
    return "".join(f"{_line(as_asked(report, look), look)}\n" for report in reports)


def part(reports: Sequence[Report], look: Look, several: bool) -> str:
    """The lines of some reports of many."""
    return to_ndjson(reports, look)


def _line(report: Report, look: Look) -> str:
    if look.ascii:
        return as_text(report.to_dict(), look)
    try:
        text = _ENCODER.encode(report if _is_finite(report) else to_plain(report)).decode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON spells out
        return as_text(report.to_dict(), look)
    return text if text.isprintable() else seen(text)


def _is_finite(report: Report) -> bool:
    """Whether no number is NaN or ±∞, which msgspec would write as null. (x − x is 0 of finite numbers alone.)"""
    zero = 0.0
    for method in report.methods:
        n, d, value = method.numerator, method.denominator, method.value
        zero += (n - n) + (d - d) + (value - value)
    for row in (*report.terms, *report.top):
        for number in (
            *(row.target_logit, row.target_prob, row.target_log_prob, row.logsumexp, row.loss, row.weight, row.term),
            row.share,
        ):
            if number is not None:
                zero += number - number
        if row.placements or type(row.label) is tuple:
            return False
    for one in report.classes:
        for number in (one.weight, one.loss_sum, one.mean_loss, one.weight_sum, one.weighted_loss_sum):
            zero += number - number
    weights = report.batch.weight or ()
    measured = [one.value for one in report.measurements if one.value is not None]
    return zero == 0.0 and all(map(math.isfinite, weights)) and all(map(math.isfinite, measured))
