"""Class names as people type them: a list, or words split by commas."""

from __future__ import annotations

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.inline import read_inline
from wce_cli.inputs.screens import plain


def read_names(field: str, text: str) -> list[str]:
    """Class names: a list, or words split by commas (by spaces, where there is no comma)."""
    cleaned = plain(text)
    if cleaned[:1] in ("[", "(") and cleaned[-1] in "])":
        names = read_inline(field, cleaned).value
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return names
        if cleaned.count("[") == 1:
            raise WceError(Problem(f"{field} must be a list of names", field=field))
    parts = cleaned.split(",") if "," in cleaned else cleaned.split()
    return [part.strip().strip("\"'") for part in parts if part.strip()]
