"""The table on a terminal while frameworks are measured: it fills as they end, and leaves no trace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from wce_cli.cli.answers import Answer
from wce_cli.engines import AUTO, AUTO_ENGINE
from wce_cli.formats import FORMATS
from wce_cli.report import Report


@contextmanager
def live_table(answers: Sequence[Answer], engines: Sequence[str]) -> Iterator[Callable[[Report], None] | None]:
    """What to show a report to that is not complete; None where nobody watches, or nothing takes its time."""
    main = answers[0]
    watched = main.format is FORMATS["table"] and main.file is None and sys.stdout is not None and sys.stdout.isatty()
    if not watched or all(name in (AUTO, AUTO_ENGINE) for name in engines):
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from wce_cli.formats.table import to_table

    with Live(console=Console(), transient=True, auto_refresh=False, vertical_overflow="ellipsis") as live:
        yield lambda report: live.update(Text.from_ansi(to_table([report], main.look)), refresh=True)
