"""Which findings a person is shown, and what is said of the others."""

from __future__ import annotations

import json

import pytest
from msgspec import structs

from tests.formats.printed import Page, rendered
from tests.formats.reports import report_of
from tests.run import run
from wce_cli.answers.report import Finding
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.look import FINDINGS, Look

SEVEN = tuple(
    Finding(f"code-{position}", severity, f"message {position}", "help")
    for position, severity in enumerate(["note", "note", "caution", "note", "error", "note", "caution"])
)
GRAVEST_FIRST = ["code-4", "code-2", "code-6", "code-0", "code-1", "code-3", "code-5"]
REPORT = structs.replace(report_of("two"), findings=SEVEN)


def said(format: str, look: Look) -> str:
    text = formatted(formats_of("explain")[format], [REPORT], look)
    if format == "table":
        return " ".join(text.split())
    page = rendered(text) if format == "markdown" else Page(text)
    return " ".join("".join(page.texts.get("ul", []) + page.texts.get("div", []) + page.texts.get("p", [])).split())


@pytest.mark.parametrize("format", ["table", "markdown", "html"])
def test_the_gravest_findings_are_printed_and_the_others_named(format):
    text = said(format, Look(findings=5))
    printed = [code for code in GRAVEST_FIRST if f"{code}: message" in text]
    assert printed == GRAVEST_FIRST[:5]
    assert sorted(printed, key=lambda code: text.index(f"{code}: message")) == printed
    assert "2 more findings: --findings all prints them (code-3, code-5)" in text
    assert "1 more finding: --findings all prints it (code-5)" in said(format, Look(findings=6))
    assert f"7 findings: --findings all prints them ({', '.join(GRAVEST_FIRST)})" in said(format, Look(findings=0))
    for look in (Look(findings=7), Look(findings=99), Look()):
        text = said(format, look)
        assert "--findings" not in text
        assert all(f"{code}: message" in text for code in GRAVEST_FIRST)


@pytest.mark.parametrize("format", ["json", "ndjson"])
def test_json_has_every_finding_in_the_reports_own_order(format):
    document = json.loads(formatted(formats_of("explain")[format], [REPORT], Look(findings=1)))
    assert [finding["code"] for finding in document["findings"]] == [finding.code for finding in SEVEN]


def test_print_in_python_shows_all_where_no_option_could_ask_for_more():
    assert str(REPORT).count(": message ") == REPORT._repr_html_().count(": message ") == 7


def test_the_command_prints_five_or_as_many_as_asked(monkeypatch):
    monkeypatch.setattr("wce_cli.questions.explain.report.find", lambda analysis: SEVEN)
    two = ("explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "--engine", "none")
    assert run(*two).out.count(": message ") == FINDINGS == 5
    assert run(*two, "--findings", "1").out.count(": message ") == 1
    assert run(*two, "--findings", "all").out.count(": message ") == 7
    assert "--findings" not in run(*two, "--findings", "all").out
    assert run(*two, "--findings", "1", "-f", "json").out.count('"message ') == 7
