"""What `check` gives a program."""

from __future__ import annotations

from collections.abc import Sequence

from wce_cli.answers.check import SCHEMA, Checked, Checks, summary


def together(outcomes: Sequence[Checked]) -> Checks:
    """The summary and every batch."""
    return Checks(SCHEMA, summary(outcomes), tuple(outcomes))
