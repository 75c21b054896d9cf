"""Tables as people's programs write them: what is a header, what are labels, and which cell is no number."""

from __future__ import annotations

import csv
import io
import math
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wce_cli.errors import WceError
from wce_cli.inputs.csv import Table, read_csv
from wce_cli.inputs.suffixes import TABLE_READERS


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(content: str | bytes, label: str | int | None = None) -> Table:
    Path("a.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return read_csv("a.csv", label)


def plain(table: Table) -> tuple[object, object]:
    """Scores and labels as lists."""
    scores = None if table.scores is None else table.scores.tolist()
    labels = table.labels.tolist() if isinstance(table.labels, np.ndarray) else table.labels
    return scores, labels


ROWS = [[0.1, 0.9], [0.0, 0.1]]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("0.1,0.9\n0,0.1\n", ()),
        ("0.1;0.9\n0;0.1\n", ()),
        ("0.1\t0.9\n0\t0.1", ()),
        ("\ufeff0.1,0.9\r\n0,0.1\r\n\r\n", ()),
        (' 0.1 , "0.9"\n"0", 1e-1\n', ()),
        ("cat,dog\n0.1,0.9\n0,0.1\n", ("cat", "dog")),
        ('"cat;1","dog, big"\n0.1,0.9\n0,0.1\n', ("cat;1", "dog, big")),
        ("# cat,dog\n0.1,0.9\n0,0.1\n", ("cat", "dog")),
        ("0,1\n0.1,0.9\n0,0.1\n", ("0", "1")),  # what pandas writes for an array
        (",cat,dog\n0,0.1,0.9\n1,0,0.1\n", ("cat", "dog")),
    ],
)
def test_scores_are_read(content, names):
    table = read(content)
    assert plain(table) == (ROWS, None)
    assert table.names == names


@pytest.mark.parametrize("content", ["0,1\n2,3\n", "5,1\n0.5,1\n", "0,1\n"])
def test_a_first_row_of_numbers_is_a_row(content):
    table = read(content)
    assert table.names == ()
    assert table.scores is not None
    assert table.scores[0].tolist() == [float(cell) for cell in content.split("\n")[0].split(",")]


def test_what_is_not_finite_is_read():
    scores, _ = plain(read("nan,inf\n-Infinity,1\n"))
    assert math.isnan(scores[0][0])
    assert [scores[0][1], scores[1][0]] == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("content", "label", "labels"),
    [
        ("cat,dog,label\n0.1,0.9,0\n0,0.1,1\n", None, [0, 1]),
        ("cat,Target,dog\n0.1,0,0.9\n0,1,0.1\n", None, [0, 1]),
        ("y,cat,dog\ncat,0.1,0.9\ndog,0,0.1\n", None, ["cat", "dog"]),
        ("y,0,1\ncat,0.1,0.9\ndog,0,0.1\n", None, ["cat", "dog"]),
        ("class,0,1\n0.0,0.1,0.9\n1.0,0,0.1\n", None, [0.0, 1.0]),
        ("cat,gold,dog\n0.1,-1,0.9\n0,7,0.1\n", "gold", [-1, 7]),
        ("cat,gold,dog\n0.1,-1,0.9\n0,7,0.1\n", 1, [-1, 7]),
        ("cat,gold,dog\n0.1,-1,0.9\n0,7,0.1\n", "1", [-1, 7]),
        ("0.1,0.9,0\n0,0.1,1\n", 2, [0, 1]),
        ("cat,0.1,0.9\n0,0,0.1\n", "0", ["cat", "0"]),
        ("label,0,1\n0,0.1,0.9\n1,0,0.1\n", 0, [0, 1]),
        ("7,gold,5\n0.1,3,0.9\n0,4,0.1\n", "gold", [3, 4]),
        ("new_york,0.1,0.9\n1_0,0,0.1\n", 0, ["new_york", "1_0"]),
        ("99999999999999999999,0.1,0.9\n1,0,0.1\n", 0, [1e20, 1.0]),
    ],
)
def test_labels_are_a_column_by_its_name_or_index(content, label, labels):
    table = read(content, label)
    assert plain(table) == (ROWS, labels)
    assert all(type(a) is type(b) for a, b in zip(plain(table)[1], labels, strict=True))


