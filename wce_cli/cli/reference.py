"""Pages to read about methods, placements and findings: the texts that stand beside the data, on a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from wce_cli.formats.columns import NEVER_DROPPED, Column
from wce_cli.formats.look import Look
from wce_cli.formats.screen import Screen

if TYPE_CHECKING:
    from wce_cli.engines.examples import MeasuredRow
    from wce_cli.findings.page import Page
    from wce_cli.loss.methods import Method
    from wce_cli.loss.placements import Placement


def methods_page(methods: Iterable[Method], placements: Iterable[Placement], look: Look) -> str:
    """All methods and placements, a line each."""
    screen = Screen(look)
    screen.prose("L = Σ tₙ / D: a placement says what a term tₙ is, a method what D is. All losses are in nats.")
    screen.line()
    _list(screen, [("method", "D", "what it does"), *((m.name, m.formula, m.summary) for m in methods)])
    screen.line()
    _list(screen, [("placement", "tₙ", "what it does"), *((p.name, p.term, p.summary) for p in placements)])
    screen.line()
    screen.prose("METHOD alone means METHOD/class. With plain index labels the three placements are the same.")
    screen.prose("wce methods NAME says who uses it.")
    return str(screen)


def method_page(method: Method, placements: Mapping[str, Placement], look: Look) -> str:
    """One method: its formula by placement, and who uses it on which evidence."""
    screen = Screen(look)
    _title(screen, method.name, method.summary)
    screen.prose(f"L = Σ tₙ / D,  D = {method.formula}")
    screen.line()
    terms = [placements[name] for name in method.placements]
    _list(
        screen,
        [
            ("placement", "tₙ", "wₙ"),
            *((p.name, p.term, p.weight) if method.is_weighted else (p.name, "ℓₙ", "1") for p in terms),
        ],
    )
    _section(screen, "used by", method.used_by)
    _section(screen, "source", (method.source,))
    return str(screen)


def measured_page(rows: Sequence[MeasuredRow], batches: Mapping[str, str], days: Sequence[str], look: Look) -> str:
    """Calls that were measured: a line each, and below them the batches they were asked for."""
    screen = Screen(look)
    screen.prose(f"{' and '.join(days)}; python -m wce_cli.questions.methods measures again", "measured: ", "bold")
    columns = [
        Column("framework", [row.framework for row in rows], NEVER_DROPPED, right=False),
        Column("batch", [row.batch for row in rows], NEVER_DROPPED, right=False),
        Column("returned", [row.returned for row in rows], NEVER_DROPPED),
        Column("call", [row.call for row in rows], NEVER_DROPPED, right=False),
    ]
    if screen.fits(columns):
        screen.columns(columns)
    else:
        for row in rows:
            screen.prose(f"{row.framework}, batch {row.batch}: {row.returned}", indent=2)
            screen.prose(row.call, indent=6, hanging=2)
    screen.line()
    for name, text in batches.items():
        screen.prose(f"{name}: {text}", hanging=2)
    return str(screen)


def placement_page(placement: Placement, look: Look) -> str:
    """One placement: a sample's term and weight."""
    screen = Screen(look)
    _title(screen, placement.name, placement.summary)
    screen.prose(f"tₙ = {placement.term}")
    screen.prose(f"wₙ = {placement.weight}")
    _section(screen, "used by", (placement.used_by,))
    return str(screen)


def findings_page(pages: Sequence[Page], look: Look) -> str:
    """All findings, a line each."""
    screen = Screen(look)
    _list(screen, [("code", "severity", "what it says"), *((page.code, page.severity, page.summary) for page in pages)])
    return str(screen)


def finding_page(page: Page, look: Look) -> str:
    """One finding under fixed heads."""
    screen = Screen(look)
    _title(screen, page.code, page.summary)
    screen.prose(f"severity: {page.severity}")
    _section(screen, "what it means", (page.meaning,))
    _section(screen, "why it matters", (page.why,))
    screen.line()
    screen.line("example", "bold")
    screen.line(f"  {page.example}")  # as it is typed: a line that is broken is another command
    _section(screen, "what to do", (page.remedy,))
    _section(screen, "references", page.references)
    return str(screen)


def _title(screen: Screen, name: str, summary: str) -> None:
    screen.prose(summary, f"{name}: ", "bold")
    screen.line()


def _section(screen: Screen, head: str, paragraphs: Sequence[str]) -> None:
    screen.line()
    screen.line(head, "bold")
    for paragraph in paragraphs:
        screen.prose(paragraph, indent=2)


def _list(screen: Screen, rows: Sequence[tuple[str, str, str]]) -> None:
    """Three columns where they fit; else the two short ones, with the long one below them."""
    columns = [Column(head, [row[i] for row in rows[1:]], 10, right=False) for i, head in enumerate(rows[0])]
    if screen.fits(columns):
        screen.columns(columns)
        return
    for name, short, long in rows[1:]:
        screen.prose(short, f"{name}  ", "bold")
        screen.prose(long, indent=2)
