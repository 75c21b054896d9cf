"""Which command has which format: read off the folders, so that what is added is a file and the line that names it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.run import ROOT
from wce_cli.cli.app import COMMANDS
from wce_cli.formats import QUESTIONS, WRITERS, formats_of, given, gives

FORMAT = '''"""How many blocks an answer has."""

from wce_cli.formats import given


def write(question, answers, look):
    blocks = given(question, "blocks").answer_blocks
    return "".join(f"{len(list(blocks(answer, look, False)))} blocks\\n" for answer in answers)
'''
BLOCKS = """from wce_cli.formats import blocks


def answer_blocks(answer, look, titled):
    yield blocks.name("what is it?")
    yield blocks.answer("It is 42.")
"""
CASES = """from wce_cli.formats.junit import SuiteCase


def cases(answer):
    yield SuiteCase("all", "wce", "it is 42")
"""
ROWS = """def columns(answers, look):
    return ["it"]


def rows(answers, look, columns):
    return ((answer, [42]) for answer in answers)
"""
QUESTION = """import msgspec

from wce_cli import formats
from wce_cli.formats.look import Look


class Invented(formats.Struct):
    it: int = 42


known = formats.formats_of("invented")
print(msgspec.json.encode({name: formats.formatted(one, [Invented()], Look()) for name, one in known.items()
                           if name not in ("html", "svg")} | {"known": [*known]}).decode())
"""


@pytest.fixture
def copy(tmp_path):
    """A copy of the package, and what runs a line of Python or of the command in it."""
    package = tmp_path / "wce_cli"
    shutil.copytree(ROOT / "wce_cli", package, ignore=shutil.ignore_patterns("__pycache__"))

    def ran(*words: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        asked = [sys.executable, *words]
        return subprocess.run(
            asked, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )

    return package, ran


def added_to(table, after: str, line: str) -> None:
    text = table.read_text("utf-8")
    assert text.count(after) == 1
    table.write_text(text.replace(after, f"{after}{line}"), "utf-8")


def test_every_command_with_formats_is_a_question_with_a_folder():
    assert set(QUESTIONS) <= set(COMMANDS)
    for question in QUESTIONS:
        assert "blocks" in gives(question)
        assert {"table", "json", "markdown", "html"} <= set(formats_of(question))


def test_a_format_is_there_exactly_where_its_module_is():
    for question in QUESTIONS:
        for name, writer in WRITERS.items():
            assert (name in formats_of(question)) == (not writer.needs or writer.needs in gives(question))
            if name in formats_of(question) and writer.needs:
                given(question, writer.needs)


def test_an_invented_format_is_a_file_and_a_line(copy):
    package, ran = copy
    (package / "formats" / "counted.py").write_text(FORMAT)
    added_to(
        package / "formats" / "__init__.py", "WRITERS = {\n", '    "counted": Writer("picture", suffixes=(".n",)),\n'
    )
    two = str(ROOT / "samples" / "two-samples.json")
    said = " ".join(ran("-m", "wce_cli", "split", "--help").stdout.split())
    assert "counted, table, json, csv, markdown, html or svg" in said
    assert ".n, .txt, .json, .csv, .md, .html or .svg" in said
    for command in (["explain", "--engine", "none"], ["split", "--size", "1"], ["gradient"], ["identify", "0.6923"]):
        done = ran("-m", "wce_cli", *command, two, "-f", "counted")
        assert done.stdout.endswith(" blocks\n"), done.stderr
    refused = ran("-m", "wce_cli", "check", two, "-f", "counted").stderr  # it draws no picture
    assert '--format is "counted", expected table, json, ndjson' in refused
    assert "counted goes with other answers, as those of wce explain" in refused


def test_an_invented_question_has_the_formats_of_what_its_folder_gives(copy):
    package, ran = copy
    folder = package / "formats" / "invented"
    folder.mkdir()
    for name, text in (("__init__", ""), ("blocks", BLOCKS), ("cases", CASES), ("rows", ROWS)):
        (folder / f"{name}.py").write_text(text)
    found = json.loads(ran("-c", QUESTION).stdout)
    assert found.pop("known") == ["table", "json", "csv", "junit", "markdown", "html"]
    assert found["table"] == "what is it?\nIt is 42.\n"
    assert found["markdown"] == "### what is it?\n\nIt is 42.\n"
    assert json.loads(found["json"]) == {"it": 42}
    assert found["csv"] == "it\n42\n"
    assert '<testcase classname="wce" name="it is 42"/>' in found["junit"]
    (folder / "rows.py").unlink()
    assert "csv" not in json.loads(ran("-c", QUESTION).stdout)["known"]
