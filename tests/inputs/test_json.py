"""JSON documents: what is read although it is odd, and what is refused although Python would read it."""

from __future__ import annotations

import json
import math
import os

import pytest

from tests.run import run
from wce_cli.errors import WceError
from wce_cli.inputs import read_file
from wce_cli.inputs.documents import Document
from wce_cli.inputs.json import read_json

BATCH = {"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1]}
PLAIN = json.dumps(BATCH).encode()
SPREAD = b'{"logits": [[1, 2]], "labels": [0]}'


def read(tmp_path, content: bytes, name: str = "batch.json") -> list[Document]:
    path = tmp_path / name
    path.write_bytes(content)
    return read_json(str(path))


def test_a_document_is_read_with_the_place_of_every_field(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.json").write_bytes(PLAIN)
    (document,) = read_file("b.json")
    assert document.fields == BATCH
    assert document.sources == {key: f"b.json $.{key}" for key in BATCH}
    assert document.place == ""
    assert document.problems == ()
    assert document.origin == "b.json"


def test_a_list_holds_batches_with_their_places(tmp_path):
    first, second = read(tmp_path, json.dumps([BATCH, {**BATCH, "name": "b"}]).encode())
    assert (first.place, second.place) == ("$[0]", "$[1]")
    assert second.sources["labels"].endswith("batch.json $[1].labels")
    assert second.fields["name"] == "b"


def test_a_file_without_a_suffix_is_read_as_json(tmp_path):
    path = tmp_path / "batch"
    path.write_bytes(PLAIN)
    assert read_file(str(path))[0].fields == BATCH


def test_null_means_not_given(tmp_path):
    (document,) = read(tmp_path, json.dumps({**BATCH, "weight": None, "name": None}).encode())
    assert set(document.fields) == {"logits", "labels"}


def test_what_other_commands_need_is_read_and_left_alone(tmp_path):
    extra = {"question": "why?", "reported": [{"value": 1, "printed": "1.0"}], "expect": {"sum": 1}, "tolerance": 0.1}
    (document,) = read(tmp_path, json.dumps({**BATCH, **extra}).encode())
    assert document.fields == BATCH
    assert document.problems == ()


def test_a_byte_order_mark_is_read_over(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbf" + PLAIN)[0].fields == BATCH


@pytest.mark.parametrize("written", ["NaN", '"NaN"', "Infinity", '"Infinity"', "-Infinity", '"-Infinity"'])
def test_both_spellings_of_what_is_not_finite_are_the_same_number(tmp_path, written):
    path = tmp_path / "batch.json"
    path.write_text(f'{{"probs": [[0.5, 0.5]], "labels": [0], "weight": [{written}, 2]}}', "utf-8")
    ran = run("explain", str(path), "--engine", "none", "--format", "json")
    number = float(written.strip('"'))
    word = "NaN" if math.isnan(number) else written.strip('"')
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["batch"]["weight"] == [word, 2.0]


@pytest.mark.parametrize("written", ["1e400", "-1e309", "1E+0400", "9" * 310 + ".0"])
def test_a_number_beyond_float64_is_not_quietly_infinite(tmp_path, written):
    shown = written if len(written) <= 20 else "999999999999… of 312 characters"
    with pytest.raises(WceError) as caught:
        read(tmp_path, f'{{"logits": [[{written}, 0]], "labels": [0]}}'.encode())
    assert caught.value.lines() == [
        f"error: {tmp_path / 'batch.json'} holds {shown}, a number too large for float64",
        "hint: write inf if infinity is meant",
    ]


@pytest.mark.parametrize(
    "written", ["1e308", "1e-400", "1.7976931348623157e308", "0e999", "9" * 308 + ".0", "Infinity"]
)
def test_a_number_that_float64_holds_is_read(tmp_path, written):
    read_back = read(tmp_path, f'{{"logits": [[{written}, 0]], "labels": [0]}}'.encode())[0].fields["logits"][0][0]
    assert read_back == float(written)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"logits": ' + b"[" * 100_000 + b"]" * 100_000 + b', "labels": [0]}', "is nested too deep to be a batch"),
        (SPREAD.decode().encode("utf-16"), "is UTF-16, expected UTF-8"),
        (SPREAD.decode().encode("utf-32"), "is UTF-32, expected UTF-8"),
        (SPREAD.decode().encode("utf-16-le"), "is not UTF-8 text"),
        (b'{"name": "caf\xe9"}', "is not UTF-8: byte 13 is no text"),
        (b"", "is empty, expected a JSON batch"),
        (b" \n", "is empty, expected a JSON batch"),
        (b'{"logits": [[1, ' + b"9" * 5000 + b']], "labels": [0]}', "holds a number too long to read"),
        (b"\x00\x01\x02\x80binary", "is not UTF-8: byte 3 is no text"),
    ],
)
def test_what_is_no_text_or_no_batch_is_refused(tmp_path, content, said):
    with pytest.raises(WceError) as caught:
        read(tmp_path, content)
    assert caught.value.args[0] == f"{tmp_path / 'batch.json'} {said}"


