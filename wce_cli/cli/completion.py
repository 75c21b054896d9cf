"""What a shell offers after TAB. The command runs anew on each TAB, so nothing here may load numpy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec

METHODS = (
    "weighted-mean",
    "batch-mean",
    "kept-mean",
    "nonzero-mean",
    "element-mean",
    "sum",
    "unweighted-mean",
)
PLACEMENTS = ("class", "sample", "label-mix")
"""The names of loss.methods, which needs numpy; a test holds them equal."""


NO_FINDINGS = ("__init__", "page", "words")
"""The files of the findings' folder that are none."""


def offering(words: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """A completion of those words that begin as typed."""
    return lambda incomplete: [word for word in words() if word.startswith(incomplete)]


def methods() -> Iterable[str]:
    """What `wce methods` takes."""
    from wce_cli.engines.names import ENGINES

    return (*METHODS, *PLACEMENTS, *ENGINES)


def pairs() -> Iterable[str]:
    """What `--method` takes: a method alone, all, and every pair."""
    return ("all", *METHODS, *(f"{m}/{p}" for m in METHODS[:-1] for p in PLACEMENTS))


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
    return ("sample",)


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
    from wce_cli.cli.schema import SCHEMAS

    return SCHEMAS
