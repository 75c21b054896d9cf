"""What stands at the foot of a page: what was asked for, and of which version."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from wce_cli.version import __version__

LONGEST = 2000
"""Characters of a command line; what was typed beyond is left out: it is the batch."""


def command_line(arguments: Sequence[str]) -> str:
    """The command as a shell reads it back; a control character is spelled out, as bash and zsh have it."""
    line = " ".join(["wce", *map(_quoted, arguments)])
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 2]} …"


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(_spelled(character) for character in word) + "'"


def _spelled(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def made_by(call: str, function: str) -> tuple[str, str]:
    """The call of a page and the version: the command where there was one, else the function of Python's."""
    return call or f"wce_cli.{function}(…)", f"wce {__version__}"
