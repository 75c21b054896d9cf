"""Tables of numbers as text, `.csv` and `.tsv`: a row a sample, a column a class, and a column of labels.

Read line by line; what is kept is eight bytes a number. A cell that is no number is refused by its line and column.
"""

from __future__ import annotations

import csv
import math
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NoReturn

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.errors import Problem, WceError, as_written, counted
from wce_cli.inputs.columns import Columns, is_number, read_columns
from wce_cli.inputs.decoded import WIDE_MARKS, finite
from wce_cli.inputs.file import File
from wce_cli.inputs.stored import as_name

LINE_LIMIT = 1 << 26
"""Bytes: a million columns. A file without line ends is not read into memory to find that out."""
QUOTED_CELL = re.compile(r'"[^"]*"?')
MISSING_WORDS = ("", "na", "n/a", "#n/a", "null", "none", "-", "?", ".")
"""How tables write that there is nothing."""
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")
INT64 = range(-(1 << 63), 1 << 63)


class Table(Struct, frozen=True):
    """The columns of a table."""

    scores: NDArray[np.float64] | None
    """(N, C); None if there is nothing but labels."""
    labels: NDArray[Any] | list[str] | None
    """Integers, floats if one of them is not an integer, words if one of them is no number; None without a column."""
    by_field: Mapping[str, NDArray[np.float64]]
    """(N,) of each field that a column has the name of."""
    names: tuple[str, ...]
    """What the header calls the columns of the scores; empty without a header."""
    notes: tuple[str, ...]
    """What was taken for what, one line each."""


def read_csv(path: str, label_column: str | int | None = None, classes: Sequence[str] = ()) -> Table:
    """The table of a file. The labels are in `label_column` (a name, or an index from 0 on), else by its header.

    `classes` are the columns of the scores where the header has them all, else all columns are that are nothing else.
    Raises WceError if a row has another length, or a cell is no number.
    """
    File(path, "a table of numbers")
    rows = _rows(path)
    first = list(islice(rows, 2))
    if not first:
        raise WceError(Problem(f"{path} holds no rows, only empty lines"))
    columns = read_columns([row for _, row in first], label_column, path, classes)
    numbers, words = array("d"), list[str]()
    by_field = {field: (at, array("d")) for field, at in columns.by_field.items()}
    every = columns.scores == tuple(range(columns.width))
    for line, row in chain(first[columns.header :], rows):
        if len(row) != columns.width:
            raise WceError(_ragged(path, line, len(row), first))
        if columns.label is not None:
            words.append(_label(row, columns, path, line))
        for field, (at, found) in by_field.items():
            found.append(_number(row[at], at, field, path, line))
        if not every:
            row = [row[at] for at in columns.scores]
        try:
            values = list(map(float, row))
        except ValueError:
            _refuse(row, columns, path, line)
        if math.inf in values or -math.inf in values:  # spelled so, or beyond float64
            for cell in row:
                if "n" not in cell.lower():
                    finite(cell, f"{path} line {line}")
        numbers.extend(values)
        if "_" in "".join(row):  # a number to Python only
            _refuse(row, columns, path, line)
    scores = np.frombuffer(numbers, np.float64) if numbers else np.empty(0)
    shape = (-1 if numbers else len(words), len(columns.scores))
    return Table(
        scores.reshape(shape) if columns.scores else None,
        None if columns.label is None else _labels(words),
        {field: np.array(found) for field, (_, found) in by_field.items()},
        columns.names,
        columns.notes,
    )


def is_one_of_words(path: str) -> bool:
    """Whether a table is one column of words, as labels are written."""
    rows = [[cell.strip() for cell in row] for _, row in islice(_rows(path), 2)]
    return bool(rows) and all(len(row) == 1 and not is_number(row[0]) for row in rows)


def _lines(path: str) -> Iterator[str]:
    """The lines as text, each with its end."""
    try:
        with open(path, "rb") as file:
            number = 0
            while line := file.readline(LINE_LIMIT):
                number += 1
                if len(line) == LINE_LIMIT:
                    raise WceError(Problem(f"{path} line {number} is longer than {LINE_LIMIT} bytes"))
                for mark, name in WIDE_MARKS.items() if number == 1 else ():
                    if line.startswith(mark):
                        raise WceError(Problem(f"{path} is {name}, expected UTF-8", "save it as CSV UTF-8"))
                try:
                    yield line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise WceError(
                        Problem(f"{path} line {number} is not UTF-8 text", "save it as CSV UTF-8")
                    ) from error
    except OSError as error:
        raise WceError(Problem(f"{path} cannot be read: {(error.strerror or str(error)).lower()}")) from error


