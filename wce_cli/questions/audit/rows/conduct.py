"""The rows about conduct: what a function does beside computing, and how it ends its process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wce_cli.answers.audit import Row
from wce_cli.errors import and_more, counted
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.steps import FIRST, LOADING

RAISED = {
    "SystemExit": ("exits", "raises SystemExit: "),
    "KeyboardInterrupt": ("exits", "raises KeyboardInterrupt "),
    "MemoryError": ("eats memory", ""),
}
"""By error of `ENDS`: the name of its row, and what is said before its message."""
WORDS = {
    "writes": "writes files",
    "starts": "starts processes",
    "connects": "opens connections",
    "removes": "removes files",
}


def rows(observed: Observed, shown: Iterable[str] = ()) -> Iterator[Row]:
    """Deaths first, but for those `shown` elsewhere, then what it printed, wrote, started."""
    for death in observed.deaths:
        if death.step in shown:
            continue
        when = {LOADING: "when it is loaded", FIRST: "at the first call"}.get(death.step, f"at the step {death.step}")
        words = f": {death.last_words}" if death.last_words else ""
        yield Row("conduct", "hangs" if death.is_hanging else "ends", "wrong", f"{death.how}, {when}{words}")
    first = observed.first
    if first is not None and first.error in RAISED:
        name, raised = RAISED[first.error]
        yield Row("conduct", name, "wrong", f"{raised}{first.message}, at the first call")
    if observed.ready is not None and not observed.is_finished:
        text = f"after {counted(len(observed.deaths), 'such batch', 'such batches')}: the others were not tried"
        yield Row("conduct", "given up", "wrong", text)
    if observed.printed:
        yield Row("conduct", "prints", "note", f"{observed.printed} bytes to stdout, first: {observed.print_began}")
    for what, name in WORDS.items():
        details = [one.detail for one in observed.conduct if one.what == what]
        if details:
            yield Row("conduct", name, "note", f"{details[0]}{and_more(len(details) - 1)}")
