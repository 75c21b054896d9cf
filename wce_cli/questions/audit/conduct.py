"""The rows about conduct: what a function does beside computing, and how it ends its process."""

from __future__ import annotations

from collections.abc import Iterator

from wce_cli.errors import and_more
from wce_cli.questions.audit.answer import Row
from wce_cli.questions.audit.run import Observed
from wce_cli.questions.audit.worker_steps import FIRST, LOADING

WORDS = {"writes": "writes files", "starts": "starts processes", "connects": "opens connections", "removes": "removes files"}


def rows(observed: Observed) -> Iterator[Row]:
    """Deaths first, then what it printed, wrote, started."""
    for death in observed.deaths:
        when = {LOADING: "when it is loaded", FIRST: "at the first call"}.get(death.step, f"at probe {death.step}")
        words = f": {death.last_words}" if death.last_words else ""
        yield Row("conduct", "ends" if "return" not in death.how else "hangs", "wrong", f"{death.how}, {when}{words}")
    if observed.printed:
        yield Row("conduct", "prints", "note", f"{observed.printed} bytes to stdout, first: {observed.print_began}")
    for what, name in WORDS.items():
        details = [one.detail for one in observed.conduct if one.what == what]
        if details:
            yield Row("conduct", name, "note", f"{details[0]}{and_more(len(details) - 1)}")
