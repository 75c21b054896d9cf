"""`--help`: its headings, what stands below each, and the columns that it takes."""

from __future__ import annotations

import re

import pytest
import typer.main

from tests.run import run
from wce_cli.cli import headings
from wce_cli.cli.app import COMMANDS, typer_app
from wce_cli.formats import QUESTIONS

HEAD = re.compile(r"^([A-Z][a-z ]+):$")
FLAG = re.compile(r"^  (-.*?)(?:  |$)")


def sections(command: str) -> dict[str, list[str]]:
    """The options of a command by the heading above them, each by its longest name."""
    found: dict[str, list[str]] = {}
    below: list[str] = []
    for line in run(command, "--help").out.splitlines():
        if head := HEAD.match(line):
            below = found.setdefault(head[1], [])
        elif flags := FLAG.match(line):
            below.append(max(re.findall(r"--[a-z-]+", flags[1]), key=len))
    return found


def test_the_options_of_explain_stand_under_headings():
    assert sections("explain") == {
        "The batch": [
            "--logits",
            "--log-probs",
            "--probs",
            "--labels",
            "--class-weight",
            "--sample-weight",
            "--classes",
            "--label-smoothing",
            "--criterion",
        ],
        "How it is read": [
            *("--ignore-index", "--label-base", "--class-axis", "--no-shift", "--label-column", "--keep-going"),
        ],
        "What is shown": [
            "--engine",
            "--method",
            "--only",
            "--rows",
            "--by-sample",
            "--sort",
            "--top",
            "--findings",
            "--precision",
            "--width",
            "--color",
            "--help",
        ],
        "Where it goes": ["--output", "--format", "--save", "--totals-out"],
    }


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("split", ["--size", "--ranks", "--by", "--shuffle"]),
        ("gradient", None),
        ("sweep", ["--class", "--smoothing", "--scale", "--from", "--to", "--points", "--values"]),
        ("identify", ["--loss-values", "--gradient-values", "--depth", "--tolerance", "--separate"]),
    ],
)
def test_what_a_command_asks_stands_above_the_batch(command, asked):
    found = sections(command)
    assert found.get("What is asked") == asked
    assert [head for head in found if head != "What is asked"] == list(headings.HEADINGS[1:])
    assert next(iter(found)) == ("What is asked" if asked else "The batch")


@pytest.mark.parametrize("command", QUESTIONS)
def test_every_option_is_declared_under_a_heading(command):
    own = typer.main.get_command(typer_app(COMMANDS)).commands[command].params
    assert {one.rich_help_panel for one in own} <= {*headings.HEADINGS}


def test_explain_has_at_most_31_options():
    own = typer.main.get_command(typer_app(COMMANDS)).commands["explain"].params
    options = [one for one in own if one.param_type_name == "option"]
    assert sum(map(len, sections("explain").values())) == len(options) + 1 <= 31


def test_the_commands_are_listed_with_a_whole_sentence_each():
    lines = run("--help", COLUMNS="80").out.splitlines()
    listed = [line for line in lines if line.split()[:1] and line.split()[0] in COMMANDS]
    assert len(listed) == len(COMMANDS)
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("arguments", [("--help",), *((name, "--help") for name in COMMANDS)])
def test_no_line_is_longer_than_80_columns(arguments, columns):
    assert max(map(len, run(*arguments, COLUMNS=str(columns)).out.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [("--help",), *((name, "--help") for name in COMMANDS)])
def test_a_narrow_terminal_has_lines_as_narrow_but_for_what_is_to_be_copied(arguments):
    text, _, _ = run(*arguments, COLUMNS="40").out.partition("Examples:")
    assert max(map(len, text.splitlines())) <= 40
