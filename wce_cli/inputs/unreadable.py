"""Why a file cannot be read, and what its name may have been meant for."""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import islice
from pathlib import PurePath

from wce_cli.errors import MOST_KNOWN, Problem, WceError, near
from wce_cli.fields import ALIASES, field_of
from wce_cli.inputs.suffixes import ARRAY_READERS, READERS, TABLE_READERS


def unreadable(path: str, error: Exception) -> WceError:
    """What the system says of a file, in our form."""
    if isinstance(error, FileNotFoundError):
        return WceError(Problem(f"{path} does not exist", _meant(path)))
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return WceError(Problem(f"{path} cannot be read: {reason.lower()}"))


def _meant(path: str) -> str:
    """What a name that is no file's may have been meant for; empty if that is not known."""
    if path.startswith("@") and os.path.exists(path[1:]):
        return f"leave the @ out: {path[1:]}"
    from wce_cli.inputs.repr_words import NUMBER

    if NUMBER.fullmatch(path):
        return f"wce identify {path} FILE names the rule of a number"
    file, colon, _ = path.rpartition(":")
    if colon and file.endswith(".py") and os.path.isfile(file):
        return f"wce audit {path} says what it computes"
    if colon and os.path.isfile(file):
        return f"a part of a file is the value of an option: --logits {path}"
    if "," in path and all(map(os.path.isfile, path.split(","))):
        return f"part files by spaces: {path.replace(',', ' ')}"
    if close := near(PurePath(path).name, _beside(path)):
        return f"did you mean {PurePath(path).with_name(close[0])}?"
    if re.match(r"https?://", path):
        return f"files alone are read: curl -s {path} | wce explain -"
    name, equals, value = path.partition("=")
    field = field_of(name.lstrip("-"))
    return f"an option begins with dashes: --{field.replace('_', '-')} '{value}'" if equals and field in ALIASES else ""


def _beside(path: str) -> list[str]:
    """The files in the folder of a name that is no file's, if they are few; of other digits no slip makes them."""
    try:
        with os.scandir(PurePath(path).parent) as entries:
            found = [entry.name for entry in islice(entries, MOST_KNOWN + 1) if entry.is_file()]
    except (OSError, ValueError):
        return []
    digits = re.sub(r"\D", "", PurePath(path).name)
    return [name for name in found if re.sub(r"\D", "", name) == digits] if len(found) <= MOST_KNOWN else []


def files_in(folder: str) -> str:
    """How the files of a folder are named on the command line."""
    endings = Counter(PurePath(name).suffix.lower() for name in os.listdir(folder))
    known = [ending for ending, _ in endings.most_common() if ending in {**READERS, **ARRAY_READERS, **TABLE_READERS}]
    if not known:
        return "there is no file in it that wce reads"
    return f"name the files in it by a pattern in quotes: '{os.path.join(folder, '*' + known[0])}'"
