"""What a person is shown of a report, in reading order: every format that is read draws these parts, and no others."""

from __future__ import annotations

from msgspec import Struct

from wce_cli.answers.report import AWAITED, Finding, Report
from wce_cli.errors import counted
from wce_cli.formats import cells
from wce_cli.formats.columns import Column, method_columns, sample_columns
from wce_cli.formats.explain.frameworks import are_listed, call_columns, call_lines, engine_columns
from wce_cli.formats.explain.large_batch import class_columns, classes_note, is_large, top_columns
from wce_cli.formats.explain.legend import legend
from wce_cli.formats.explain.sentence import sentence
from wce_cli.formats.look import Look

TITLE_WIDTH = 100
SEVERITIES = ("error", "caution", "note")
"""The gravest first."""


class Shown(Struct, frozen=True):
    """The parts of a report as plain text, without any markup; what is not shown is empty."""

    title: str
    sentence: str
    """The answer in plain words."""
    size: str
    """How many samples there are, where they are not listed."""
    classes: list[Column]
    """The classes, instead of the samples of a large batch."""
    classes_note: str
    """Below them: of which placement their Σw·ℓ is, where that is not the numerator of the methods."""
    top_title: str
    samples: list[Column]
    """The samples; of a large batch those with the largest terms."""
    legend: str
    """What the letters over the samples stand for."""
    weights: str
    """The class weight that was computed, below the samples."""
    methods: list[Column]
    engines: list[Column]
    """More columns of the same table, one for each of several frameworks, where there is room for all of them."""
    calls: list[str]
    """The calls of one framework; their number is their place, from 1."""
    measured: list[Column]
    """The calls of several frameworks, each with what it returned."""
    measured_lines: list[str]
    """The same as lines."""
    remarks: list[str]
    """What a framework could not be asked, and why."""
    findings: list[Finding]
    unshown: str
    """A line that counts and names the findings that are left out."""


def shown(report: Report, look: Look, titled: bool = False) -> Shown:
    """The parts of one report; `titled` where several follow each other."""
    rows = cells.shown_methods(report, look)
    listed = are_listed(report)
    notes = {} if listed else cells.footnotes(report, rows)
    large = is_large(report, look)
    terms, methods, whole = look.only != "methods", look.only != "terms", look.only is None
    untold = cells.beside_the_table(report.findings, look) if whole else []
    findings = sorted(untold, key=lambda one: SEVERITIES.index(one.severity))
    kept = len(findings) if look.findings is None else look.findings
    return Shown(
        title=look.name(report.batch.name or "batch", TITLE_WIDTH) if titled or report.batch.name else "",
        sentence=sentence(report, look) if whole else "",
        size=_size(report, look) if terms and large else "",
        classes=class_columns(report, look) if terms and large else [],
        classes_note=classes_note(report, look) if terms and large else "",
        top_title=_top_title(report) if terms and large else "",
        samples=(top_columns if large else sample_columns)(report, look) if terms and (report.top or not large) else [],
        legend=legend(report, look) if terms and (report.top or not large) else "",
        weights=_balanced(report, look) if terms else "",
        methods=method_columns(report, look, rows, notes) if methods else [],
        engines=engine_columns(report, rows, look) if methods and listed else [],
        calls=list(dict.fromkeys(cells.call_note(note, look) for note in notes.values())) if methods else [],
        measured=call_columns(report, look) if methods and listed else [],
        measured_lines=call_lines(report, look) if methods and listed else [],
        remarks=_remarks(report, look) if methods else [],
        findings=[Finding(one.code, one.severity, look.message(one.message), one.help) for one in findings[:kept]],
        unshown=_unshown(findings[kept:], kept),
    )


def _size(report: Report, look: Look) -> str:
    totals = report.totals
    ignored = f", {totals.n_ignored} ignored" if totals.n_ignored else ""
    text = f"{totals.n} samples × {report.batch.n_classes} classes{ignored}"
    absent = report.batch.n_classes - len(report.classes)
    return look.text(f"{text}; {counted(absent, 'class has', 'classes have')} no sample" if absent else text)


def _top_title(report: Report) -> str:
    if not report.top:
        return ""
    return "the largest term" if len(report.top) == 1 else f"the {len(report.top)} largest terms"


def _balanced(report: Report, look: Look) -> str:
    if report.batch.weight_rule != "balanced":
        return ""
    return look.text("weight: balanced, N kept / (C · count) = ") + cells.class_weights(report, look)


def _remarks(report: Report, look: Look) -> list[str]:
    remarks = []
    for one in report.measurements:
        engine = f"{one.engine} {one.version}".rstrip()
        if one.reason == AWAITED:  # of a call, the table says so
            remarks += [] if one.call else [f"{engine} {one.reason}"]
        elif one.value is None and not one.call:
            remarks.append(look.message(f"{engine} not measured: {one.reason}"))
        elif one.value is None:
            remarks.append(look.message(f"{engine} refuses {one.call}: {one.reason}"))
    return list(dict.fromkeys(remarks))


def _unshown(findings: list[Finding], before: int) -> str:
    if not findings:
        return ""
    count = (
        counted(len(findings), "more finding", "more findings")
        if before
        else counted(len(findings), "finding", "findings")
    )
    it = "it" if len(findings) == 1 else "them"
    return f"{count}: --findings all prints {it} ({', '.join(finding.code for finding in findings)})"
