"""Text that others wrote, as it is printed: it moves no cursor, hides nothing, and commands nothing that reads a log.

A CI takes commands from what a step prints. GitHub's runner takes a line that begins with ::, after blanks too, and
one with ##[ anywhere in it, Azure's agent ##vso[, TeamCity ##teamcity[.
Source: actions/runner, src/Runner.Common/ActionCommand.cs, TryParseV2 and TryParse, at 258d6c85.
"""

from __future__ import annotations

import re

MARK = re.compile(r"#(?=#\w*\[)")
"""What begins a command wherever it stands in a line."""
BEGUN = re.compile(r"^((?:\s|\x1b\[[\d;]*m|[\u2066-\u2069])*):(?=:)")
"""What begins one at the start of a line: colours and isolates that we put before a name are no text."""


def literal(text: str) -> str:
    """`text` with every character spelled out that cannot be seen, or would begin a command anywhere in a line."""
    if text.isprintable() and "##" not in text:
        return text
    seen = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return MARK.sub(r"\\x23", seen)


def as_line(line: str) -> str:
    """A line that is no command by what it begins with."""
    return BEGUN.sub(r"\1\\x3a", line) if "::" in line else line
