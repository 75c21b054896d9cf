"""Values that stand where a file is named: a number to identify, rows without their option, a value in pieces."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence

from wce_cli.cli.options import QUOTE, flag
from wce_cli.errors import Problem, WceError
from wce_cli.formats import QUESTIONS
from wce_cli.inputs.repr_words import NUMBER, WHOLE
from wce_cli.inputs.suffixes import STDIN
from wce_cli.loss.readings import READINGS

WHOLE_VALUE = re.compile(r"(?=.*\d)[\[\](),;:{}\s\d.eE+-]+|(?:[\w.]+\.)?(?:tensor|array|Tensor|Array)\(.*\)", re.DOTALL)
ONE_NUMBER = re.compile(r"[\d.]+(?:e[-+]?\d+)?", re.IGNORECASE)
SHORT_OPTIONS = {"logits": "-x", "labels": "-y", "weight": "-w"}
LONGEST_REPEATED = 120
"""Letters up to which a hint repeats the values."""


def refuse_misplaced(files: Sequence[str], typed: Mapping[str, str | None]) -> None:
    """Raise WceError if a word among the files is none, but a value; `typed` are values that have their option."""
    given = {field: text for field, text in typed.items() if text is not None}
    found = [file for file in files if file != STDIN and WHOLE_VALUE.fullmatch(file) and not os.path.exists(file)]
    if found:
        hint = _hint(found, [file for file in files if file not in found], given)
        raise WceError(Problem(f"{found[0]} is taken for a file name, and does not exist", hint))
    command = next((file for file in files if file in QUESTIONS and not os.path.exists(file)), None)
    if command is not None:
        hint = f"one question a run: wce {command} …"
        raise WceError(Problem(f"{command} is taken for a file name, and does not exist", hint))
    if "help" in files and not os.path.exists("help"):
        raise WceError(Problem("help is taken for a file name, and does not exist", "--help lists the options"))


def _hint(found: Sequence[str], files: Sequence[str], given: Mapping[str, str]) -> str:
    """What was meant by the values `found`, beside files and values that have their option."""
    numbers = [word for word in found if NUMBER.fullmatch(word)]
    if any(map(_is_piece, found)) or any(_is_begun(field, text, numbers) for field, text in given.items()):
        return QUOTE
    is_typed = any(kind in given for kind in READINGS)
    if is_typed and "labels" not in given and not files and all(map(WHOLE.fullmatch, found)):
        return f"an option stands before a value: -y {','.join(found)}"
    rows = [word for word in found if word not in numbers]
    if rows and files:
        either = f"--labels {shlex.quote(rows[0])}, or --weight {shlex.quote(rows[0])}"
        return f"an option stands before a value: {either}"
    lacking = [field for field in SHORT_OPTIONS if field not in given and not (field == "logits" and is_typed)]
    if not rows or (numbers == [found[-1]] and not WHOLE.fullmatch(found[-1])):
        named = _named({**given, **_fields(rows, lacking)}, LONGEST_REPEATED)
        words = [*numbers, *map(shlex.quote, files), *([named] if named else [] if files else ["FILE"])]
        return f"wce identify {' '.join(words)} names the rule of a number"
    if len(found) > len(lacking):
        return QUOTE
    missing = "" if "labels" in given or len(found) > 1 or is_typed else " -y LABELS"
    return f"an option stands before each value: {_named(_fields(found, lacking), LONGEST_REPEATED)}{missing}"


def _fields(values: Sequence[str], lacking: Sequence[str]) -> dict[str, str]:
    """The values by the fields that lack one: what holds most numbers are the scores."""
    ordered = list(values)
    if lacking[:1] == ["logits"] and ordered:
        scores = max(ordered, key=lambda text: len(ONE_NUMBER.findall(text)))
        ordered.remove(scores)
        ordered.insert(0, scores)
    return dict(zip(lacking, ordered, strict=False))


def _named(fields: Mapping[str, str], longest: int) -> str:
    """`-x '0.1 0.9; 0 0.1' -y 0,1`, what is long without its values."""
    texts = {field: shlex.quote(text) for field, text in fields.items()}
    if sum(map(len, texts.values())) > longest:
        texts = dict.fromkeys(fields, "'…'")
    return " ".join(f"{SHORT_OPTIONS.get(field, flag(field))} {text}" for field, text in texts.items())


def _is_piece(text: str) -> bool:
    """Whether it is a part of a value that a shell has cut at its spaces."""
    return text[:1] in ",;" or text[-1:] in ",;" or any(text.count(a) != text.count(b) for a, b in ("[]", "()", "{}"))


def _is_begun(field: str, text: str, numbers: Sequence[str]) -> bool:
    """Whether the value of an option goes on in numbers that stand behind it."""
    if field not in (*READINGS, "labels", "weight", "sample_weight"):
        return False
    is_alone = NUMBER.fullmatch(text) is not None and (field != "labels" or all(map(WHOLE.fullmatch, numbers)))
    return (bool(numbers) and is_alone) or _is_piece(text)
