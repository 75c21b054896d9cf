"""`wce methods` and `wce findings`: every name has its line and its page."""

from __future__ import annotations

import pytest

from tests.run import run
from wce_cli.engines import ENGINES
from wce_cli.engines.examples import days_of, rows_of
from wce_cli.findings import FINDINGS
from wce_cli.loss.methods import METHODS
from wce_cli.loss.placements import PLACEMENTS


def flat(text: str) -> str:
    return " ".join(text.split())


def test_all_methods_and_placements_have_a_line():
    ran = run("methods")
    assert (ran.code, ran.err) == (0, "")
    for method in METHODS.values():
        assert f"{method.name} {method.formula} {method.summary}" in flat(ran.out)
    for placement in PLACEMENTS.values():
        assert f"{placement.name} {placement.term} {placement.summary}" in flat(ran.out)


@pytest.mark.parametrize("width", ["40", "80", "200"])
@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_a_page_with_its_formula_and_its_users(name, width):
    ran = run("methods", name, "--width", width)
    method = METHODS[name]
    assert ran.code == 0
    assert ran.out.startswith(f"{name}: ")
    assert f"D = {method.formula}" in flat(ran.out)
    for line in (method.summary, *method.used_by):
        assert line in flat(ran.out)
    longest_word = max(len(word) + 8 for word in ran.out.split())  # a call stands further in
    assert max(map(len, ran.out.splitlines())) <= max(int(width), longest_word)


@pytest.mark.parametrize("name", PLACEMENTS)
def test_a_placement_has_a_page(name):
    ran = run("methods", name)
    placement = PLACEMENTS[name]
    page, measured, _ = flat(ran.out).partition(" measured: ")
    assert page == flat(
        f"{name}: {placement.summary} tₙ = {placement.term} wₙ = {placement.weight} used by {placement.used_by}"
    )
    assert measured


@pytest.mark.parametrize("width", ["40", "80", "200"])
@pytest.mark.parametrize("name", [*METHODS, *PLACEMENTS, *ENGINES])
def test_what_was_measured_is_shown_once_with_its_version_its_day_and_its_batch(name, width):
    out = flat(run("methods", name, "--width", width).out)
    rows = rows_of(name)
    assert bool(rows) == (name not in ("element-mean", "sample-mean"))  # which no framework divides by
    for row in rows:
        assert out.count(flat(row.call)) >= 1
        assert row.framework in out
        assert row.returned in out
        assert "batch" in out
    assert len({(row.framework, row.call) for row in rows}) == len(rows)
    assert all(day in out for day in days_of(name))


def test_a_measured_number_is_that_of_its_method():
    """949 thousandths: Σw·ℓ / Σw of batch c, 4.740662 / 5, which five calls of four frameworks returned."""
    rows = [row for row in rows_of("weighted-mean") if row.batch == "c"]
    assert {row.returned for row in rows} == {"0.948132"}
    assert len({row.framework for row in rows}) >= 4


def test_unweighted_mean_has_plain_terms():
    assert "class      ℓₙ  1" in run("methods", "unweighted-mean").out


def test_all_findings_have_a_line():
    ran = run("findings")
    for page, _ in FINDINGS.values():
        assert f"{page.code} {page.severity} {page.summary}" in flat(ran.out)


@pytest.mark.parametrize("width", ["40", "80", "200"])
@pytest.mark.parametrize("code", FINDINGS)
def test_a_finding_has_a_page_under_five_heads(code, width):
    ran = run("findings", code, "--width", width)
    page, _ = FINDINGS[code]
    heads = ["what it means", "why it matters", "example", "what to do", "references"]
    assert [line for line in ran.out.splitlines() if line in heads] == heads
    assert f"severity: {page.severity}" in ran.out
    for text in (page.summary, page.meaning, page.why, page.example, page.remedy, *page.references):
        assert text in flat(ran.out)


@pytest.mark.parametrize("arguments", [["methods"], ["methods", "class"], ["findings"], ["findings", "weight-cancels"]])
def test_pages_can_be_written_in_ascii(arguments):
    ran = run(*arguments, encoding="ascii")
    assert ran.code == 0
    assert ran.out.isascii()
    assert "\\u" not in ran.out
