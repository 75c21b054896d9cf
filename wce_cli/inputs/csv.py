"""Tables of numbers as text, `.csv` and `.tsv`: a row a sample, a column a class, and a column of labels.

Read line by line; what is kept is eight bytes a number. A cell that is no number is refused by its line and column.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, NoReturn

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wce_cli.errors import Problem, WceError, as_written, counted
from wce_cli.inputs.columns import Columns, is_number, read_columns
from wce_cli.inputs.file import File
from wce_cli.inputs.json import WIDE_MARKS
from wce_cli.inputs.stored import as_name

LINE_LIMIT = 1 << 26
"""Bytes: a million columns. A file without line ends is not read into memory to find that out."""
QUOTED = re.compile(r'"[^"]*"?')
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")
INT64 = range(-(1 << 63), 1 << 63)


class Table(Struct, frozen=True):
    """The columns of a table."""

    scores: NDArray[np.float64] | None
    """(N, C); None if there is nothing but labels."""
    labels: NDArray[Any] | list[str] | None
    """Integers, floats if one of them is not an integer, words if one of them is no number; None without a column."""
    names: tuple[str, ...]
    """What the header calls the columns of the scores; empty without a header."""
    notes: tuple[str, ...]
    """What was taken for what, one line each."""


def read_csv(path: str, label_column: str | int | None = None) -> Table:
    """The table of a file. The labels are in `label_column` (a name, or an index from 0 on), else by its header.

    Raises WceError if a row has another length, or a cell is no number.
    """
    File(path, "a table of numbers")
    rows = _rows(path)
    first = list(islice(rows, 2))
    if not first:
        raise WceError(Problem(f"{path} holds no rows, only empty lines"))
    columns = read_columns([row for _, row in first], label_column, path)
    numbers, words = array("d"), list[str]()
    for line, row in chain(first[columns.header :], rows):
        if len(row) != columns.width:
            raise WceError(
                Problem(f"{path} line {line} has {counted(len(row), 'column', 'columns')}, expected {columns.width}")
            )
        if columns.label is not None:
            words.append(_label(row, columns, path, line))
            row = [row[at] for at in columns.scores]
        elif len(columns.scores) < columns.width:
            row = row[1:]
        try:
            numbers.extend(map(float, row))
        except ValueError:
            _refuse(row, columns, path, line)
        if "_" in "".join(row):  # a number to Python only
            _refuse(row, columns, path, line)
    scores = np.frombuffer(numbers, np.float64) if numbers else np.empty(0)
    shape = (-1 if numbers else len(words), len(columns.scores))
    return Table(
        scores.reshape(shape) if columns.scores else None,
        None if columns.label is None else _labels(words),
        columns.names,
        columns.notes,
    )


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
    plain = QUOTED.sub("", first)
    delimiter = next((mark for mark in "\t;" if mark in plain), ",")
    reader = csv.reader(chain([first], lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    empty = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise WceError(Problem(f"{path} line {reader.line_num} is no row: {error}")) from error
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
        raise WceError(Problem(f"{path} line {line}, column {columns.label} is empty, expected a label"))
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


def _refuse(row: list[str], columns: Columns, path: str, line: int) -> NoReturn:
    """Name the first cell that is no number."""
    at, cell = next((at, cell) for at, cell in zip(columns.scores, row, strict=True) if not is_number(cell))
    hint = ""
    if DECIMAL_COMMA.fullmatch(cell):
        hint = "write numbers with a decimal point: 0.5, not 0,5"
    elif len(cell.split()) > 1:
        hint = "columns are parted by a comma, a semicolon or a tab"
    elif columns.label is None and cell.strip():
        hint = f"if that column holds the labels: --label-column {at}"
    said = f"is {as_written(cell)}" if cell.strip() else "is empty"
    name = f" ({as_name(columns.names[columns.scores.index(at)])})" if columns.names else ""
    raise WceError(Problem(f"{path} line {line}, column {at}{name} {said}, expected a number", hint))