def test_text_that_is_a_name_and_an_index_is_the_name():
    content = "a,b,0\n0.1,0.9,5\n0,0.1,6\n"
    assert plain(read(content, "0")) == (ROWS, [5, 6])
    assert plain(read(content, 2)) == (ROWS, [5, 6])


def test_labels_may_stand_alone():
    assert plain(read("label\n2\n0\n")) == (None, [2, 0])
    assert plain(read("cat\ndog\n", 0)) == (None, ["cat", "dog"])
    assert plain(read("0\n1\n")) == ([[0.0], [1.0]], None)


def test_no_rows_are_a_table():
    table = read("cat,dog,label\n")
    assert table.scores is not None
    assert table.scores.shape == (0, 2)
    assert plain(table)[1] == []
    table = read("cat,dog\n")
    assert table.scores is not None
    assert table.scores.shape == (0, 2)


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        ("0.1,0.9\n", []),
        ("cat,dog\n0.1,0.9\n", ["a.csv: line 1 is a header; 2 columns of scores: cat, dog"]),
        ("cat,y\n0.1,0\n", ["a.csv: line 1 is a header; labels in column 'y', 1 column of scores: cat"]),
        ("y\n0\n", ["a.csv: line 1 is a header; labels in column 'y', 0 columns of scores"]),
        (",".join("abcdefghi") + "\n", ["a.csv: line 1 is a header; 9 columns of scores"]),
        (
            ",cat,dog\n7,0.1,0.9\n",
            [
                "a.csv: line 1 is a header; 2 columns of scores: cat, dog",
                "a.csv: column 0 has no name and is left out, as the index that pandas and R write",
            ],
        ),
    ],
)
def test_what_was_taken_for_what_is_said(content, notes):
    assert list(read(content).notes) == notes


NUMBER = "expected a number"
MISSING_HINT = "hint: leave rows with missing scores out, or write nan"
NO_ROW_HINT = "hint: line 1 looks like no row of the table: leave it out"
PARTED_HINT = "hint: columns are parted by a comma, a semicolon or a tab"
LABEL_HINT = "hint: if that column holds the labels: --label-column {}"


