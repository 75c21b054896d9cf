"""A large batch: its classes instead of its samples, and the samples with the largest terms."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wce_cli.answers.report import ClassRow, Report
from wce_cli.formats import cells
from wce_cli.formats.columns import NEVER_DROPPED, Column, share_columns, term_columns
from wce_cli.formats.look import ROWS, Look
from wce_cli.loss.methods import SUM
from wce_cli.loss.sums import exact_sum


def is_large(report: Report, look: Look) -> bool:
    """Whether the classes are shown instead of the samples: more of those than fit, or none at hand, and nobody asked
    for them; or somebody asked for none.
    """
    if look.rows is not None:
        return look.rows == 0 and report.terms_total > 0
    return report.terms_total > (ROWS if report.terms else 0)


def class_columns(report: Report, look: Look) -> list[Column]:
    """Which class carries the loss, and which the denominator: as many rows as fit, the largest parts first.

    Σ w·ℓ is that of sample placement: the class of a sample, its weight, and its whole loss.
    """
    rows, hidden = _fitting(report.classes)
    sums = [_added(f"… {len(hidden)} more", hidden)] if hidden else []
    sums.append(_added("Σ", report.classes))
    shown = [*rows, *sums]

    def numbers(head: str, values: list[float | None], worth: int) -> Column:
        return Column(head, [cells.number(value, look) for value in values], worth)

    names = [cells.class_cell(row.index, row.name, look) for row in rows] + [look.text(row.name or "") for row in sums]
    columns = [
        Column("class", names, NEVER_DROPPED, right=False),
        Column("samples", [str(row.count) for row in shown], 7),
        numbers("Σℓ", [row.loss_sum for row in shown], 4),
        numbers("mean ℓ", [row.mean_loss for row in shown], 5),
        numbers("weight w", [*(row.weight for row in rows), *(None for _ in sums)], 6),
        numbers("Σw·ℓ", [row.weighted_loss_sum for row in shown], NEVER_DROPPED),
        Column("share", [_share(row.numerator_share, look) for row in shown], 8),
        numbers("Σw", [row.weight_sum for row in shown], 3),
        Column("share of Σw", [_share(row.weight_share, look) for row in shown], 8),
    ]
    return [column for column in columns if any(cell.strip("–- ") for cell in column.cells)]


def classes_note(report: Report, look: Look) -> str:
    """What the total of Σw·ℓ is, where class placement has another numerator: that mixes all classes."""
    own, mixed = report.method(f"{SUM}/sample"), report.totals.numerator
    if own is None or not report.classes or not math.isfinite(own.numerator + mixed):
        return ""
    if math.isclose(own.numerator, mixed, rel_tol=1e-12):
        return ""
    return look.text(
        f"Σw·ℓ weighs a loss by the class of its label: {cells.number(own.numerator, look)} (placement sample). Class "
        f"placement weighs every class's part of it: {cells.number(mixed, look)}"
    )


def top_columns(report: Report, look: Look) -> list[Column]:
    """The samples with the largest terms; their shares where terms of one sign have any."""
    shares = [row.share for row in report.top]
    of_sum = share_columns(shares, look) if any(share is not None for share in shares) else []
    columns = term_columns(report, report.top, look)
    return [column for column in columns if any(cell.strip("–- ") for cell in column.cells)] + of_sum


def _fitting(rows: Sequence[ClassRow]) -> tuple[list[ClassRow], list[ClassRow]]:
    """All classes in their own order where they fit; else those with the largest parts, and the rest.

    The line that would stand for a single class has that class instead.
    """
    if len(rows) <= ROWS + 1:
        return list(rows), []
    order = sorted(rows, key=lambda row: (-_size(row), row.index))
    return order[:ROWS], order[ROWS:]


def _size(row: ClassRow) -> float:
    size = abs(row.weighted_loss_sum)
    return math.inf if math.isnan(size) else size


def _added(head: str, rows: Sequence[ClassRow]) -> ClassRow:
    """Several classes taken together."""

    def total(field: str) -> float:
        return exact_sum([float(getattr(row, field)) for row in rows])

    def share(field: str) -> float | None:
        values = [getattr(row, field) for row in rows]
        return None if None in values else math.fsum(values)

    count = sum(row.count for row in rows)
    loss = total("loss_sum")
    return ClassRow(
        index=-1,
        name=head,
        weight=math.nan,
        count=count,
        loss_sum=loss,
        mean_loss=loss / count if count else math.nan,
        weight_sum=total("weight_sum"),
        weighted_loss_sum=total("weighted_loss_sum"),
        numerator_share=share("numerator_share"),
        weight_share=share("weight_share"),
    )


def _share(share: float | None, look: Look) -> str:
    return "" if share is None else cells.share_cell(share, look)
