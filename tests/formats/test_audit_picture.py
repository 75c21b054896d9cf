"""The picture of an audit: its golden file, what it says where there is no number, and what it makes of odd text."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from html import unescape

import jsonschema
import pytest
from msgspec import structs

from tests.alike import assert_alike, words_of
from tests.questions.audit.inside import audited_here
from tests.run import ROOT, run
from wce_cli.answers.audit import SCHEMA, Audit, Compared, Limit, MethodValue, Row
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.json import schema_of
from wce_cli.formats.look import Look

pytest.importorskip("matplotlib")
pytest.importorskip("torch")

GOLDEN = ROOT / "tests" / "data" / "pictures" / "audit.svg"
COMMAND = ("audit", "samples/handwritten_loss.py:weighted_loss", "--expect", "weighted-mean")
HOSTILE = '<script>alert(1)</script>&"$\\frac$'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The answer on stdout, the picture and the page beside it, from one run."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        ran = run(*COMMAND, "--save", str(folder / "a.svg"), "--save", str(folder / "a.html"))
    assert (ran.code, ran.err) == (1, "")
    return ran.out, (folder / "a.svg").read_text("utf-8"), (folder / "a.html").read_text("utf-8")


@pytest.fixture(scope="module")
def sample():
    return audited_here(str(ROOT / "samples" / "handwritten_loss.py") + ":weighted_loss")


def svg(answer) -> str:
    return formatted(formats_of("audit")["svg"], [answer], Look())


def drawn(picture: str) -> str:
    """What is drawn, without the numbers below it."""
    return picture[: picture.index("</svg>")]


def test_it_is_what_its_golden_file_holds(made):
    assert_alike(made[1], GOLDEN.read_text("utf-8"), "audit")


def test_it_is_well_formed_and_fetches_nothing(made):
    ET.fromstring(made[1])
    for text in made[1:]:
        allowed = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert set(re.findall(r"https?://[^\s\"'<>)]+", text)) <= allowed
        assert not re.search(r"<script|<image|@import|url\((?!#)|href=\"(?!#)", text)
        body = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
        assert not re.search(r"#[0-9a-f]{6}", body[body.index("<svg") : body.rindex("</svg>")])
        assert "prefers-color-scheme:dark" in text


def test_the_table_and_both_side_files_come_from_one_run(made):
    table, picture, page = made
    assert table.startswith("samples/handwritten_loss.py:weighted_loss computes batch-mean\n")
    assert "the batch of the picture" not in table
    assert "the batch of the picture" in words_of(picture)
    assert page.index("</svg>") < page.index("<table")


def test_it_says_what_is_computed_and_what_was_expected_in_words(made):
    words = words_of(made[1])
    assert "weighted_loss: expected weighted-mean, but it computes batch-mean" in " ".join(words)
    assert words.index("(what it computes)") < words.index("(expected)")
    assert {"this function", "weighted-mean", "88.72, then inf", "−745.1, then -inf", "no limit"} <= set(words)


def test_its_numbers_stand_below_it(made):
    text = made[1][made[1].rindex("the batch of the picture") :]
    for line in ("weighted-mean      2.15508", "batch-mean        0.323262", "element-mean     0.0808156"):
        assert line in text
    assert {"2.15508", "0.323262", "0.0808156"} <= set(words_of(drawn(made[1])))


def test_no_line_of_it_is_longer_than_it_is_wide(made):
    below = re.findall(r'<text x="12" y="[\d.]+" xml:space="preserve">(.*?)</text>', made[1])
    assert len(below) > 40
    assert max(len(unescape(line)) for line in below) <= 66


def test_what_is_told_by_colour_is_told_by_shape_too(sample):
    shapes = []
    for name in ("ok", "note", "wrong"):
        rows = (Row("edges", "it", name, ""),)
        picture = drawn(svg(structs.replace(sample, compared=None, limits=(), rows=rows)))
        marks = dict(re.findall(r'<path id="(m[0-9a-f]{10})" d="(.*?)"', picture, re.DOTALL))
        used = re.findall(r'<use xlink:href="#(m[0-9a-f]{10})"', picture)
        assert len(used) == 4  # its own, then the three that say what they mean
        assert marks[used[0]] == marks[used[1 + len(shapes)]]
        shapes.append(marks[used[0]])
    assert len(set(shapes)) == 3


COMPARED = Compared(
    about="nothing is special",
    got=None,
    said=f"{HOSTILE}: a message",
    rule=float("nan"),
    methods=(MethodValue("weighted-mean", float("inf")), MethodValue("batch-mean", 2.0)),
    probe={"logits": [[1.0, 2.0]], "labels": [0], "weight": [1.0, 0.5]},
)


def test_what_is_no_number_is_said_in_words(sample):
    words = words_of(svg(structs.replace(sample, compared=structs.replace(COMPARED, said="KeyError: 'x'"))))
    assert {"KeyError", "inf", "this function"} <= set(words)
    for got, said in ((float("nan"), "nan"), (float("-inf"), "-inf")):
        words = words_of(svg(structs.replace(sample, compared=structs.replace(COMPARED, got=got, said=said))))
        assert words[words.index("this function") + 1] == said


def test_text_of_others_is_text(sample):
    odd = structs.replace(
        sample,
        target=f"{HOSTILE}/\x1b[31m\x00.py:{HOSTILE}",
        compared=COMPARED,
        limits=(Limit("largest logit", "float32", 12.5, 1e6, f"{HOSTILE}: \x07"),),
        rows=(Row("conduct", HOSTILE, "note", f"{HOSTILE}\x00"),),
    )
    picture = svg(odd)
    shown = [element.text or "" for element in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert any("<script>" in text for text in shown)
    assert any(text.startswith("12.5, then <script>") for text in shown)
    page = formatted(formats_of("audit")["html"], [odd], Look())
    for text in (picture, page, odd._repr_html_()):
        assert "<script" not in text
        assert "&lt;script" in text
        assert not re.search("[\x00\x07\x1b]", text)


@pytest.mark.parametrize("name", ["focal", "two_mistakes", "SmoothingOverOthers", "no_log", "takes_probabilities"])
def test_other_functions_are_drawn_too(name):
    answer = audited_here(f"wrong.py:{name}")
    ET.fromstring(svg(answer))
    assert answer.compared is not None
    assert "this function" in words_of(svg(answer))
    jsonschema.validate(json.loads(formatted(formats_of("audit")["json"], [answer], Look())), schema_of(Audit, SCHEMA))


def test_a_cap_is_a_bar_that_ends_and_says_what_comes_then():
    words = words_of(drawn(svg(audited_here("capped.py:plus_1e_7", expect="weighted-mean"))))
    assert "plus_1e_7: expected weighted-mean: it is that, except" in words
    assert "scores up to which it is finite and right" in words
    ends = [line for line in words if line.endswith("; 1e6 gives 16.118")]
    assert len(ends) >= 2
    assert all(6 < float(line.partition(";")[0]) < 7 for line in ends)


def test_a_loss_for_each_sample_is_drawn_without_the_methods():
    words = words_of(svg(audited_here("right.py:per_token")))
    assert "this function" not in words
    assert {"scores up to which it is finite and right", "what was looked at"} <= set(words)


def test_an_audit_that_cannot_answer_has_no_picture_and_is_no_error(sample):
    ends = Row("conduct", "ends", "wrong", "ends the process with exit code 5, at the first call")
    answer = structs.replace(sample, is_answered=False, computed=(), compared=None, limits=(), rows=(ends,))
    for format in ("svg", "html"):
        text = formatted(formats_of("audit")[format], [answer], Look())
        assert "wce-drawing" not in text
        assert "ends the process with exit code 5" in text
    for bare in (answer, structs.replace(sample, compared=None, limits=(), rows=())):
        assert "wce-drawing" not in svg(structs.replace(bare, rows=()))


def test_each_format_is_asked_for_by_name(monkeypatch):
    monkeypatch.chdir(ROOT)
    page = run("audit", "tests/data/audit/hostile.py:ends_the_process", "--format", "html")
    assert page.code == 2
    assert page.out.startswith("<!doctype html>")
    assert "ends the process with exit code 5" in page.out
    assert "svg" in run("audit", "--help").out


def test_a_notebook_shows_it_and_a_prompt_says_it_in_a_line(sample):
    assert "<svg" in sample._repr_html_()
    assert "<table" in sample._repr_html_()
    assert repr(sample).endswith("weighted_loss: computes batch-mean>")


def test_without_matplotlib_a_page_has_its_numbers_alone(monkeypatch, sample):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = formatted(formats_of("audit")["html"], [sample], Look())
    assert "<svg" not in page
    assert "pictures need matplotlib" in page
    assert "<table" in sample._repr_html_()
