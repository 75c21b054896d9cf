"""`--only value`: bare numbers for a script."""

from __future__ import annotations

from tests.formats.reports import report_of
from wce_cli.formats import VALUE, formatted
from wce_cli.formats.look import Look


def test_each_batch_and_method_is_one_line_in_full_precision():
    reports = [report_of("two"), report_of("negative")]
    text = formatted(VALUE, reports, Look(methods=("weighted-mean", "sum")))
    assert text == "".join(f"{one.value(method)!r}\n" for one in reports for method in ("weighted-mean", "sum"))
    assert float(text.split()[0]) == reports[0].value("weighted-mean")


def test_what_is_not_finite_is_a_word():
    for name, word in (("0/0", "nan"), ("infinite", "inf")):
        assert formatted(VALUE, [report_of(name)], Look(methods=("weighted-mean",))) == f"{word}\n"
