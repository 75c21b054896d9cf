"""The rows of an answer that are asked for by the names of their methods."""

from __future__ import annotations

from typing import Protocol, TypeVar

from wce_cli.answers.pairs import Paired, row_named
from wce_cli.answers.report import BatchPart
from wce_cli.formats.look import Look

Row = TypeVar("Row", bound=Paired, covariant=True)


class OfMethods(Protocol[Row]):
    """An answer with a row for each method."""

    @property
    def batch(self) -> BatchPart:
        """What it is the answer for."""

    @property
    def methods(self) -> tuple[Row, ...]:
        """The rows of its methods."""


def asked_rows(answer: OfMethods[Row], look: Look) -> list[Row]:
    """The rows of the pairs asked for by name; none where none was, or all are. Raises WceError for a pair that the
    answer has not.
    """
    if look.methods is None or "all" in look.methods:
        return []
    is_soft = answer.batch.labels == "probability"
    return list(dict.fromkeys(row_named(answer.methods, pair, is_soft) for pair in look.methods))
