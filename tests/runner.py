"""What GitHub's runner takes for a command among the lines that a step prints, as its own parser finds them.

Source: actions/runner at 258d6c85, src/Runner.Common/ActionCommand.cs; what Azure's agent and TeamCity take, likewise.
"""

from __future__ import annotations

import re
import unicodedata

REGISTERED = {
    *("internal-set-repo-path", "set-env", "set-output", "save-state", "add-path", "add-mask", "add-matcher"),
    *("remove-matcher", "warning", "error", "notice", "debug", "group", "endgroup", "echo", "stop-commands"),
}


def commands_in(text: str) -> list[str]:
    """The lines that are commands; .NET compares without regard to what is ignorable, so that is taken out before."""
    return [line for line in re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text) if _is_command(_compared(line))]


def _compared(line: str) -> str:
    return "".join(c for c in line if unicodedata.category(c) not in ("Cf", "Cc") or c in "\t\v\f")


def _is_command(line: str) -> bool:
    begun = line.lstrip()
    if begun.startswith("::"):
        end = begun.find("::", 2)
        if end >= 0 and begun[2:end].partition(" ")[0].lower() in REGISTERED:
            return True
    place = line.find("##[")
    if (
        place >= 0
        and (end := line.find("]", place)) >= 0
        and line[place + 3 : end].partition(" ")[0].lower() in REGISTERED
    ):
        return True
    return re.search(r"##(vso|teamcity)\[", line) is not None