@pytest.mark.parametrize(
    ("content", "label", "said"),
    [
        ("", None, ["error: a.csv is empty, expected a table of numbers"]),
        ("\n\n", None, ["error: a.csv holds no rows, only empty lines"]),
        ("0.1,0.9\n0\n", None, ["error: a.csv line 2 has 1 column, and line 1 has 2"]),
        ("a,b\n0.1,0.9\n\n0,1,2\n", None, ["error: a.csv line 3 is empty"]),
        ("0.1,0.9\n0,1,2\n", None, ["error: a.csv line 2 has 3 columns, and line 1 has 2"]),
        ("0.1,O.9\n0,1\n", None, [f'error: a.csv line 1, column 1 is "O.9", {NUMBER}', LABEL_HINT.format(1)]),
        ("a,b\n0.1,0.9\n0,x\n", None, [f'error: a.csv line 3, column 1 (b) is "x", {NUMBER}', LABEL_HINT.format(1)]),
        ("y,b\n0,0.9\n0,x\n", None, [f'error: a.csv line 3, column 1 (b) is "x", {NUMBER}']),
        (",a,b\n0,1,x\n", None, [f'error: a.csv line 2, column 2 (b) is "x", {NUMBER}', LABEL_HINT.format(2)]),
        ("0.1,\n0,1\n", None, [f"error: a.csv line 1, column 1 is empty, {NUMBER}", MISSING_HINT]),
        ("a,b,y\n0.1,NA,0\n", None, [f'error: a.csv line 2, column 1 (b) is "NA", {NUMBER}', MISSING_HINT]),
        ("a,b,\n0.1,1,\n", None, [f"error: a.csv line 2, column 2 is empty, {NUMBER}", MISSING_HINT]),
        ("a|b\n1|2\n", None, [f'error: a.csv line 2, column 0 (a|b) is "1|2", {NUMBER}', PARTED_HINT]),
        (
            "id,a,b,y\nx.png,0.1,1,0\n",
            None,
            [
                f'error: a.csv line 2, column 0 (id) is "x.png", {NUMBER}',
                "hint: if that column is no class, name those that are: --classes a,b",
            ],
        ),
        ("sep=;\na;b;y\n", None, ["error: a.csv line 2 has 3 columns, and line 1 has 2", NO_ROW_HINT]),
        ("# by me\na,b,y\n", None, ["error: a.csv line 2 has 3 columns, and line 1 has 1", NO_ROW_HINT]),
        (
            "a,b,y\r1,2,0\r",
            None,
            [
                "error: a.csv line 1 is no row: it holds a bare carriage return",
                "hint: save it with line ends of \\n or \\r\\n",
            ],
        ),
        (
            "a,b,sample_weight\n1,2,x\n",
            None,
            [f'error: a.csv line 2, column 2 (sample_weight) is "x", {NUMBER}'],
        ),
        (
            "a,b,sample_weight\n1,2,inf\n1,2,1e309\n",
            None,
            [
                "error: a.csv line 3 holds 1e309, a number too large for float64",
                "hint: write inf if infinity is meant",
            ],
        ),
        (
            "0.1,0.9\ninf, -1e309\n",
            None,
            [
                "error: a.csv line 2 holds -1e309, a number too large for float64",
                "hint: write inf if infinity is meant",
            ],
        ),
        ("1_000,1\n", None, [f'error: a.csv line 1, column 0 is "1_000", {NUMBER}', LABEL_HINT.format(0)]),
        ("1.5,1\n1_000,1\n", None, [f'error: a.csv line 2, column 0 is "1_000", {NUMBER}', LABEL_HINT.format(0)]),
        (
            "0,5;1,5\n",
            None,
            [
                f'error: a.csv line 1, column 0 is "0,5", {NUMBER}',
                "hint: write numbers with a decimal point: 0.5, not 0,5",
            ],
        ),
        (
            "a\tb\n0,5\t1\n",
            None,
            [
                f'error: a.csv line 2, column 0 (a) is "0,5", {NUMBER}',
                "hint: write numbers with a decimal point: 0.5, not 0,5",
            ],
        ),
        (
            "0.1 0.9\n0 1\n",
            None,
            [
                f'error: a.csv line 1, column 0 is "0.1 0.9", {NUMBER}',
                "hint: columns are parted by a comma, a semicolon or a tab",
            ],
        ),
        ('1,2\n3,"a\nb\x1b"\n', None, [f'error: a.csv line 3, column 1 is "a\\nb\\u001b", {NUMBER}', "hint: ..."]),
        ("y,a\n ,0.1\n", None, ["error: a.csv line 2, column 0 is empty, expected a label", "hint: ..."]),
        (
            "y,label,a\n0,0,0.1\n",
            None,
            ["error: a.csv has 2 columns that may be the labels: y, label", "hint: name one: --label-column y"],
        ),
        ("a,b\n1,2\n", "c", ["error: a.csv has no column named 'c'", "hint: known: a, b"]),
        ("gold,b\n1,2\n", "glod", ["error: a.csv has no column named 'glod'", "hint: did you mean 'gold'?"]),
        ("1.5,2\n", "c", ["error: a.csv has no header, and so no column 'c'", "hint: give its index, from 0 on"]),
        ("1.5,2\n", 2, ["error: a.csv has no column 2: it has 2, counted from 0 on"]),
        ("c,c\n1,2\n", "c", ["error: a.csv has 2 columns named 'c'", "hint: give its index, from 0 on"]),
        (b"0.1,0.9\n0,\xff\n", None, ["error: a.csv line 2 is not UTF-8 text", "hint: save it as CSV UTF-8"]),
        ("0.1,0.9".encode("utf-16"), None, ["error: a.csv is UTF-16, expected UTF-8", "hint: save it as CSV UTF-8"]),
        (b"PK\x03\x04\xff\xfe", None, ["error: a.csv line 1 is not UTF-8 text", "hint: save it as CSV UTF-8"]),
        ('0.1,"0.9\n0,1\n', None, ["error: a.csv line 2 is no row: unexpected end of data"]),
        ('0.1,"0.9"x\n', None, ["error: a.csv line 1 is no row: ',' expected after '\"'"]),
        (
            '1,"' + "2\n" * 200_000,
            None,
            ["error: a.csv line 65537 is no row: field larger than field limit (131072)"],
        ),
    ],
)
def test_what_is_no_table_is_refused(content, label, said):
    with pytest.raises(WceError) as caught:
        read(content, label)
    lines = caught.value.lines()
    assert lines[0] == said[0]
    assert len(lines) == len(said)
    if len(said) > 1 and said[1] != "hint: ...":
        assert lines[1] == said[1]


