"""HTML: a fragment for notebooks, and a page in one file around it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from msgspec import structs

from tests.formats.printed import Page
from tests.formats.reports import BATCHES, HOSTILE, report_of, text_in, to_table, with_measurements
from wce_cli.formats.explain import blocks
from wce_cli.formats.html import fragment, words
from wce_cli.formats.look import Look


def to_html(reports, look=None):
    """A page without pictures, which have tests of their own."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(blocks, "MOST_PICTURES", 0)
        return text_in("html", reports, look)


def hostile(name: str):
    report = with_measurements(report_of("hard"))
    return structs.replace(report, batch=structs.replace(report.batch, name=name))


def test_a_notebook_and_a_page_are_given_the_fragment():
    report = report_of("hard")
    body = re.split("<body[^>]*>\n|</body>", text_in("html", [report]))[1]
    assert unescape(body) == unescape(report._repr_html_())


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_nothing_is_fetched_and_nothing_runs(name):
    page = Page(to_html([hostile(name)]))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "svg", "a", "base", "form"}
    attributes = {key for _, found in page.tags for key in found}
    assert attributes <= {"style", "scope", "lang", "charset", "name", "content", "class", "data-head"}
    assert "url(" not in to_html([hostile(name)])
    assert "http" not in re.sub("https?://example.com", "", to_html([hostile(name)]))


def test_the_page_is_whole_and_names_its_batch():
    text = to_html([hostile("two & a <half>")])
    assert text.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert text.endswith("</body>\n</html>\n")
    assert Page(text).texts["title"] == ["wce explain: two & a <half>"]
    assert Page(to_html([report_of("two")])).texts["title"] == ["wce explain: a batch"]
    assert Page(to_html([report_of("two")] * 3)).texts["title"] == ["wce: 3 batches"]


def test_text_keeps_the_colour_around_it():
    tags = Page(to_html([hostile("x")])).tags
    styles = " ".join(found.get("style") or "" for _, found in tags)
    assert set(re.findall(r"(?<![-\w])color:(\w+)", styles)) == {"inherit"}
    assert all("color:inherit" in (found["style"] or "") for tag, found in tags if tag in ("table", "th", "td"))
    assert set(re.findall(r"background:(\w+)", styles)) == {"none"}
    assert '<meta name="color-scheme" content="light dark">' in to_html([hostile("x")])


@pytest.mark.parametrize("name", BATCHES)
def test_it_says_what_the_table_says(name):
    report = report_of(name)
    page = Page(to_html([report]))
    said = " ".join("".join(page.stretches).replace("\u00a0", " ").split())
    table = " ".join(to_table([report]).split("\n\n")[2:]).split()
    for word in table:
        assert word in said or word.rstrip(":") in " ".join(page.texts.get("code", [])), word


def test_no_cell_is_wrapped_and_numbers_stand_to_the_right():
    page = Page(fragment("explain", report_of("hard")))
    cells = [found["style"] or "" for tag, found in page.tags if tag in ("td", "th")]
    assert all("white-space:pre" in style for style in cells)
    sides = [re.findall(r"text-align:(\w+)", style)[0] for style in cells[:10]]
    assert sides == ["left", "left", *["right"] * 7, "left"]


def test_precision_and_rows_are_heard():
    page = Page(to_html([report_of("many")], Look(rows=2, digits=3)))
    assert [row["n"] for row in page.by_head()[0]] == ["0", "1", "… 148 more", "Σ"]
    assert page.by_head()[0][0]["loss ℓ"] == "0.408"


def test_a_line_ends_in_no_name_of_a_method_and_in_no_formula():
    """A long name has to be broken: no window may be too narrow for it."""
    held = '<span style="white-space:nowrap">batch-mean/sample</span>'
    assert words("by batch-mean/sample it is") == f"by {held} it is"
    assert ">(= nonzero-mean</span>)" in words("kept-mean (= nonzero-mean)").replace("\u00a0", " ")
    long = "-".join(["long"] * 12)
    assert words(f"class {long} and <b>") == f"class {long} and &lt;b&gt;"
    assert words("1 / D of N kept = 4, Σ_c w[c]").replace("\u00a0", "_") == "1_/_D of N_kept =_4, Σ_c_w[c]"
