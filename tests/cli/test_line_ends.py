"""What is printed at any width: where lines end, what is left out, and what stands first; and in how many digits."""

from __future__ import annotations

import re

import pytest

from tests.run import run
from wce_cli import gradient
from wce_cli.formats.look import GLUE, Look
from wce_cli.formats.screen import Screen

FIVE = ["-x", "2.04 0.3 0.1; 0.2 -0.45 0.1; -0.9 -1.2 -0.87; 3.1 0.23 1; -0.28 -1 -0.9", "-y", "0,1,-100,1,0"]
FIVE += ["-w", "1,2,0.5"]
COMMANDS = {
    "explain": ["explain", *FIVE, "--engine", "none"],
    "smoothed": ["explain", *FIVE, "--engine", "none", "--label-smoothing", "0.1"],
    "split": ["split", *FIVE, "--size", "2"],
    "gradient": ["gradient", *FIVE],
    "class": ["sweep", *FIVE, "--class", "0"],
    "smoothing": ["sweep", *FIVE, "--smoothing"],
    "identify": ["identify", "1.44", "1.31", *FIVE, "--verbose"],
    "nothing": ["identify", "1.23", *FIVE],
}


@pytest.mark.parametrize("width", [40, 57, 80, 100])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_ends_within_a_formula(name, width):
    out = run(*COMMANDS[name], COLUMNS=str(width)).out
    for line, below in zip(out.split("\n"), out.split("\n")[1:], strict=False):
        assert not re.search(r"(?:^|\s)(?:[·/=≈≠+−]|Σ(?:_\w)?|.*\bN kept =|\(?\w =)$", line) or not below.strip(), line
        assert not re.match(r"\s+(?:[·/≠+−] |% )", below), below


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("its own part instead of 1 / D: by this", "1 / D:"),
        ("the nearest is N · C = 15.", "N · C"),
        ("divided by Σ_c w[c] of the batch", "Σ_c w[c]"),
        ("it is the sum divided by N kept = 4, no more", "= 4,"),
        ("of numbers as long 0.0014 % have one", "0.0014 %"),
        ("N with w ≠ 0 is one of them", "N with w ≠ 0"),
    ],
)
def test_a_formula_stays_on_one_line_where_there_is_room_and_is_parted_where_there_is_none(text, unit):
    for width in range(20, 60):
        screen = Screen(Look(width=width))
        screen.prose(text)
        lines = str(screen).splitlines()
        assert any(unit in line for line in lines), width
        assert max(map(len, lines)) <= width
        assert GLUE not in str(screen)
    screen = Screen(Look(width=20))
    screen.prose("a / b · c / d · e / f · g / h · i / k · l / m")
    assert max(map(len, str(screen).splitlines())) <= 20


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command[0] != "identify"])
@pytest.mark.parametrize("more", [(), ("--method", "all"), ("--format", "markdown")])
def test_precision_is_that_of_every_number_of_an_answer(name, more):
    """Of `identify` a rule's own number has the digits of the one that was asked for."""
    out = run(*COMMANDS[name], "--precision", "3", *more).out
    numbers = re.findall(r"(?<![\w.])\d+\.\d+(?:e[-+]\d+)?(?![\w.])", out)
    assert len(numbers) > 3
    for number in numbers:
        digits = number.partition("e")[0].replace(".", "").lstrip("0")
        assert len(digits) <= 3, number


def test_precision_is_of_one_answer_and_not_of_the_next():
    asked = run(*COMMANDS["class"], "--precision", "3").out
    given = run(*COMMANDS["class"]).out
    assert asked != given
    run(*COMMANDS["class"], "--precision", "3")
    told = gradient(logits=[[0.1, 0.9], [0, 0.1]], labels=[0, 1], weight=[0.1, 1]).sentences
    assert told[0].startswith("weighted-mean has 1.81818 times")
    assert (
        "meet at 0.25"
        in run(
            "sweep", "-x", "2.04 0.3; 0.2 -0.45", "-y", "0,1", "-w", "1,0.25", "--class", "0", "--precision", "2"
        ).out
    )


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("explain", "PyTorch's mean is"),
        ("split", "weighted-mean of the whole batch is"),
        ("gradient", "weighted-mean has 0."),
        ("class", "weighted-mean moves from"),
        ("smoothing", "batch-mean is a straight line"),
        ("nothing", "no rule gives 1.23"),
    ],
)
@pytest.mark.parametrize("format", ["table", "markdown"])
def test_the_answer_is_the_first_that_is_printed(name, first, format):
    out = run(*COMMANDS[name], "--format", format).out.removeprefix("### ")
    assert out.startswith(first)


@pytest.mark.parametrize("name", ["gradient", "class"])
def test_a_narrow_screen_keeps_the_two_numbers_that_people_have(name):
    out = run(*COMMANDS[name], COLUMNS="40").out
    assert re.search(r"^.*weighted-mean +batch-mean", out, re.MULTILINE)
