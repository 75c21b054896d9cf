"""Pictures: golden files with a tolerance, their text, their colours, and what is in no file: an address."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tests.alike import assert_alike, words_of
from tests.run import ROOT, run, spawn

pytest.importorskip("matplotlib")

from wce_cli.formats.picture.drawing import _DARK, _LIGHT, CURVES
from wce_cli.formats.picture.labels import apart

GOLDEN = ROOT / "tests" / "data" / "pictures"
BATCH = ["-x", "2 1 0; 0 1 2; 1 1 1; 0 3 1; 2 0 1; 1 0 0", "-y", "0,1,-100,1,2,0", "-w", "1,0.25,3"]
COMMANDS = {
    "explain": ["explain", *BATCH, "--engine", "none"],
    "split": ["split", *BATCH, "--size", "2"],
    "sweep": ["sweep", *BATCH, "--class", "2", "--to", "4"],
    "identify": ["identify", "1.0139", "0.9294", *BATCH],
    "gradient": ["gradient", *BATCH],
    "smoothed": ["gradient", *BATCH, "--label-smoothing", "0.1"],
    "classes": ["explain", *BATCH, "--engine", "none", "--rows", "0", "--classes", "cat,dog,[red]"],
}


@pytest.fixture(scope="module")
def made():
    """Each picture and page, once."""
    found = {}
    for name, command in COMMANDS.items():
        for format in ("svg", "html"):
            ran = run(*command, "--format", format)
            assert (ran.code, ran.err) == (0, ""), ran.err
            found[name, format] = ran.out
    return found


def test_every_picture_has_a_golden_file():
    assert {path.stem for path in GOLDEN.iterdir()} == {*COMMANDS, "audit"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_picture_is_what_its_golden_file_holds(made, name):
    assert_alike(made[name, "svg"], (GOLDEN / f"{name}.svg").read_text("utf-8"), name)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_picture_is_well_formed_and_fetches_nothing(made, name):
    ET.fromstring(made[name, "svg"])
    for format in ("svg", "html"):
        text = made[name, format]
        allowed = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert set(re.findall(r"https?://[^\s\"'<>)]+", text)) <= allowed
        assert not re.search(r"<script|<image|@import|url\((?!#)|href=\"(?!#)", text)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_colour_is_one_of_the_two_palettes(made, name):
    for format in ("svg", "html"):
        body = re.sub(r"<style>.*?</style>", "", made[name, format], flags=re.DOTALL)
        drawing = body[body.index("<svg") : body.rindex("</svg>")]
        assert not re.search(r"#[0-9a-f]{6}", drawing)
        assert "var(--wce-c0)" in drawing
        assert "prefers-color-scheme:dark" in made[name, format]


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", [_LIGHT, _DARK])
def test_everything_that_is_read_stands_out_from_its_paper(palette):
    paper = luminance(palette["paper"])
    for name, colour in palette.items():
        if name in ("paper", "grid"):
            continue
        bright, dim = max(paper, luminance(colour)), min(paper, luminance(colour))
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, name
    assert len(palette) == len(CURVES) + 4


def test_text_is_text_and_the_numbers_stand_below(made):
    words = words_of(made["explain", "svg"])
    assert "Σt, the numerator" in words
    assert "5.57623" in words
    assert any("weighted-mean" in word and "1.01386" in word for word in words)
    assert "weighted-mean" in words_of(made["sweep", "svg"])
    assert any("mean of parts 0.657" in word for word in words_of(made["split", "svg"]))
    assert "<table" in made["split", "html"]
    assert made["split", "html"].index("</svg>") < made["split", "html"].index("<table")


def test_names_are_shown_as_they_are(made):
    assert "[red]" in words_of(made["classes", "svg"])
    ran = run(*COMMANDS["explain"], "--classes", "<b>,$\\frac$,猫", "--format", "svg")
    assert (ran.code, ran.err) == (0, "")
    words = [text.text for text in ET.fromstring(ran.out).iter("{http://www.w3.org/2000/svg}text")]
    assert {"0: <b>", "1: $\\frac$", "4: 猫"} <= set(words)


def test_a_run_draws_the_same_bytes_again(made):
    assert run(*COMMANDS["sweep"], "--format", "svg").out == made["sweep", "svg"]


def test_side_files_stand_beside_the_answer(tmp_path):
    for name, command in COMMANDS.items():
        ran = run(*command, "--save", str(tmp_path / "a.svg"), "--save", str(tmp_path / "a.html"))
        assert (ran.code, ran.err) == (0, ""), name
        ET.fromstring((tmp_path / "a.svg").read_text("utf-8"))
        assert "<svg" in (tmp_path / "a.html").read_text("utf-8")
        assert ran.out.startswith(run(*command).out[:40])


@pytest.mark.parametrize(
    "command",
    [
        ["explain", "-x", "1 2", "-y", "0", "-w", "0,1"],  # nan
        ["explain", "-x", "1 -inf", "-y", "1"],  # inf
        ["explain", "-x", "1 2; 3 4", "-y", "-100,-100"],
        ["explain", "-x", "1 2; 3 4", "-y", "0.5 0.5; 0 1", "-w", "1,2"],
        ["split", "-x", "1 2; 3 4; 1 1", "-y", "0,-100,1", "--size", "1"],
        ["split", "-x", "1 2; 3 4; 1 1", "-y", "0.5 0.5; 0 1; 1 0", "--size", "2"],
        ["sweep", "-x", "1 2; 3 4", "-y", "0,0", "--class", "0"],
        ["sweep", "-x", "1 2; 3 4", "-y", "0,0", "--scale", "--values", "1"],
        ["sweep", "-x", "1 -inf; 3 4", "-y", "1,0", "--class", "0"],
        ["sweep", "-x", "1 2; 3 4", "-y", "0,1", "--smoothing"],
        ["gradient", "-x", "1 2; 3 4", "-y", "0,1", "-w", "0,0"],
        ["gradient", "-x", "1 -inf; 3 4", "-y", "1,0"],
        ["gradient", "-x", "1 2; 3 4", "-y", "0.5 0.5; 0 1"],
        ["gradient", "-x", "1 2; 3 4", "-y", "-100,-100"],
        ["identify", "0.8133", "1.6265", "-x", "1 2; 3 4", "-y", "0,1"],
    ],
)
def test_what_is_not_a_number_is_drawn_without_complaint(command):
    ran = run(*command, *(["--engine", "none"] if command[0] == "explain" else []), "-f", "svg")
    assert (ran.code, ran.err) == (0, "")
    ET.fromstring(ran.out)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fmt", ["svg", "html", "table"])
@pytest.mark.parametrize(
    "batch",
    [
        ["-x", "1e308 -1e308; 0 1", "-y", "1,0"],
        ["-x", "1.7e308 0; 0 1", "-y", "1,0"],
        ["--log-probs", "-5e-324 -1e308; -1 -5e-324", "-y", "1,1"],
        ["-x", "1 0; 0 1", "-y", "1,0", "-w", "1e308,1"],
        ["-x", "1 0; 0 1; 3 1", "-y", "1,0,1", "-w", "8e307,-8e307"],
        ["-x", "1 0; 0 1", "-y", "1,0", "--sample-weight", "1e-310,1e305"],
    ],
)
def test_what_is_too_large_for_an_axis_is_left_out_of_the_picture(batch, fmt):
    for command in (
        ["explain", *batch, "--engine", "none"],
        ["split", *batch, "--size", "1"],
        ["gradient", *batch],
        ["sweep", *batch, "--class", "0"],
        ["sweep", *batch, "--class", "0", "--from", "-1.7e308", "--to", "1.7e308"],
        ["sweep", *batch, "--scale", "--values", "1,1e308"],
        ["sweep", *batch, "--smoothing"],
        ["identify", "1e308", "0.5", *batch],
    ):
        ran = run(*command, "-f", fmt)
        assert (ran.code in (0, 1), ran.err) == (True, ""), command
        if fmt == "svg":
            ET.fromstring(ran.out)


def test_many_samples_and_parts_are_drawn_as_a_few(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", logits=rng.normal(size=(300, 40)), labels=rng.integers(40, size=300))
    path = str(tmp_path / "a.npz")
    shares = words_of(run("explain", path, "--engine", "none", "-f", "svg").out)
    assert sum(word.endswith("of Σ w·ℓ") for word in shares) == 12
    some = words_of(run("explain", path, "--engine", "none", "-f", "svg", "--rows", "30").out)
    assert "289 others" in some
    assert sum(bool(re.match(r"\d+: ", word)) for word in some) == 11
    few = run("split", path, "--size", "1", "-f", "svg", "--rows", "3").out
    assert few.count("<path") < 100


def test_labels_are_kept_apart_in_their_order():
    assert apart([3, 1, 2], 1) == [3, 1, 2]
    found = apart([0.0, 0.1, 5.0, 0.2], 1.0)
    assert sorted(range(4), key=found.__getitem__) == [0, 1, 3, 2]
    assert found[1] - found[0] >= 1 - 1e-6
    assert found[3] - found[1] >= 1 - 1e-6


def test_without_matplotlib_a_picture_is_refused_and_a_page_has_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ran = run(*COMMANDS["sweep"], "-f", "svg")
    assert (ran.code, ran.out, ran.err) == (
        2,
        "",
        "error: pictures need matplotlib, which is not installed\nhint: pip install 'wce-cli[plot]'\n",
    )
    for name, command in COMMANDS.items():
        page = run(*command, "-f", "html")
        assert (page.code, page.err) == (0, "")
        assert "<svg" not in page.out
        assert ("<h3" if name == "identify" else "<table") in page.out  # its answer is sentences
        told = page.out.count("without a picture: pictures need matplotlib, which is not installed: pip install")
        assert told == 1, name
    from wce_cli import sweep

    html = sweep(0, logits=[[1, 2]], labels=[0])._repr_html_()
    assert "<svg" not in html
    assert "without a picture" not in html
    assert "<table" in html


def test_matplotlib_is_loaded_only_to_draw():
    code = "import sys; from wce_cli.cli.app import main; main(sys.argv[1:]); print('matplotlib' in sys.modules)"
    for more, expected in (([], "False"), (["--format", "svg"], "True")):
        asked = [sys.executable, "-c", code, *COMMANDS["sweep"], *more]
        done = subprocess.run(asked, capture_output=True, check=True, encoding="utf-8")
        assert done.stdout.splitlines()[-1] == expected


def test_the_pictures_of_readme_are_what_the_script_makes_now(tmp_path):
    script = runpy.run_path(str(ROOT / "samples" / "pictures" / "make.py"))
    script["main"](tmp_path)
    kept = {path.name for path in (ROOT / "samples" / "pictures").glob("*.svg")}
    assert {path.name for path in tmp_path.iterdir()} == kept
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    for name in kept:
        assert f"samples/pictures/{name})" in pages
        assert_alike(
            (tmp_path / name).read_text("utf-8"), (ROOT / "samples" / "pictures" / name).read_text("utf-8"), name
        )
        assert "fonts" not in (ROOT / "samples" / "pictures" / name).read_text("utf-8")


def test_a_process_of_its_own_draws_too():
    ran = spawn(*COMMANDS["split"], "--format", "svg")
    assert (ran.code, ran.err) == (0, "")


def test_a_number_stands_among_the_rules_that_give_it_or_the_nearest(made):
    words = words_of(made["identify", "svg"])
    assert {"1.0139 and the rules that give it", "0.9294 and the rules that give it", "weighted-mean"} <= set(words)
    assert "1.01386" in words
    assert any(re.fullmatch(r"0\.9294, no departure: [\d.]+ %", word) for word in words)
    ran = run("identify", "0.98765", *BATCH, "-f", "svg")
    assert (ran.code, ran.err) == (1, "")
    assert "0.98765 and the rules nearest to it" in words_of(ran.out)
    assert any(re.fullmatch(r"0\.98765, up to 1 departure: [\d.]+ %", word) for word in words_of(ran.out))


WIDE = ["-x", "2.1 .3 -.5; .2 1.4 .7; .9 .1 1.3; -.4 .6 .2; 1.2 .8 .3", "-y", "0,1,2,2,0", "-w", ".3,1.7,2.9"]


@pytest.mark.parametrize(
    "numbers", [["1", "0.7", "0.6922788424257714"], ["1.2949", "1e-3", "-1.29"], ["3", "2", "9", "5"]]
)
def test_nothing_is_cut_at_the_right_however_large_the_chance(numbers):
    """The widths are those of a wide font; a chance is told left of where its bar ends."""
    from matplotlib.textpath import TextPath

    drawn = ET.fromstring(run("identify", *numbers, *WIDE, "--depth", "2", "-f", "svg").out)
    (picture,) = (one for one in drawn.iter() if one.get("class") == "wce-drawing")
    texts = [one for one in picture.iter() if one.tag.endswith("}text")]
    assert any("%" in (one.text or "") for one in texts)
    for one in texts:
        style = one.get("style") or ""
        wide = TextPath((0, 0), one.text, size=float(re.search(r"font-size: ([\d.]+)px", style)[1])).get_extents().width
        found = re.search(r"translate\(([-\d.]+)", one.get("transform") or "")
        x = float(found[1] if found else one.get("x"))
        share = {"middle": 0.5, "end": 1.0}.get(re.search(r"text-anchor: (\w+)|$", style)[1] or "", 0.0)
        assert x - share * wide >= 0, one.text
        assert x + (1 - share) * wide <= float(picture.get("viewBox").split()[2]), one.text


def test_numbers_that_no_axis_holds_are_told_below_without_a_picture():
    for words in (["nan"], ["inf"], ["--loss-values", "0.3133 1.3133"]):
        ran = run("identify", *words, "-x", "1 2; 3 4", "-y", "0,1", "-f", "svg")
        assert ran.err == ""
        assert "wce-drawing" not in ran.out
        assert any("tried" in text for text in words_of(ran.out))


def test_factors_are_told_by_shape_and_name_and_those_that_are_none_by_their_cosine(made):
    assert {"● weighted-mean", "■ batch-mean", "▲ unweighted-mean"} <= set(words_of(made["gradient", "svg"]))
    words = words_of(made["smoothed", "svg"])
    assert "cosine with the unweighted gradient, by sample" in words
    assert "● class" in words
    assert not {"■ batch-mean", "w / D"} & set(words)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_picture_is_right_in_whatever_encoding_it_is_written(made, name):
    assert made[name, "svg"].isascii()
    assert made[name, "html"].isascii()


def test_a_part_of_a_page_has_no_picture():
    for part in ("terms", "methods"):
        ran = run(*COMMANDS["explain"], "--only", part, "-f", "html")
        assert (ran.code, ran.err) == (0, "")
        assert "<svg" not in ran.out
        assert ran.out.count("<table") == 1


@pytest.mark.parametrize(
    "text", ["bell \a", "half \ud800", "<b>&amp;", "שלום", "two\nlines", "\x1b[31m", "\u2028", "'\""]
)
@pytest.mark.parametrize(
    "command",
    [["explain"], ["explain", "--rows", "0"], ["split", "--size", "1"], ["gradient"],
     ["gradient", "--rows", "0"], ["sweep", "--class", "0"], ["identify", "0.69"]],
    ids=" ".join,
)  # fmt: skip
def test_whatever_a_batch_and_its_classes_are_called_a_picture_is_well_formed(command, text, tmp_path):
    given = {
        "name": text,
        "classes": [text, "dog"],
        "logits": [[0.1, 0.9], [0, 0.1]],
        "labels": [0, 1],
        "weight": [0.1, 1],
    }
    (tmp_path / "a.json").write_text(json.dumps(given), "utf-8")
    for format in ("svg", "html"):
        ran = run(*command, str(tmp_path / "a.json"), "--format", format)
        assert (ran.code, ran.err) == (0, "")
        for drawn in re.findall(r"<svg.*</svg>", ran.out, re.DOTALL):
            ET.fromstring(drawn)
        assert format == "html" or drawn


def test_long_names_are_shortened_and_told_apart_and_what_is_left_out_is_said(tmp_path):
    long = "a very long class name that goes on"
    rng = np.random.default_rng(1)
    given = {"classes": ["background", "Mountain goat", long, f"{long} and on"], "labels": [0, 1, 2, 3, 2]}
    given |= {"logits": rng.normal(size=(5, 4)).tolist(), "weight": [1, 2, 0.5, 3]}
    (tmp_path / "long.json").write_text(json.dumps(given), "utf-8")
    words = words_of(run("explain", str(tmp_path / "long.json"), "--engine", "none", "-f", "svg").out)
    assert {"0: background", "1: Mountain goat", "2: a very long c… [2]", "3: a very long c… [3]"} <= set(words)
    words = words_of(run("gradient", str(tmp_path / "long.json"), "-f", "svg").out)
    assert {"background", "Mountain goat", "a very long c… [2]", "share of each class"} <= set(words)
    given = {"logits": rng.normal(size=(40, 30)).tolist(), "labels": list(range(30)) + list(range(10))}
    (tmp_path / "many.json").write_text(json.dumps(given), "utf-8")
    for command, title in ((["explain", "--engine", "none"], "12 largest of 30"), (["gradient"], "8 largest of 30")):
        ran = run(*command, str(tmp_path / "many.json"), "-f", "svg")
        assert f"share of each class, the {title}" in words_of(ran.out)
