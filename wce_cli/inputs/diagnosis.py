"""What a text that cannot be read as numbers probably is, and what to type instead: the hints below a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from wce_cli.errors import Problem
from wce_cli.fields import of_kind
from wce_cli.inputs.repr_words import NUMBER


class Diagnosis(NamedTuple):
    """What is wrong with a value, after its name, and what to do."""

    message: str
    hint: str


ONE_EACH = "give one value an option, --logits … --labels …, or a whole batch as a JSON file"
ALONE = "paste the numbers alone, '0.1 0.9; 0 0.1', or save the table as a .csv file"
PANDAS = "paste df.values.tolist(), or save it: df.to_csv('x.csv', index=False); a weight: w.to_dict()"
PRINTS = (
    (r"\A\|[^\n]*\|[ \t]*\n[ \t]*\|?[-:| \t]*-", "is a Markdown table", ALONE),
    (r"^[ \t]*[│┃┌╭┏║╔]", "is a table in a frame", ALONE),
    (
        r"\A,[^\n]*\n|\AUnnamed: 0",
        "is CSV with an index column",
        "paste it without the index, or name the .csv file itself",
    ),
    (r"^[ \t]*(?:Name: .*, )?(?:Length: \d+, )?dtype: \w+[ \t]*\Z", "is a print of pandas, with its index", PANDAS),
    (r"^[ \t]*\[\d+ rows x \d+ columns\][ \t]*\Z", "is a print of pandas, with its index", PANDAS),
    (
        r"\A\[,1\]|\A\[1\][ \t]+[^\s\[,;]",
        "is a print of R, with its index",
        "save it: write.csv(x, 'x.csv', row.names = FALSE); or paste dput(x) of a vector",
    ),
    (
        r"^[ \t]*[\d.]+e[+-]?\d+[ \t]*\*[ \t]*$|^[ \t]*Columns \d+ (?:through|to|and) \d+",
        "is a print in parts, or with a factor before it",
        "MATLAB: mat2str(x, 17); torch: x.tolist()",
    ),
    (r"\A\{[\s{]*[-+.\d][^:'\"]*\}\Z", "has numbers in braces", "write lists with brackets: [[0.1, 0.9], [0, 0.1]]"),
    (
        r"\A<[A-Za-z][^\n]*>\Z",
        "describes an array, without its numbers",
        "print them: x.numpy(), or x.tolist()",
    ),
)
"""Prints that hold more than the numbers, or none: how they look, what they are, what to paste instead."""

KNOWN_WORDS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"[+-]?\d+(?:_\d+)+(?:\.\d+)?", lambda word: f"write {word.replace('_', '')}"),
    (r"[+-]?\d{1,3}(?:'\d{3})+(?:\.\d+)?", lambda word: "write " + word.replace("'", "")),
    (r"[+-]?\d+·\d+", lambda word: f"write {word.replace('·', '.')}"),
    (r"[+-]?\d+(?:\.\d+)?%", lambda word: f"write {float(word[:-1]) / 100!r}"),
    (r"[+-]?\d+(?:\.\d+)?/\d+(?:\.\d+)?", lambda word: f"work it out: {_quotient(word)}"),
    (
        r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?(?:f\d?|d\d?|l|u)",
        lambda word: f"write {re.split('[fdluFDLU]', word)[0]}",
    ),
    (r"[+-]?0x[\da-f]+", lambda word: f"write {int(word, 16)}"),
    (r"#|//|/\*|%|<!--", lambda word: "leave comments out"),
    (r"[a-z_]\w*=.*", lambda word: ONE_EACH),
    (r"=.*", lambda word: "leave the = out behind a short option: -x 1,2, not -x=1,2"),
    (r":.+", lambda word: "leave the : out behind a short option: -x 1,2, not -x:1,2"),
    (
        r"\$\{?[a-z_]\w*\}?",
        lambda word: "in single quotes a shell leaves it as it is: use double ones",
    ),
    (r"\$[\d.]+", lambda word: f"write {word[1:]}"),
    (r".*\\[nrt].*", lambda word: "rows are split by ';', or by real line ends"),
    (r"[\d.]*\|[\d.|]*", lambda word: "separate numbers by spaces or commas, and rows by ';'"),
)
"""Words that stand where a number was expected: how they look, and how the number is written."""

COMMA_CELLS = re.compile(r"[+-]?\d+(?:,\d+)?(?:[ \t]*[;\n][;\s]*[+-]?\d+(?:,\d+)?)+[;\s]*")
WITH_DECIMAL_COMMAS = Diagnosis("has one number a row, with decimal commas", "write decimals with a point: 0.5; 1")


def of_value(field: str, text: str, value: Any) -> Diagnosis | None:
    """What is wrong with a value that was read, but has words in it, uneven rows, or rows where none are meant."""
    if isinstance(value, dict) and field not in ("weight", ""):
        return Diagnosis("is a mapping, expected numbers", ONE_EACH)
    rows = value if isinstance(value, list) else []
    lengths = {_length(row) for row in rows}
    depths = {_depth(row) for row in rows if _length(row) > 0}
    if len(lengths) > 1 or len(depths) > 1:
        known = of_print(text) or of_table(text) or of_commas(text) or of_words(value if field != "labels" else None)
        if known is None and len(depths) > 1:
            return Diagnosis("has arrays of different shapes in it", ONE_EACH)
        return known or (of_mixture(rows) if -1 in lengths else None)
    if field in of_kind("class weight", "sample weight") and lengths and lengths != {-1}:
        return of_print(text) or of_commas(text) or of_words(value)
    if field == "labels" and "\n" in text:
        return of_print(text)
    return None if field in ("labels", "") else of_words(value, text)


def _depth(row: Any) -> int:
    depth = 0
    while isinstance(row, list) and row and depth < 32:
        depth, row = depth + 1, row[0]
    return depth + len(getattr(row, "shape", ()))


def _length(row: Any) -> int:
    """Of a row; -1 for a number or a word."""
    return len(row) if isinstance(row, list) or (hasattr(row, "shape") and row.shape) else -1


def of_print(text: str) -> Diagnosis | None:
    """A print of more than its numbers, or None."""
    for looks, message, hint in PRINTS:
        if re.search(looks, text, re.MULTILINE):
            return Diagnosis(message, hint)
    return None


def of_table(text: str) -> Diagnosis | None:
    """Rows of numbers below a header, with or without an index before them; or None."""
    if any(mark in text for mark in "[]{}();"):
        return None
    head, *rows = [line.replace(",", " ").split() for line in text.split("\n") if line.strip()] or [[]]
    if not rows or not all(NUMBER.fullmatch(word) for row in rows for word in row[1:]):
        return None
    named = not any(NUMBER.fullmatch(word) for word in head)
    counted = head == _counted(len(head)) and [row[0] for row in rows] == _counted(len(rows))
    if all(len(row) == len(head) + 1 for row in rows) and (named or counted):
        return Diagnosis("is a table with a header and an index", PANDAS)
    if all(len(row) == len(head) for row in rows) and named:
        return Diagnosis("has a header above its numbers", "leave it out, or save the table as a .csv file")
    return None


def _counted(n: int) -> list[str]:
    """`0`, `1`, …: what pandas names the rows and columns that have no names."""
    return [str(i) for i in range(n)]


def of_words(value: Any, text: str = "") -> Diagnosis | None:
    """The first word among numbers whose number is known, or the print that the text is; None if there is no word."""
    level = [value]
    while level:
        for word in level:
            if isinstance(word, str) and word != "balanced":
                for looks, advice in KNOWN_WORDS if len(word) < 60 else ():
                    if re.fullmatch(looks, word, re.IGNORECASE):
                        return Diagnosis(f'has "{word}", expected numbers', advice(word))
                return of_print(text) or of_table(text)
        level = [item for part in level if isinstance(part, list) for item in part]
    return None


def of_mixture(rows: list[Any]) -> Diagnosis:
    """What is wrong where a number or a word stands beside brackets: `[0.1, 0.9] 1`."""
    single = next(row for row in rows if _length(row) < 0)
    return Diagnosis(f"has {single!r} beside its brackets", "paste one array, and nothing around it")


def number_hint(word: str) -> str:
    """How a word that was meant as one number is written, where that is known."""
    if re.fullmatch(r"[+-]?\d+,\d+", word.strip()):
        return f"write decimals with a point: {word.strip().replace(',', '.')}"
    if word.strip().lower() in ("none", "null"):
        return "leave it out"
    found = of_words(word.strip())
    return found.hint if found else ""


def of_commas(text: str) -> Diagnosis | None:
    """Decimal commas, where every row is one number: `0,1; 0,9`, or None."""
    return WITH_DECIMAL_COMMAS if "," in text and COMMA_CELLS.fullmatch(text) else None


def too_large(place: str, digits: str) -> Problem:
    """What is wrong with a number that float64 could only hold as infinity, which is another number."""
    shown = digits if len(digits) <= 20 else f"{digits[:12]}… of {len(digits)} characters"
    return Problem(f"{place} holds {shown}, a number too large for float64", "write inf if infinity is meant", place)


def _quotient(word: str) -> str:
    above, _, below = word.partition("/")
    return repr(float(above) / float(below)) if float(below) else "it divides by 0"
