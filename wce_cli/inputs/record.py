"""A batch as a program prints it: a dict, what a model returned, `logits = …` and `labels = …` below each other.

The text is cut at its commas or names, and each part is read as if it had been typed for its field. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wce_cli.errors import Problem, WceError
from wce_cli.field_hints import SCORES, hint_of
from wce_cli.fields import FIELDS, FLAGS, IN_FILES, SCORE_KINDS, VECTORS, by_field, field_of
from wce_cli.inputs.documents import Document
from wce_cli.inputs.mapping import split_at_commas, unwrapped
from wce_cli.inputs.pasted_noise import plain, unprompted, value_alone
from wce_cli.inputs.repr_words import CASTS, WRITTEN

SIGNS_OF_BATCH = (*SCORE_KINDS, "labels")
"""A text is a batch if it names one of these."""
PRINTED_CALL = re.compile(r"(?:[A-Za-z_]\w*\.)*(?P<name>[A-Za-z_]\w*)\((?P<items>.*)\)", re.DOTALL)
NAMED_ITEM = re.compile(
    r"""\s*(?:(?P<q>["'])(?P<key>\w+)(?P=q)\s*[:,]|(?P<name>[A-Za-z_]\w*)\s*[=:])\s*(?P<value>.*)""", re.DOTALL
)
PAIR = re.compile(r"\s*\((.*)\)\s*", re.DOTALL)
NAMED_LINE = re.compile(
    r"^[ \t]*([A-Za-z_]\w*)[ \t]*(?:(?::=|[=:])(?!=)|(?=[\[{<])|(?<=[ \t])(?=\(|[A-Za-z_][\w.]*\())", re.MULTILINE
)
"""The name of a value, before `=` or `:`, or before an array as print(name, x) has it."""


def parts_of(text: str, fewest: int = 1) -> dict[str, str] | None:
    """The text of each value by its name; None where the text is no print of a batch.

    `fewest`: how many lines must begin with a field's name, where that is all that tells.
    """
    if not any(mark in text for mark in "=:(["):
        return None
    cleaned = unprompted(plain(text))
    by_line = _by_line(cleaned)
    found = by_line if by_line is not None and len(by_line) >= fewest else _by_comma(value_alone(cleaned))
    return found if found is not None and any(field_of(name) in SIGNS_OF_BATCH for name in found) else None


def _by_comma(text: str) -> dict[str, str] | None:
    """`{'logits': …}`, `Output(logits=…)`, `OrderedDict([('logits', …)])`."""
    inner = unwrapped(text)
    call = PRINTED_CALL.fullmatch(inner)
    if call is not None and call["name"] not in WRITTEN | CASTS:
        inner = f"{{{call['items']}}}"
    if not (inner[:1] == "{" and inner[-1:] == "}") and not (inner != text and inner[:1] == "[" and inner[-1:] == "]"):
        return None
    parts: dict[str, str] = {}
    for item in split_at_commas(inner[1:-1], angles=True):
        pair = PAIR.fullmatch(item)
        found = NAMED_ITEM.fullmatch(pair[1] if pair else item)
        if found is None or (found["key"] or found["name"]) in parts:
            return None
        parts[found["key"] or found["name"]] = found["value"]
    return parts


def _by_line(text: str) -> dict[str, str] | None:
    """Values below each other, each behind its name."""
    begins = [found for found in NAMED_LINE.finditer(text) if field_of(found[1]) in IN_FILES]
    names = [found[1] for found in begins]
    if not begins or text[: begins[0].start()].strip() or len(set(names)) < len(names):
        return None
    ends = [*(found.start() for found in begins[1:]), len(text)]
    return {found[1]: text[found.end() : end].strip() for found, end in zip(begins, ends, strict=True)}


def document_of_record(parts: Mapping[str, str], shown: str) -> Document:
    """The fields of a print, read as if each had been typed; what is no field is left out, and said.

    `shown`: the file, or where else the print stands.
    """
    given = [name for name, text in parts.items() if text.strip() != "None"]
    keys, problems = by_field(given, lambda name: f"{shown} {name}")
    fields: dict[str, Any] = {}
    half_units: dict[str, Any] = {}
    notes: list[str] = []
    for field, name in keys.items():
        if field not in IN_FILES:
            continue
        try:
            fields[field], half, described = read_part(field, f"{shown} {name}", parts[name])
        except WceError as error:
            problems += [Problem(one.message, one.hint, field) for one in error.problems]
            continue
        half_units |= {} if half is None else {field: half}
        notes += [f"{shown}: {name} is {described}"] if described else []
    left = [name for name in keys if name not in IN_FILES and field_of(name) == name]
    if left:
        notes.append(f"{shown}: left out {', '.join(left[:6])}{', …' if len(left) > 6 else ''}")
    perhaps = next((name for name in left if name in SCORES), None)
    if perhaps is not None and not any(kind in keys for kind in SCORE_KINDS):
        said = f"{shown} has {perhaps}, and no logits, log_probs or probs"
        problems.append(Problem(said, hint_of(perhaps, str), SIGNS_OF_BATCH[0]))
    sources = {field: f"{shown} {keys[field]}" for field in fields}
    return Document(fields, sources, "", tuple(problems), shown, half_units=half_units, notes=tuple(notes))


def named_part(text: str, field: str) -> str:
    """The part of a print of several values that is named as a field; the text itself where there is none."""
    parts = parts_of(text, fewest=2) or {}
    return next((part for name, part in parts.items() if field_of(name) == field), text)


def read_part(field: str, place: str, text: str) -> tuple[Any, Any, str]:
    """The value of a field that is written as text, its half-units, and what it was taken for where that is no plain
    list. Raises WceError if it cannot be read.
    """
    from wce_cli.inputs.inline import as_vector, read_inline
    from wce_cli.inputs.names import read_names

    if FIELDS[field].kind == "code":
        return text.strip().strip("\"'"), None, ""
    if FIELDS[field].kind == "names":
        return read_names(place, text), None, ""
    if field in FLAGS:
        return {"true": True, "false": False}.get(text.strip().lower(), text.strip()), None, ""
    typed = read_inline(place, text, field)
    value = as_vector(typed.value, field != "labels") if field in VECTORS else typed.value
    return value, typed.half_units, typed.described
