"""`wce methods` and `wce findings`: every name has its line and its page."""

from __future__ import annotations

import pytest

from tests.run import run
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
    longest_word = max(len(word) + 2 for word in ran.out.split())
    assert max(map(len, ran.out.splitlines())) <= max(int(width), longest_word)


@pytest.mark.parametrize("name", PLACEMENTS)
def test_a_placement_has_a_page(name):
    ran = run("methods", name)
    placement = PLACEMENTS[name]
    assert flat(ran.out) == flat(
        f"{name}: {placement.summary} tₙ = {placement.term} wₙ = {placement.weight} used by {placement.used_by}"
    )


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
