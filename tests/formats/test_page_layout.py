"""Pages of every command: the answer, the picture, the tables, the foot; and what a narrow window does to them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from html import unescape
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

import wce_cli
from tests.formats.printed import Page
from tests.formats.reports import HOSTILE, report_of
from tests.run import ROOT, run
from wce_cli import __version__
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.columns import Column
from wce_cli.formats.foot import LONGEST, command_line
from wce_cli.formats.html import table
from wce_cli.formats.look import Look
from wce_cli.formats.reflow import BREAKS

SIX = ["-x", "2 1 0; 0 1 2; 1 1 1; 0 3 1; 2 0 1; 1 0 0", "-y", "0,1,-100,1,2,0", "-w", "1,0.25,3"]
COMMANDS = {
    "explain": (["explain", *SIX, "--engine", "none"], "PyTorch's mean is 1.01386"),
    "classes": (["explain", *SIX, "--engine", "none", "--rows", "0"], "PyTorch's mean is 1.01386"),
    "split": (["split", *SIX, "--size", "2"], "weighted-mean of the whole batch is 1.01386"),
    "gradient": (["gradient", *SIX], "weighted-mean has 1.09091 times the gradient"),
    "sweep": (["sweep", *SIX, "--class", "2"], "batch-mean is a straight line"),
    "identify": (["identify", "1.0139", *SIX], "1.0139 is weighted-mean: PyTorch's reduction='mean'"),
    "none": (["identify", "0.98765", *SIX, "--verbose"], "no rule gives 0.98765"),
    "several": (["identify", "1.0139", "0.9294", *SIX, "--verbose"], "0.9294 is batch-mean"),
}


@pytest.fixture(scope="module")
def pages():
    return {name: run(*command, "-f", "html").out for name, (command, _) in COMMANDS.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_answer_stands_above_the_picture_and_the_tables_below_it(pages, name):
    text = re.sub("</?span[^>]*>", "", unescape(pages[name])).replace("\u00a0", " ")
    text = text[text.index("</style>") :]  # after its title, which may say as much
    tables = () if name == "identify" else ("<table",)  # a number alone is answered in sentences
    assert ("<table" in text) == bool(tables)
    places = [text.index(word) for word in (COMMANDS[name][1], "<svg", "</svg>", *tables, "<footer")]
    assert places == sorted(places)


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_in_a_page_has_a_width_that_a_narrow_window_lacks(pages, name):
    text = re.sub("<svg.*?</svg>", "", pages[name], flags=re.DOTALL)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    widths = re.findall(r"(?<![-\w])(?:min-)?width:([^;}\"]+)", text)
    assert set(widths) <= {"100%", "9em", "0!important"}  # 9em: a column of sentences, until its table flows
    text = re.sub(r'<span style="white-space:nowrap">[^<]{1,32}</span>', "", text)  # a name, shorter than any window
    assert not re.search(r"white-space:nowrap|<table(?! class=\"wce-table wce-t\d+\" style=\"border-collapse:collapse;"
                         r"width:100%)", text)  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_table_flows_where_it_does_not_fit_and_no_cell_loses_its_name(pages, name):
    text, page = pages[name], Page(re.sub("<svg.*?</svg>", "", pages[name], flags=re.DOTALL))
    for at in set(re.findall(r"wce-table wce-t(\d+)", text)):
        assert f"@container wce (width<{at}em)" in text
        assert re.search(rf"\.wce-t{at} td\{{order:3;[^}}]*white-space:pre-wrap!important;overflow-wrap:anywhere", text)
    assert ".wce{container:wce/inline-size}" in text
    heads, position = [], 0
    for tag, found in page.tags:
        if tag == "table":
            heads = page.tables[position][0]
            position += 1
        elif tag == "tr":
            column = 0
        elif tag == "td":
            assert found.get("data-head", "") == heads[column]
            column += 1


def test_the_first_column_and_the_loss_stay_together(pages):
    page = pages["explain"]
    rows = re.findall("<tr.*?</tr>", page)
    mains = [re.findall('<td class="wce-main" data-head="= loss"[^>]*>(.*?)</td>', row) for row in rows]
    assert [found for found in mains if found] == [["1.01386"], ["0.929372"], ["5.57623"], ["0.788822"]]
    assert "td:first-child{order:1;" in page
    assert ".wce-main{order:1}" in page
    assert "tr::after{content:'';flex-basis:100%;order:2}" in page


def test_a_table_says_how_wide_it_is():
    def at(*cells):
        columns = [Column("head", [cell], 1) for cell in cells]
        return int(re.search(r"wce-t(\d+)", table(columns, Look()))[1])

    assert at("1") == BREAKS[0]
    assert at("0.123456", "0.123456", "0.123456") < at(*["0.123456"] * 6) < at(*["0.123456"] * 12)
    assert at("x" * 300) == BREAKS[-1]
    long = Column("found", ["a sentence that goes on " * 20], 1, is_prose=True)
    assert "wce-t20" in table([long], Look())


def test_a_page_is_as_wide_as_its_widest_table_and_text_is_not():
    wide = run("explain", *SIX, "--precision", "17", "--engine", "none", "-f", "html").out
    narrow = run("explain", *SIX, "--precision", "3", "--engine", "none", "-f", "html").out
    widths = [int(re.search(r"<body style=\"[^\"]*max-width:(\d+)rem", page)[1]) for page in (narrow, wide)]
    assert widths[0] == 60
    assert 90 <= widths[1] <= 110
    assert '<p style="margin:.7em 0;max-width:50rem' in wide


FINDING = re.compile(r'<(?:div|b) class="(?:wce-finding )?wce-(error|caution|note)" style="([^"]*)"')


def test_what_a_reader_must_know_has_one_look_in_every_command(tmp_path):
    expected = {"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1], "expect": {"sum": 1}}
    (tmp_path / "a.json").write_text(json.dumps(expected), "utf-8")
    asked = {
        "explain": ["explain", "-x", "1 2; 3 -inf", "-y", "0,1", "-w", "1,-1", "--engine", "none"],
        "split": ["split", "-x", "1 2; 3 4; 1 0; 2 2", "-y", "0,0,1,1", "-w", "0,1", "--size", "2"],
        "check": ["check", str(tmp_path / "a.json")],
        "audit": ["audit", str(ROOT / "samples" / "handwritten_loss.py") + ":weighted_loss"],
    }
    bars: dict[str, set[str]] = {}
    for command in asked.values():
        page = run(*command, "-f", "html").out
        found = FINDING.findall(page)
        assert found, command
        for severity, style in found:
            bars.setdefault(severity, set()).add(style[style.index("border-left") :])
            assert f"<b>{severity}</b>" in page or f'<b class="wce-{severity}"' in page
    assert set(bars) == {"error", "caution", "note"}
    assert all(len(looks) == 1 for looks in bars.values()), bars


def foot(page: str) -> list[str]:
    (found,) = re.findall("<footer[^>]*><code>(.*?)</code><br>(.*?)</footer>", page, re.DOTALL)
    return [unescape(one) for one in found]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_foot_says_what_was_typed_and_the_version(pages, name):
    command, _ = COMMANDS[name]
    said, version = foot(pages[name])
    assert shlex.split(said) == ["wce", *command, "-f", "html"]
    assert version == f"wce {__version__}"


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_the_foot_is_text_whatever_was_typed(name):
    call = command_line(["explain", "--classes", name])
    page = formatted(formats_of("explain")["html"], [report_of("two")], Look(call=call))
    assert "<script" not in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page)
    assert foot(page)[0].startswith("wce explain --classes ")
    assert foot(page)[0].isprintable()


@pytest.mark.parametrize(
    "word", ["a b", "it's", "tab\tand\nline", "\x1b[31m", "back\\slash\n'", "猫", "$HOME `x` *", ""]
)
def test_a_shell_reads_the_foot_back(word):
    done = subprocess.run(
        ["bash", "-c", f"wce() {{ printf '%s\\0' \"$@\"; }}; {command_line(['explain', word, '--rows'])}"],
        capture_output=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout.decode().split("\0")[:-1] == ["explain", word, "--rows"]


def test_a_very_long_command_is_shortened_and_no_path_is_added(tmp_path, monkeypatch):
    line = command_line(["explain", "-x", "1 2;" * 5000])
    assert len(line) == LONGEST
    assert line.endswith(" …")
    monkeypatch.chdir(tmp_path)
    Path("a.json").write_text(json.dumps({"logits": [[1, 2]], "labels": [0]}), "utf-8")
    page = run("explain", "a.json", "--engine", "none", "-f", "html").out
    assert str(tmp_path) not in page
    assert foot(page)[0] == "wce explain a.json --engine none -f html"


def test_in_python_the_foot_names_the_function():
    batch = {"logits": [[1, 2], [3, 4]], "labels": [0, 1]}
    made = {
        "explain": wce_cli.explain(**batch, engines=()),
        "split": wce_cli.split(size=1, **batch),
        "gradient": wce_cli.gradient(**batch),
        "sweep": wce_cli.sweep(0, **batch),
        "identify": wce_cli.identify("0.8133", **batch),
    }
    for name, answer in made.items():
        assert foot(answer._repr_html_()) == [f"wce_cli.{name}(…)", f"wce {__version__}"]


def test_a_page_of_several_batches_has_one_foot_and_one_style(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([{"logits": [[1, 2]], "labels": [0]}] * 3), "utf-8")
    for command in (["explain", "--engine", "none"], ["split", "--size", "1"], ["sweep", "--class", "0"]):
        page = run(command[0], str(tmp_path / "a.json"), *command[1:], "-f", "html").out
        assert page.count("<footer") == 1
        assert len(re.findall(r"<style>", re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL))) == 1