def test_a_line_without_end_is_not_read_whole(monkeypatch):
    monkeypatch.setattr("wce_cli.inputs.csv.LINE_LIMIT", 1000)
    with pytest.raises(WceError, match=r"^a\.csv line 2 is longer than 1000 bytes$"):
        read("1,2\n" + "1," * 1000)


def test_what_is_no_file_is_refused():
    os.mkfifo("pipe.csv")
    for path, said in ((".", "is a directory"), ("pipe.csv", "is a pipe")):
        with pytest.raises(WceError) as caught:
            read_csv(path)
        assert caught.value.args[0] == f"{path} {said}, expected a table of numbers"
    with pytest.raises(WceError, match=r"^no\.csv does not exist$"):
        read_csv("no.csv")


def test_tables_are_known_by_these_suffixes():
    assert TABLE_READERS == {".csv": "wce_cli.inputs.csv:read_csv", ".tsv": "wce_cli.inputs.csv:read_csv"}


CELLS = st.floats(width=64, allow_nan=False)
WORDS = st.text("abc ,;\t\"'\né_", min_size=1).filter(str.strip).map(lambda word: f"w{word.strip()}")


@settings(deadline=None)
@given(
    st.integers(1, 4).flatmap(lambda c: st.lists(st.lists(CELLS, min_size=c, max_size=c), min_size=1, max_size=5)),
    st.sampled_from(",;\t"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.data(),
)
def test_what_csv_writes_is_read_back(rows, delimiter, quoting, data):
    labels = data.draw(st.lists(WORDS, min_size=len(rows), max_size=len(rows)))
    content = io.StringIO()
    writer = csv.writer(content, delimiter=delimiter, quoting=quoting)
    writer.writerow(["label", *(f"c{n}" for n in range(len(rows[0])))])
    writer.writerows([label, *row] for label, row in zip(labels, rows, strict=True))
    table = read(content.getvalue())
    assert plain(table) == (rows, labels)


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.binary(max_size=60), st.text("0123456789.,;\t\"'\n\reE+-_naifx \0", max_size=60).map(str.encode)))
def test_any_bytes_are_a_table_or_an_error(content):
    for label in (None, 0, "x"):
        try:
            table = read(content, label)
        except WceError as error:
            assert len("".join(error.lines()).splitlines()) == 1  # noqa: PT017
        else:
            assert table.scores is not None or table.labels is not None


def test_memory_is_that_of_the_numbers():
    n, c = 40_000, 10
    with open("a.csv", "w") as file:
        file.writelines(",".join(f"{(i * j) % 997 / 7:.6f}" for j in range(c)) + "\n" for i in range(n))
    tracemalloc.start()
    try:
        table = read_csv("a.csv")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert table.scores is not None
    assert table.scores.shape == (n, c)
    assert peak < 2.2 * table.scores.nbytes + 2e6


@pytest.mark.parametrize("prefix", ["", "logit_", "class"])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("label", [True, False])
def test_columns_that_are_numbered_have_the_order_of_their_numbers(tmp_path, prefix, first, label):
    """Names sorted as text, as `sort_index(axis=1)` leaves them: 10 stands before 2."""
    names = sorted(f"{prefix}{c + first}" for c in range(11))
    rows = np.random.default_rng(2).normal(size=(3, 11))
    head = [*names, *(["label"] if label else [])]
    lines = [",".join([*map(repr, row.tolist()), *(["3"] if label else [])]) for row in rows]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(head), *lines]) + "\n", "utf-8")
    if not prefix and not label and first:
        return  # whole numbers from 1 on alone are a row of numbers
    table = read_csv(str(path))
    numbers = [int(name.removeprefix(prefix)) for name in names]
    assert table.names == tuple(f"{prefix}{c + first}" for c in range(11))
    for c in range(11):
        assert table.scores[:, c].tolist() == rows[:, numbers.index(c + first)].tolist()
    assert any("in the order of their numbers" in note for note in table.notes)