def _rows(path: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of every row. Empty lines may stand at the end only."""
    lines = _lines(path)
    first = next(lines, "")
    plain = QUOTED_CELL.sub("", first)
    delimiter = next((mark for mark in "\t;" if mark in plain), ",")
    reader = csv.reader(chain([first], lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    empty = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            reason, hint = str(error), ""
            if reason.startswith("new-line character"):
                reason, hint = "it holds a bare carriage return", "save it with line ends of \\n or \\r\\n"
            raise WceError(Problem(f"{path} line {reader.line_num} is no row: {reason}", hint)) from error
        if row is None:
            return
        if not row or row == [""]:
            empty = empty or reader.line_num
        elif empty:
            raise WceError(Problem(f"{path} line {empty} is empty"))
        else:
            yield reader.line_num, row


def _label(row: list[str], columns: Columns, path: str, line: int) -> str:
    assert columns.label is not None
    label = row[columns.label].strip()
    if not label:
        raise WceError(
            Problem(
                f"{path} line {line}, column {columns.label} is empty, expected a label",
                "leave the row out, or write -100 to skip it",
            )
        )
    return label


def _labels(words: list[str]) -> NDArray[Any] | list[str]:
    """Integers where all are, else floats where all are numbers, else the words."""
    try:
        whole = [int(word) for word in words]
        if all(number in INT64 for number in whole) and not any("_" in word for word in words):
            return np.array(whole, np.int64)
    except ValueError:
        pass  # not integers: read more kindly below
    return np.array([float(word) for word in words]) if all(map(is_number, words)) else words


def _number(cell: str, at: int, field: str, path: str, line: int) -> float:
    if not is_number(cell):
        said = f"is {as_written(cell)}" if cell.strip() else "is empty"
        raise WceError(Problem(f"{path} line {line}, column {at} ({field}) {said}, expected a number"))
    return float(cell) if "n" in cell.lower() else finite(cell, f"{path} line {line}")


def _ragged(path: str, line: int, width: int, first: list[tuple[int, list[str]]]) -> Problem:
    """The error of a row of another length than the first one; which may be no row, as Excel's `sep=;` or a comment."""
    first_line, cells = first[0]
    columns = counted(width, "column", "columns")
    hint = ""
    if line == first[-1][0] and re.match(r"#|sep=", cells[0].lstrip()) and len(cells) < width:
        hint = f"line {first_line} looks like no row of the table: leave it out"
    return Problem(f"{path} line {line} has {columns}, and line {first_line} has {len(cells)}", hint)


def _refuse(row: list[str], columns: Columns, path: str, line: int) -> NoReturn:
    """Name the first cell that is no number."""
    at, cell = next((at, cell) for at, cell in zip(columns.scores, row, strict=True) if not is_number(cell))
    hint = ""
    if DECIMAL_COMMA.fullmatch(cell):
        hint = "write numbers with a decimal point: 0.5, not 0,5"
    elif cell.strip().lower() in MISSING_WORDS:
        hint = "leave rows with missing scores out, or write nan"
    elif len(re.split(r"[\s|]+", cell.strip())) > 1:
        hint = "columns are parted by a comma, a semicolon or a tab"
    elif columns.label is None and cell.strip():
        hint = f"if that column holds the labels: --label-column {at}"
    elif (
        columns.names and len(numbers := [name for name, c in zip(columns.names, row, strict=True) if is_number(c)]) > 1
    ):
        hint = f"if that column is no class, name those that are: --classes {','.join(map(as_name, numbers))}"
    said = f"is {as_written(cell)}" if cell.strip() else "is empty"
    name = as_name(columns.names[columns.scores.index(at)]) if columns.names else ""
    name = f" ({name})" if name else ""
    raise WceError(Problem(f"{path} line {line}, column {at}{name} {said}, expected a number", hint))
