"""Class names as people type and paste them: a list, words split by commas, or what a model calls its labels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.inline import read_inline
from wce_cli.inputs.pasted_noise import plain, value_alone

LIST_BEGUN = re.compile(r"[\[(]|(?:np\.|pd\.)?(?:array|Index|list|tuple)\(")
"""How a list of names begins, that is printed or written in code."""
NAME_PARTS = re.compile(r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^,\n]*))\s*(?:[,\n]|$)""")


def read_names(place: str, text: str) -> list[str]:
    """The names in the order of the classes: `cat,dog`, `cat dog`, a list, or `{0: 'cat', 1: 'dog'}`.

    Words are split by commas and lines, by spaces only where there is neither. Raises WceError if there is none.
    """
    cleaned = plain(text)
    alone = value_alone(cleaned)
    if alone[:1] == "{" and ":" in alone:
        return _in_order(place, read_inline(place, alone).value)
    if LIST_BEGUN.match(alone) and alone[-1] in "])":
        names = read_inline(place, alone).value
        names = names.tolist() if isinstance(names, np.ndarray) else names
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return names
        if cleaned.count("[") <= 1:
            raise WceError(Problem(f"{place} must be a list of names", field=place))
    opened = cleaned[:1]
    if opened in ("[", "(") and {"[": "]", "(": ")"}[opened] not in cleaned:
        raise WceError(Problem(f"{place} opens {opened!r} and never closes it", "was the value cut off?", place))
    names = _split(cleaned)
    if not names:
        raise WceError(Problem(f"{place} is empty", field=place))
    return names


def _split(text: str) -> list[str]:
    if "," not in text and "\n" not in text and not re.search(r"[\"']", text):
        return text.split()
    if "," not in text and "\n" not in text:
        return [found[1] or found[2] or found[3] for found in re.finditer(r"\"([^\"]*)\"|'([^']*)'|(\S+)", text)]
    names, end = [], 0
    while end < len(text):
        found = NAME_PARTS.match(text, end)
        if found is None:  # a quote inside a word is a part of it: it's
            cut = min((at for at in (text.find(",", end), text.find("\n", end)) if at >= 0), default=len(text))
            name, end = text[end:cut], cut + 1
        else:
            name, end = found["double"] or found["single"] or found["bare"] or "", found.end()
        if name.strip():
            names.append(name.strip())
    return names


def _in_order(place: str, mapping: Any) -> list[str]:
    """The names of `{0: 'cat', 1: 'dog'}` or of `{'cat': 0, 'dog': 1}`, the id2label and label2id of a model."""
    if isinstance(mapping, dict):
        by_index = {str(index): name for name, index in mapping.items()}
        for named in (mapping, by_index):
            names = [named.get(str(i)) for i in range(len(mapping))]
            if names and all(isinstance(name, str) for name in names):
                return [str(name) for name in names]
    hint = "write {0: 'cat', 1: 'dog'}, or the names in order: cat,dog"
    raise WceError(Problem(f"{place} is a mapping, but not of the indices 0, 1, … to names", hint, place))
