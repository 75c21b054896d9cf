"""What `check` gives a program."""

from __future__ import annotations

from collections.abc import Sequence

from wce_cli.answers.check import SCHEMA, Checked, Checks, summary
from wce_cli.formats.look import Look


def asked(one: Checked, look: Look) -> Checked:
    """A batch by itself, an entry of `batches`."""
    return one


def together(outcomes: Sequence[Checked]) -> Checks:
    """The summary and every batch."""
    return Checks(SCHEMA, summary(outcomes), tuple(outcomes))