def test_a_list_nested_deep_but_readable_is_refused_by_its_field(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.json").write_bytes(b'{"logits": ' + b"[" * 500 + b"1" + b"]" * 500 + b', "labels": [0]}')
    assert run("explain", "b.json").err.startswith("error: logits is nested more than 32 deep\n")


def test_a_directory_and_a_missing_file_are_named(tmp_path):
    for name, said in (("", "is a directory, expected a file"), ("no.json", "does not exist")):
        path = str(tmp_path / name) if name else str(tmp_path)
        with pytest.raises(WceError) as caught:
            read_json(path)
        assert caught.value.args[0] == f"{path} {said}"


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    path = tmp_path / "secret.json"
    path.write_bytes(PLAIN)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user reads everything")
    with pytest.raises(WceError, match=r"secret\.json cannot be read: permission denied$"):
        read_json(str(path))


def test_a_name_no_system_takes_is_refused_in_one_line():
    with pytest.raises(WceError, match=r"cannot be read: embedded null (byte|character)$"):
        read_json("a\0b.json")
    with pytest.raises(WceError, match=r"cannot be read: file name too long$"):
        read_json("x" * 5000)


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_a_batch_is_read_from_stdin(arguments):
    ran = run("explain", *arguments, "--engine", "none", "--format", "json", stdin=PLAIN)
    report = json.loads(ran.out)
    assert report["batch"]["sources"] == {key: f"stdin $.{key}" for key in BATCH}
    assert report["totals"]["weight_sum"] == 1.1


@pytest.mark.parametrize("stdin", [b"", b" \n\t"])
def test_an_empty_stdin_is_an_error(stdin):
    ran = run("explain", stdin=stdin)
    assert ran == (2, "", "error: stdin was empty\nhint: pipe a JSON batch in, or give --logits and --labels\n")


def test_a_directory_is_named_by_a_pattern_of_its_files(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    for name, hint in (
        ("notes.txt", "there is no file in it that wce reads"),
        ("a.npy", f"name the files in it by a pattern in quotes: '{folder / '*.npy'}'"),
        ("b.json", f"name the files in it by a pattern in quotes: '{folder / '*.npy'}'"),
        ("c.JSON", f"name the files in it by a pattern in quotes: '{folder / '*.json'}'"),
    ):
        (folder / name).touch()
        with pytest.raises(WceError) as caught:
            read_json(str(folder))
        assert caught.value.problems[0].hint == hint


def test_an_at_before_a_file_is_told_to_be_one_too_many(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batch.json").write_text("{}", "utf-8")
    for path, hint in (("@batch.json", "leave the @ out: batch.json"), ("@no.json", "")):
        with pytest.raises(WceError) as caught:
            read_json(path)
        assert caught.value.problems[0].hint == hint
