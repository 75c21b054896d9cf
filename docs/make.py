"""Bring README and docs up to date with the code: python docs/make.py

What a command prints below `$ wce …` is what it prints now, and a table between `<!-- made: NAME -->` and
`<!-- end -->` is the data of the code. A test holds every page to what this script makes of it.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import typer.main

from wce_cli.cli.app import COMMANDS, typer_app
from wce_cli.fields import ALIASES
from wce_cli.findings import FINDINGS
from wce_cli.frameworks import ENGINES
from wce_cli.loss.methods import METHODS
from wce_cli.loss.placements import PLACEMENTS

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
CONSOLE = re.compile(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", re.MULTILINE)
MADE = re.compile(r"^<!-- made: (\S+)(?: (\S+))? -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)


def printed(line: str) -> str:
    """What a line of a page prints: `wce …`, or `echo '…' | wce …`."""
    given, _, command = line.rpartition(" | ")
    name, *arguments = shlex.split(command)
    assert name == "wce", line
    text = shlex.split(given)[1] if given else ""
    code = "import sys; from wce_cli.cli.app import main; sys.exit(main())"
    asked = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(asked, input=text, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"{line}: {done.stderr}")
    return done.stdout


def page(text: str, prints: Callable[[str], str] = printed) -> str:
    """A page as it should be."""
    text = MADE.sub(lambda found: _table_between(found[1], found[2]), text)
    return CONSOLE.sub(lambda found: f"```console\n$ {found[1]}\n{prints(found[1])}```", text)


def _table_between(name: str, of: str | None) -> str:
    rows = list(TABLES[name](of))
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    head, *below = lines
    marks = f"made: {name} {of}" if of else f"made: {name}"
    return "\n".join([f"<!-- {marks} -->", head, f"|{'---|' * len(rows[0])}", *below, "<!-- end -->"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _methods(of: str | None) -> Iterator[Sequence[str]]:
    yield "method", "D", "what it does"
    for one in METHODS.values():
        yield f"`{one.name}`", one.formula, one.summary


def _users(of: str | None) -> Iterator[Sequence[str]]:
    yield "method", "who computes it, and how that is known"
    for one in METHODS.values():
        for k, user in enumerate(one.used_by):
            yield f"`{one.name}`" if k == 0 else "", user


def _placements(of: str | None) -> Iterator[Sequence[str]]:
    yield "placement", "tₙ", "wₙ", "who"
    for one in PLACEMENTS.values():
        yield f"`{one.name}`", one.term, one.weight, one.used_by


def _findings(of: str | None) -> Iterator[Sequence[str]]:
    yield "finding", "severity", "says"
    for code, (found, _) in FINDINGS.items():
        yield f"`{code}`", found.severity, found.summary


def _engines(of: str | None) -> Iterator[Sequence[str]]:
    yield "engine", "framework", "what is asked", "installed by"
    for name, one in ENGINES.items():
        yield f"`{name}`", one.title, one.asks, f"`pip install {one.install}`"


def _aliases(of: str | None) -> Iterator[Sequence[str]]:
    yield "field", "other names that are read as it"
    for field, aliases in ALIASES.items():
        yield f"`{field}`", ", ".join(f"`{alias}`" for alias in aliases)


def _options(of: str | None) -> Iterator[Sequence[str]]:
    yield "option", "what it does"
    command = typer.main.get_command(typer_app(COMMANDS)).commands[of]  # type: ignore[attr-defined]
    for one in command.params:
        if one.param_type_name == "argument":
            yield f"`{one.metavar}`", one.help or ""
        elif "--help" not in one.opts:
            names = ", ".join(f"`{name}`" for name in sorted(one.opts, key=len, reverse=True))
            value = f" `{one.metavar}`" if one.metavar else ""
            yield f"{names}{value}", (one.help or "").replace("  [default", " [default")


TABLES: dict[str, Callable[[str | None], Iterator[Sequence[str]]]] = {
    "methods": _methods,
    "users": _users,
    "placements": _placements,
    "findings": _findings,
    "engines": _engines,
    "aliases": _aliases,
    "options": _options,
}
"""The tables by name, each a head and its rows."""


def main() -> None:
    """Write every page anew, and say which have changed."""
    for path in PAGES:
        before = path.read_text("utf-8")
        after = page(before)
        if after != before:
            path.write_text(after, "utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
