"""What of a split is asked for: the rows of some methods, and as many parts as are to be listed."""

from __future__ import annotations

from msgspec import structs

from wce_cli.answers.split import Split, SplitMethod
from wce_cli.formats.asked_rows import asked_rows
from wce_cli.formats.look import ROWS, Look
from wce_cli.formats.split.listed import listed_parts
from wce_cli.loss.methods import torchs_mean

LISTED = 10_000
"""Parts up to which all are listed for a program."""


def asked(answer: Split, look: Look) -> Split:
    """What a program is given: the pairs asked for, or all; single parts of up to 10 000, or as many as are asked
    for."""
    named, k = asked_rows(answer, look), len(answer.parts)
    rows = named or list(answer.methods)
    most = look.rows if look.rows is not None else k if k <= LISTED else ROWS
    if most >= k:
        return structs.replace(answer, methods=tuple(rows))
    listed = listed_parts(answer, (named or [first_row(answer)])[0], most)
    lists = ("numerators", "denominators", "values", "gradients")
    cut = [{name: tuple(getattr(row, name)[part] for part in listed) for name in lists} for row in rows]
    rows = [structs.replace(row, **shown) for row, shown in zip(rows, cut, strict=True)]
    return structs.replace(answer, methods=tuple(rows), parts=tuple(answer.parts[part] for part in listed))


def first_row(answer: Split) -> SplitMethod:
    """The method that the parts are shown by: that of the criterion, else PyTorch's own mean."""
    own = None if answer.criterion is None or answer.criterion.pair is None else answer.method(answer.criterion.pair)
    row = own or answer.method(torchs_mean(answer.batch.labels == "probability"))
    assert row is not None
    return row
