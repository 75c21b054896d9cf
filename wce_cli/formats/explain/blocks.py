"""What a person is shown of a report, in reading order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wce_cli.answers.report import AWAITED, Finding, Report
from wce_cli.errors import counted
from wce_cli.formats import blocks, cells
from wce_cli.formats.blocks import AnswerBlock
from wce_cli.formats.columns import method_columns, sample_columns
from wce_cli.formats.explain.large_batch import class_columns, classes_note, is_large, top_columns
from wce_cli.formats.explain.legend import legend
from wce_cli.formats.explain.sentence import sentence
from wce_cli.formats.look import Look

TITLE_WIDTH = 100
MOST_PICTURES = 1
"""Batches of a page up to which each has its picture."""


def page_title(reports: Sequence[Report], look: Look) -> str:
    """The name of the one batch, or how many there are."""
    one = reports[0].batch.name or "a batch" if len(reports) == 1 else ""
    return look.name(f"wce explain: {one}" if one else f"wce: {len(reports)} batches", TITLE_WIDTH)


def answer_blocks(report: Report, look: Look, titled: bool) -> Iterator[AnswerBlock]:
    """A report from top to bottom; `titled` where several follow each other."""
    if titled or report.batch.name:
        yield blocks.batch_name(look.name(report.batch.name or "batch", TITLE_WIDTH))
    said = sentence(report, look) if look.only is None else ""
    if said:
        yield blocks.formulas(said)
    if look.only != "methods":
        yield from _samples(report, look)
    if look.only != "terms":
        yield from _methods(report, look)
    if look.only is None:
        yield from _findings(report, look)


def _samples(report: Report, look: Look) -> Iterator[AnswerBlock]:
    """The samples, or the classes of a large batch and the samples with the largest terms."""
    large = is_large(report, look)
    classes = class_columns(report, look) if large else []
    if large:
        yield blocks.prose(_size(report, look), hanging=0)
    if classes:
        yield blocks.table(*classes)
    note = classes_note(report, look) if large else ""
    if note:
        yield blocks.note(note)
    by_sample = list(_by_sample(report, look))
    if large:
        yield from by_sample
    if report.top or not large:
        if large and classes:
            yield blocks.caption(_top_title(report))
        yield blocks.table(*(top_columns if large else sample_columns)(report, look))
        yield blocks.note(legend(report, look), hanging=4)
    if not large:
        yield from by_sample
    if report.batch.weight_rule == "balanced":
        yield blocks.note(_balanced(report, look))


def _by_sample(report: Report, look: Look) -> Iterator[AnswerBlock]:
    """The samples that are several rows each, where they are shown."""
    if report.by_sample is None:
        return
    from wce_cli.formats.explain.samples import are_shown, samples_columns, samples_title

    if are_shown(report, look):
        yield blocks.caption(samples_title(report, look))
        yield blocks.table(*samples_columns(report, look))


def _methods(report: Report, look: Look) -> Iterator[AnswerBlock]:
    """The methods, and what frameworks return."""
    rows = cells.shown_methods(report, look)
    if not report.measurements:
        yield blocks.table(*method_columns(report, look, rows, {}))
        return
    from wce_cli.formats.explain.frameworks import are_listed, call_columns, call_lines, engine_columns

    if are_listed(report):
        yield blocks.table(*method_columns(report, look, rows, {}), beside=engine_columns(report, rows, look))
        yield blocks.table(*call_columns(report, look), lines=call_lines(report, look))
    else:
        notes = cells.footnotes(report, rows)
        yield blocks.table(*method_columns(report, look, rows, notes))
        calls = list(dict.fromkeys(cells.call_note(note, look) for note in notes.values()))
        if calls:
            yield blocks.numbered(calls)
    yield from map(blocks.note, _remarks(report, look))


def _findings(report: Report, look: Look) -> Iterator[AnswerBlock]:
    """The gravest findings, as many as are asked for, and what is said of the others."""
    findings = blocks.gravest_first(cells.beside_the_table(report.findings, look))
    kept = len(findings) if look.findings is None else look.findings
    if findings:
        yield blocks.findings(findings[:kept], _unshown(findings[kept:], kept))


def _size(report: Report, look: Look) -> str:
    totals = report.totals
    ignored = f", {totals.n_ignored} ignored" if totals.n_ignored else ""
    text = f"{totals.n} samples × {report.batch.n_classes} classes{ignored}"
    absent = report.batch.n_classes - len(report.classes)
    return look.text(f"{text}; {counted(absent, 'class has', 'classes have')} no sample" if absent else text)


def _top_title(report: Report) -> str:
    return "the largest term" if len(report.top) == 1 else f"the {len(report.top)} largest terms"


def _balanced(report: Report, look: Look) -> str:
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
