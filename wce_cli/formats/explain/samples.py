"""The samples of a batch whose rows are several: which sequence, or image, carries the loss."""

from __future__ import annotations

from wce_cli.answers.by_sample import BySample
from wce_cli.answers.report import MethodRow, Report
from wce_cli.formats import cells
from wce_cli.formats.columns import NEVER_DROPPED, Column, share_columns
from wce_cli.formats.explain.large_batch import is_large
from wce_cli.formats.look import ROWS, Look


def are_shown(report: Report, look: Look) -> bool:
    """Whether there is a table of them: in a large batch of several, and wherever somebody asks for it."""
    found = report.by_sample
    return found is not None and (look.by_sample or (found.total > 1 and is_large(report, look)))


def asked_samples(found: BySample, look: Look, most: int) -> BySample:
    """As many of them as are asked for, or up to `most`; the line that would stand for a single one has that one."""
    if look.samples is not None:
        return found.largest(look.samples)
    return found if found.total <= most + 1 else found.largest(most)


def samples_title(report: Report, look: Look) -> str:
    """`weighted-mean of each of 8 items of 32 samples, D = Σ w[y]`"""
    word = cells.item_word(report.batch)
    found, whole = _found(report)
    shown = len(asked_samples(found, look, ROWS).rows)
    largest = f", the {shown} with the largest Σt" if 0 < shown < found.total else ""
    each = f"each of {found.total} {word}s" if found.total > 1 else f"the {word}"
    return look.text(f"{found.method} of {each} of {found.n} samples, D = {whole.formula}{largest}")


def samples_columns(report: Report, look: Look) -> list[Column]:
    """Each sample with its kept rows, its sum and what that is divided by, the others together, and the whole batch."""
    found, whole = _found(report)
    found = asked_samples(found, look, ROWS)
    more = [] if found.rest is None else [found.rest]
    shown = [*found.rows, *more]
    heads = [str(row.sample) for row in found.rows] + [f"… {found.total - len(found.rows)} more" for _ in more]
    rows = [(row.n_kept, row.numerator, row.denominator, row.value) for row in shown]
    rows.append((report.totals.n_kept, whole.numerator, whole.denominator, whole.value))
    kept, numerators, denominators, values = zip(*rows, strict=True)
    columns = [
        Column(cells.item_word(report.batch), [look.text(head) for head in (*heads, "Σ")], NEVER_DROPPED, right=False),
        Column("kept", [str(count) for count in kept], 6),
        Column("Σt", [cells.number(value, look) for value in numerators], NEVER_DROPPED),
        Column("÷ D", [cells.number(value, look) for value in denominators], 8),
        Column("= loss", [cells.number(value, look) for value in values], NEVER_DROPPED, style="bold"),
    ]
    shares = [row.share for row in shown]
    if all(share is None for share in shares):
        return columns
    return columns + share_columns([*shares, None], look)


def _found(report: Report) -> tuple[BySample, MethodRow]:
    """The samples, and the whole batch by their method: `--method` takes no row out of a report that is shown."""
    assert report.by_sample is not None
    whole = report.method(report.by_sample.method)
    assert whole is not None
    return report.by_sample, whole
