"""Lines in pieces: none is cut, none is lost, and each knows its number."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wce_cli.errors import WceError
from wce_cli.inputs import lines, stdin
from wce_cli.inputs.lines import Lines, are_lines


def refuse(error: WceError) -> None:
    raise error


def read(paths: list[str]) -> list[tuple[str, int, bytes, int, bool]]:
    """Every line that is not empty: its file, number, content, position, and whether it is alone."""
    return [
        (piece.shown, number, line.strip(), piece.position + k, piece.is_alone)
        for piece in Lines(paths, refuse).pieces()
        for k, (number, line) in enumerate(piece.lines())
    ]


@given(
    st.lists(st.sampled_from(["", " ", "a", "bb", "c" * 7, "d" * 30, "\t"]), max_size=12),
    st.lists(st.sampled_from(["", "e", "f" * 9]), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.integers(1, 16),
)
def test_no_line_is_cut_or_lost_whatever_the_pieces(tmp_path_factory, one, two, ending, ended, piece):
    folder = tmp_path_factory.mktemp("lines")
    expected, position = [], 0
    for name, texts in (("one.ndjson", [*one, "x"]), ("two.jsonl", [*two, "y"])):
        (folder / name).write_bytes((ending.join(texts) + (ending if ended else "")).encode())
        for number, text in enumerate(texts, 1):
            if text.strip():
                expected.append((str(folder / name), number, text.strip().encode(), position, False))
                position += 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "PIECE", piece)
        assert read([str(folder / "one.ndjson"), str(folder / "two.jsonl")]) == expected


def test_one_document_is_alone_and_two_are_not(tmp_path):
    (tmp_path / "a.ndjson").write_text("\n\nx\n\n")
    (tmp_path / "b.ndjson").write_text("y")
    a, b = str(tmp_path / "a.ndjson"), str(tmp_path / "b.ndjson")
    assert read([a]) == [(a, 3, b"x", 0, True)]
    assert read([a, b]) == [(a, 3, b"x", 0, False), (b, 1, b"y", 1, False)]


def test_a_line_of_many_pieces_is_one_line(tmp_path):
    path = tmp_path / "long.ndjson"
    path.write_bytes(b"a\n" + b"x" * (5 * lines.PIECE) + b"\nb\n")
    assert [(number, len(line)) for _, number, line, *_ in read([str(path)])] == [(1, 1), (2, 5 * lines.PIECE), (3, 1)]


def test_files_that_are_not_there_are_found_before_anything_is_read(tmp_path):
    (tmp_path / "a.ndjson").write_text("x\ny\n")
    with pytest.raises(WceError, match=r"no\.ndjson does not exist$"):
        Lines([str(tmp_path / "a.ndjson"), str(tmp_path / "no.ndjson")], refuse)
    (tmp_path / "d.ndjson").mkdir()
    with pytest.raises(WceError, match=r"d\.ndjson is a directory, expected a file\nhint: "):
        Lines([str(tmp_path / "d.ndjson")], refuse)


def test_a_file_without_a_line_is_told_and_the_next_one_is_read(tmp_path):
    (tmp_path / "a.ndjson").write_text(" \n")
    (tmp_path / "b.ndjson").write_text("x")
    told: list[WceError] = []
    found = list(Lines([str(tmp_path / "a.ndjson"), str(tmp_path / "b.ndjson")], told.append).pieces())
    assert [piece.content for piece in found] == [b"x"]
    assert [str(error) for error in told] == [f"{tmp_path / 'a.ndjson'} has no line with a batch"]


def test_a_pipe_is_read_as_it_is_written_and_says_whether_there_is_more(tmp_path):
    path = tmp_path / "pipe.ndjson"
    os.mkfifo(path)
    go, end = threading.Event(), threading.Event()

    def write() -> None:
        with open(path, "wb", buffering=0) as pipe:
            pipe.write(b"a\nb\n")
            go.wait(10)
            pipe.write(b"c\n")
            end.wait(10)

    writer = threading.Thread(target=write)
    writer.start()
    source = Lines([str(path)], refuse)
    pieces = source.pieces()
    assert next(pieces).content == b"a\nb\n"
    assert not source.comes_at_once()
    go.set()
    assert next(pieces).content == b"c\n"
    end.set()
    writer.join(10)
    assert list(pieces) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": 1}\n{"a": 2}\n', True),
        (b'\n \n{"a": 1}\r\n\n\n{', True),
        (b'\xef\xbb\xbf{"a": NaN}\n{}', True),
        (b'{"a": 1, "a": 2}\n{}', True),
        (b'{"a": 1}\n\n  \n', False),
        (b'{"a": 1}', False),
        (b'{\n"a": 1}\n', False),
        (b'{"a": 1,\n"b": 2}\n', False),
        (b'[{"a": 1},\n{"a": 2}]', False),
        (b"1\n2\n", False),
        (b"", False),
    ],
)
@pytest.mark.parametrize("block", [1, 3, 1 << 17])
def test_stdin_is_looked_into_and_nothing_of_it_is_lost(monkeypatch, content, expected, block):
    receive, send = os.pipe()
    os.write(send, content)
    os.close(send)
    monkeypatch.setattr(stdin, "LOOKED_AT_ONCE", block)
    with open(receive, "rb") as stream:

        class Standard:
            buffer = stream

        monkeypatch.setattr("sys.stdin", Standard)
        assert are_lines(["-"]) is expected
        assert b"".join(stdin.blocks()) == content
