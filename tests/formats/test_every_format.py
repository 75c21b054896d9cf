"""What holds in every format: it adds up, it prints names as they stand, and no encoding stops it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys

import pytest
from msgspec import structs
from rich.cells import cell_len

from tests.formats.printed import READERS, Page, assert_added_up, rendered
from tests.formats.reports import BATCHES, FINITE, HOSTILE, report_of, text_in, with_measurements
from tests.run import ROOT, run, spawn, without_foot
from tests.runner import commands_in
from wce_cli import Report, explain
from wce_cli.cli.options import listed
from wce_cli.formats import PARTS, formats_of, formatted, suffixes
from wce_cli.formats.explain import blocks
from wce_cli.formats.look import Look, isolated, shortened
from wce_cli.literal import literal

KNOWN = formats_of("explain")
FORMATS = {name: format for name, format in KNOWN.items() if name != "svg"}
"""The numbers of every format; pictures have tests of their own."""
FOR_PROGRAMS = ("json", "ndjson", "csv")
FOR_PEOPLE = ("table", "markdown", "html")
TWO = ("explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1", "--engine", "none")


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    monkeypatch.setattr(blocks, "MOST_PICTURES", 0)


def test_every_format_is_read_back_here():
    assert list(READERS) == list(FORMATS)
    assert set(FOR_PROGRAMS + FOR_PEOPLE) == set(FORMATS)


def test_every_format_is_named_where_it_is_chosen():
    said = " ".join(run("explain", "--help").out.split())
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))
    names = list(KNOWN)
    assert f"{', '.join(names[:-1])} or {names[-1]}." in said
    assert f"`--format`, `-f` `FORMAT` | {', '.join(names[:-1])} or {names[-1]}." in pages
    assert f"in the format of its suffix: {listed(suffixes(names))}; repeatable." in said
    assert f"`--save` `FILE` | Write FILE as well, in the format of its suffix: {listed(suffixes(names))}" in pages


# It adds up.


@pytest.mark.parametrize("width", [40, 80, 200, None])
@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("format", FORMATS)
def test_what_is_printed_adds_up(format, name, width):
    assert_added_up(*READERS[format](report_of(name), Look(width=width)))


@pytest.mark.parametrize("digits", [3, 12])
@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("format", FOR_PEOPLE)
def test_it_adds_up_where_samples_are_hidden(format, name, digits):
    samples, methods = READERS[format](report_of(name), Look(rows=2, digits=digits))
    assert_added_up(samples, methods)
    hidden = report_of(name).terms_total - 2
    assert [row["n"] for row in samples[2:]] == ([f"… {hidden} more", "Σ"] if hidden > 0 else ["Σ"][: len(samples) - 2])


@pytest.mark.parametrize("name", BATCHES)
def test_formats_for_people_show_the_same_cells(name):
    report = report_of(name) if name == "soft" else with_measurements(report_of(name))
    table, markdown, html = (READERS[format](report, Look()) for format in FOR_PEOPLE)
    cells = [[{**row, "": ""} for row in rows] for rows in table]
    assert [[{**row, "": ""} for row in rows] for rows in markdown] == cells
    assert [[{**row, "": ""} for row in rows] for rows in html] == cells


@pytest.mark.parametrize("format", FOR_PROGRAMS)
@pytest.mark.parametrize("name", BATCHES)
def test_formats_for_programs_give_every_number_back(format, name):
    report = report_of(name)
    samples, methods = READERS[format](report, Look())
    assert [float(row.get("term t", "nan")) for row in samples[:-1]] == pytest.approx(
        [row.term if row.term is not None else float("nan") for row in report.terms], rel=0, abs=0, nan_ok=True
    )
    assert [float(row["= loss"]) for row in methods] == pytest.approx(
        [row.value for row in report.methods], rel=0, abs=0, nan_ok=True
    )


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_missing_is_no_number(format):
    ignored = READERS[format](report_of("hard"), Look())[0][2]
    assert {ignored.get(head, "–") for head in ("loss ℓ", "weight w", "term t")} == {"–"}


@pytest.mark.parametrize("format", FORMATS)
def test_no_number_is_cut_where_names_are(format):
    batch = {**BATCHES["hard"], "classes": ["x" * 300, "y" * 300, "z" * 300]}
    assert_added_up(*READERS[format](explain(**batch, engines=()), Look(width=40)))


# One part, and what is never there.


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("format", [name for name in FORMATS if FORMATS[name].writer.parts])
def test_a_part_is_that_table_and_nothing_else(format, part):
    report = with_measurements(report_of("hard"))
    text = formatted(FORMATS[format], [report], Look(only=part))
    assert ("ignored-samples" in text, "numerator 4.97097" in text) == (False, False)
    if format == "csv":
        assert text.startswith("n,index," if part == "terms" else "method,placement,")
        return
    whole = READERS[format](report, Look())
    assert READERS[format](report, Look(only=part)) == [whole[PARTS.index(part)]]
    assert ("cross_entropy" in text) == (part == "methods")


@pytest.mark.parametrize("format", FORMATS)
def test_colour_is_for_the_table_alone(format):
    text = formatted(FORMATS[format], [report_of("hard")], Look(color=True))
    assert ("\x1b" in text) == (format == "table")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", BATCHES)
def test_ascii_is_ascii(format, name):
    text = formatted(FORMATS[format], [report_of(name)], Look(ascii=True))
    assert text.isascii()
    assert text.endswith("\n")
    assert "\\u0" not in text or format in ("json", "ndjson")


@pytest.mark.parametrize("format", FORMATS)
def test_several_batches_are_told_apart_and_each_is_there(format):
    reports = [explain(**BATCHES[name], engines=()) for name in ("two", "negative")]
    named = [
        structs.replace(report, batch=structs.replace(report.batch, name=name))
        for report, name in zip(reports, ("first one", "second one"), strict=True)
    ]
    text = formatted(FORMATS[format], named, Look())
    assert text.index("first one") < text.index("second one")
    if format != "csv":  # which holds one table
        for report in reports:
            assert f"{report.value('weighted-mean'):.6g}"[:7] in text
    else:
        assert [line.split(",")[0] for line in text.splitlines()] == ["batch"] + 2 * ["first one"] + 5 * ["second one"]


def test_only_the_table_loads_rich():
    code = "import sys; from wce_cli.cli.app import main; main(sys.argv[1:]); "
    code += "print('rich' in sys.modules, file=sys.stderr)"
    for format in FORMATS:
        done = subprocess.run(
            [sys.executable, "-c", code, *TWO, "--format", format], capture_output=True, cwd=ROOT, check=True
        )
        assert done.stderr.decode() == f"{format == 'table'}\n", format


# User text.


def named(name: str) -> Report:
    report = explain(logits=[[1, 2], [3, 4]], labels=[0, 1], classes=[name, "dog"], engines=())
    finding = structs.replace(report.findings[0], message=f"here {name} is")
    return structs.replace(report, batch=structs.replace(report.batch, name=name), findings=(finding,))


def expected(name: str, width: int) -> str:
    return isolated(shortened(literal(name), width))


def expected_class(name: str) -> str:
    """A name of a class: a shortened one has its index, as others may begin like it."""
    return expected(name, 24) if len(literal(name)) <= 24 else f"{expected(name, 20)} [0]"


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_table_prints_a_name_as_it_stands(name):
    text = formatted(FORMATS["table"], [named(name)], Look(color=True))
    assert f" {expected_class(name)} " in text
    title = expected(name, 100).rstrip()
    if title.strip("\u2068").startswith("::"):  # what begins a line must not be a command
        title = title.replace("::", "\\x3a:", 1)
    assert text.startswith(f"{title}\n\n" if len(title) <= 100 else title[:99])
    assert all(c.isprintable() or c in "\n\u2068\u2069" for c in re.sub(r"\x1b\[[0-9;]*m", "", text))


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_table_with_any_names_fits_its_width(name, ascii, width):
    report = structs.replace(named(name), findings=())
    lines = formatted(FORMATS["table"], [report], Look(width=width, ascii=ascii)).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "" in lines[1:3]  # a name of several words may take two lines


def unblanked(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_markdown_and_html_show_a_name_as_it_stands(format, name):
    text = formatted(FORMATS[format], [named(name)], Look())
    page = rendered(text) if format == "markdown" else Page(text)
    assert unblanked(page.tables[0][1][1]) == expected_class(name)
    assert unblanked(page.texts["h3"][0]) == expected(name, 100)
    said = "".join(page.stretches)
    assert f"here {literal(name)} is" in re.sub("[\u2068\u2069]", "", unblanked(said))
    known = {"h3", "table", "thead", "tbody", "tr", "th", "td", "p", "ul", "li", "strong", "code", "span"}
    if format == "html":
        known |= {"html", "head", "meta", "title", "body", "div", "b", "ol", "style", "footer", "br"}
    assert {tag for tag, _ in page.tags} <= known


GITHUB_LINKS = re.compile(r"@\w|#\d|\bGH-\d|:\w+:|https?://|\bwww\.|\b(?=\d*[a-f])[0-9a-f]{7,40}\b|\$")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_github_finds_nothing_to_link_to_ping_or_to_draw(name):
    page = rendered(formatted(FORMATS["markdown"], [named(name)], Look()))
    assert [text for text in page.stretches if text != "$" and GITHUB_LINKS.search(text)] == []


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("look", [Look(), Look(ascii=True)], ids=["unicode", "ascii"])
@pytest.mark.parametrize("format", ["json", "ndjson"])
def test_json_holds_a_name_exactly_and_in_no_raw_control_character(format, look, name):
    text = formatted(FORMATS[format], [named(name)], look)
    document = json.loads(text)
    assert document["batch"]["name"] == name
    assert document["terms"][0]["label_name"] == name
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(text.splitlines()) == (1 if format == "ndjson" else text.count("\n"))
    assert text.encode("utf-8")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_csv_holds_a_name_in_full_with_what_cannot_be_seen_spelled_out(name):
    text = formatted(FORMATS["csv"], [named(name)] * 2, Look())
    rows = list(csv.DictReader(io.StringIO(text), strict=True))
    shown = f"'{literal(name)}" if literal(name).startswith(("=", "+", "-", "@", "\uff1d", "::")) else literal(name)
    assert {(row["batch"], row["label_name"]) for row in rows} == {(shown, shown), (shown, "dog")}
    assert all(c.isprintable() or c == "\n" for c in text)
    assert len(text.splitlines()) == 5


@pytest.mark.parametrize("width", [20, 40, 80, None])
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("format", KNOWN)
def test_no_name_makes_a_line_that_a_ci_takes_for_a_command(format, name, width):
    for reports in ([named(name)], [named(name)] * 2):
        text = formatted(KNOWN[format], reports, Look(width=width))
        assert commands_in(text) == []
        assert not re.search(r"(?m)^\s*::", text)


def test_numbers_of_a_sheet_are_numbers():
    """A quote before a number would make text of it: only names have one."""
    report = explain(logits=[[-3e5, 1e5, float("inf")]], labels=[1], weight=[1, -2, 1], engines=())
    for look in (Look(), Look(only="methods")):
        text = formatted(FORMATS["csv"], [report] * 2, look)
        assert "'" not in text
        assert re.search(r",-(\d|Infinity)", text)


@pytest.mark.parametrize("format", FOR_PEOPLE)
def test_text_from_right_to_left_stays_in_its_place(format):
    text = formatted(FORMATS[format], [named("שלום עולם")], Look())
    if format == "html":
        text = "".join(Page(text).stretches)
    assert text.count("\u2068שלום עולם\u2069") >= 3
    assert text.count("\u2068") == text.count("\u2069") == text.count("שלום עולם")
    assert "\u2068" not in formatted(FORMATS[format], [named("猫 cat")], Look())
    assert "\u2068" not in formatted(FORMATS[format], [named("שלום")], Look(ascii=True)) or format == "html"


@pytest.mark.parametrize("format", FOR_PROGRAMS)
def test_nothing_is_added_to_what_programs_read(format):
    assert "\u2068" not in formatted(FORMATS[format], [named("שלום עולם")], Look())


# Encodings.


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("format", FORMATS)
def test_every_encoding_of_stdout_can_hold_every_format(format, encoding, monkeypatch):
    monkeypatch.undo()  # another process draws pictures
    arguments = (*TWO, "--classes", "猫,é", "--format", format)
    ran = spawn(*arguments, PYTHONIOENCODING=encoding)
    assert (ran.code, ran.err) == (0, "")
    whole = run(*arguments).out
    if format in ("json", "ndjson"):
        assert json.loads(ran.out) == json.loads(whole)
    elif format == "html":
        assert ran.out == whole
        assert whole.isascii()
    elif encoding == "utf-8":
        assert ran.out == whole
    else:
        assert ("猫" in whole, "\\u732b" in ran.out.replace("\\\\", "\\")) == (True, True)
        assert ("é" in ran.out) == (encoding == "cp1252")
        assert ("sum w" in ran.out) == (format != "csv")


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_is_utf_8_whatever_stdout_is(format, tmp_path):
    target = tmp_path / "answer"
    arguments = (*TWO, "--classes", "猫,é", "--format", format)
    assert run(*arguments, "--output", str(target), encoding="ascii").code == 0
    assert without_foot(target.read_bytes().decode("utf-8")) == without_foot(run(*arguments).out)


@pytest.mark.parametrize("unseen", ["\x7f", "\x9b", "\u200e", "\u2028", "\u2067", "\ud83d"])
def test_a_line_spells_out_what_cannot_be_seen(unseen):
    report = explain(logits=[[1, 2]], labels=[0], classes=[f"é {unseen}", "Σ"], engines=())
    line = text_in("ndjson", [report])
    assert f"é \\u{ord(unseen):04x}" in line
    assert unseen not in line
    assert "Σ" in line
    assert json.loads(line)["batch"]["classes"] == [f"é {unseen}", "Σ"]
