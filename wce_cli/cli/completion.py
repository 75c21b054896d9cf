"""What a shell offers after TAB. The command runs anew on each TAB, so nothing here may load numpy."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec

PLACEMENTS = ("class", "sample", "label-mix")
"""The names of loss.placements, which needs numpy; a test holds them equal."""

NO_FINDINGS = ("__init__", "page", "words")
"""The files of the findings' folder that are none."""


def offering(words: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """A completion of those words that begin as typed."""
    return lambda incomplete: [word for word in words() if word.startswith(incomplete)]


@cache
def placed() -> dict[str, tuple[str, ...]]:
    """The placements of each method, read in the source of `loss.methods`, which needs numpy to be imported."""
    package = find_spec("wce_cli.loss")
    assert package is not None
    assert package.submodule_search_locations
    with open(os.path.join(next(iter(package.submodule_search_locations)), "methods.py"), encoding="utf-8") as file:
        rows = [node for node in ast.walk(ast.parse(file.read())) if isinstance(node, ast.Call)]
    found = {}
    for row in rows:
        if isinstance(row.func, ast.Name) and row.func.id == "Method":
            name, placements = row.args[0], row.args[5]
            every = isinstance(placements, ast.Name)
            found[ast.literal_eval(name)] = PLACEMENTS if every else ast.literal_eval(placements)
    return found


def methods() -> Iterable[str]:
    """What `wce methods` takes."""
    from wce_cli.frameworks import ENGINES

    return (*placed(), *PLACEMENTS, *ENGINES)


def pairs() -> Iterable[str]:
    """What `--method` takes: a method alone, all, and every pair."""
    together = (f"{method}/{placement}" for method, placements in placed().items() for placement in placements)
    return ("all", *placed(), *together)


def findings() -> Iterable[str]:
    """The codes of the findings: a file is named after its code."""
    package = find_spec("wce_cli.findings")
    assert package is not None
    assert package.submodule_search_locations
    folder = next(iter(package.submodule_search_locations))
    names = sorted(name.removesuffix(".py") for name in os.listdir(folder) if name.endswith(".py"))
    return (name.replace("_", "-") for name in names if name not in NO_FINDINGS)


def engines() -> Iterable[str]:
    """What `--engine` takes."""
    from wce_cli.engines import CHOICES

    return CHOICES


def expectations(incomplete: str) -> list[str]:
    """What `--expect` begins with; the number is the user's."""
    return [f"{word}=" for word in (*pairs(), "loss", "term") if word != "all" and word.startswith(incomplete)]


def colors() -> Iterable[str]:
    """What `--color` takes."""
    return ("auto", "always", "never")


def sorts() -> Iterable[str]:
    """What `--sort` takes."""
    return ("index", "loss", "term")


def cuts() -> Iterable[str]:
    """What `--by` takes."""
    return ("sample", "row")


def parts() -> Iterable[str]:
    """What `--only` takes."""
    from wce_cli.formats import PARTS

    return ("value", *PARTS)


def limits() -> Iterable[str]:
    """The word that `--rows` and `--findings` take beside a number."""
    return ("all",)


def weights() -> Iterable[str]:
    """The word that `--weight` takes beside numbers."""
    return ("balanced",)


def schemas() -> Iterable[str]:
    """What `wce schema` takes."""
    from wce_cli.cli.schemas import SCHEMAS

    return SCHEMAS
