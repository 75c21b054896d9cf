"""Values as people type them: JSON, or `0.1 0.9; 0 0.1` — rows split by `;`, numbers by spaces or commas."""

from __future__ import annotations

import json
import re
from typing import Any

from wce_cli.digits import NON_FINITE
from wce_cli.errors import Problem, WceError

WHOLE = re.compile(r"[+-]?\d+")
WORDS = {"nan": "NaN", "inf": "Infinity", "infinity": "Infinity"}


def read_inline(field: str, text: str) -> Any:
    """A typed value as lists and numbers; a single number stays a number, names stay strings.

    A whole number stays an int: `1,0` are labels, `1.0,0.0` is a probability row.
    Raises WceError if the value is empty, cut off, or could mean two things.
    """
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == "'":  # cmd.exe hands single quotes through
        stripped = stripped[1:-1].strip()
    if not stripped:
        raise WceError(Problem(f"{field} is empty", field=field))
    if stripped[0] in "[{":
        return _json(field, stripped)
    rows = [row.strip() for row in re.split(r"[;\n]", stripped)]
    if rows[-1] == "":
        rows.pop()
    table = [_row(field, row) for row in rows]
    if len(table) == 1 and ";" not in stripped:
        row = table[0]
        return row[0] if len(row) == 1 and "," not in stripped else row
    return table


def read_names(field: str, text: str) -> list[str]:
    """Class names: a JSON list, or words split by commas (by spaces, where there is no comma)."""
    stripped = text.strip()
    if stripped.startswith("["):
        names = _json(field, stripped)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise WceError(Problem(f"{field} must be a list of names", field=field))
        return names
    parts = stripped.split(",") if "," in stripped else stripped.split()
    return [part.strip() for part in parts if part.strip()]


def _row(field: str, row: str) -> list[Any]:
    if re.search(r"\d,\d", row) and re.search(r"\d\s+[\d+.-]", row):
        raise WceError(
            Problem(
                f"{field} {row!r} has both commas and spaces between digits: decimal commas, or two lists?",
                "write decimals with a point, and separate numbers one way",
                field,
            )
        )
    tokens = [token for token in re.split(r"\s*,\s*|\s+", row) if token]
    if not tokens:
        raise WceError(Problem(f"{field} has an empty row", "rows are split by ';'", field))
    return [_token(token) for token in tokens]


def _token(token: str) -> Any:
    if WHOLE.fullmatch(token):
        return int(token) if len(token) < 400 else float(token)
    sign = -1.0 if token.startswith("-") else 1.0
    word = WORDS.get(token.lstrip("+-").lower())
    if word:
        return sign * NON_FINITE[word]
    if "_" not in token:
        try:
            return float(token)
        except ValueError:
            pass
    return token


def _json(field: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _no_duplicates(field, pairs))
    except json.JSONDecodeError as error:
        hint = "quote the whole value for the shell, or write rows as '0.1 0.9; 0 0.1'"
        raise WceError(
            Problem(f"{field} is not JSON at character {error.pos + 1}: {error.msg.lower()}", hint, field)
        ) from error
    except RecursionError as error:
        raise WceError(Problem(f"{field} is nested too deep", field=field)) from error
    except ValueError as error:
        raise WceError(Problem(f"{field} holds a number too long to read", field=field)) from error


def _no_duplicates(field: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise WceError(Problem(f'{field} has the key "{key}" twice', field=field))
            seen.add(key)
    return mapping
