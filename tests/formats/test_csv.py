"""CSV: one row a sample or a method, in full precision."""

from __future__ import annotations

import csv
import io

from msgspec import structs

from tests.formats.reports import BATCHES, report_of, text_in
from wce_cli import explain
from wce_cli.formats.look import Look

HEAD = "n,index,label,label_name,kept,target_logit,target_prob,target_log_prob,logsumexp,loss,weight,term,share"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), strict=True))


def test_the_csv_of_the_question():
    report = report_of("two")
    full = [f"{row.logsumexp!r},{row.loss!r},{row.weight!r},{row.term!r},{row.share!r}" for row in report.terms]
    assert text_in("csv", [report]) == f"{HEAD}\n0,0,0,,true,0.1,,,{full[0]}\n1,1,1,,true,0.1,,,{full[1]}\n"
    assert f"{report.terms[0].term:.9f},{report.terms[0].share:.9f}" == "0.117110067,0.153787304"


def test_the_pairs_of_other_placements_have_columns_where_they_differ_anywhere():
    report = report_of("hard")
    table = rows(text_in("csv", [report]))
    assert list(table[0])[13:] == ["weight/sample", "term/sample", "weight/label-mix", "term/label-mix"]
    for term, row in zip(report.terms, table, strict=True):
        for name in ("sample", "label-mix"):
            pair = term.placements.get(name, term)
            expected = ("", "") if not term.kept else (repr(pair.weight), repr(pair.term))
            assert (row[f"weight/{name}"], row[f"term/{name}"]) == expected
    for name in ("sample", "label-mix"):
        terms = [float(row[f"term/{name}"]) for row in table if row["kept"] == "true"]
        assert abs(sum(terms) - report.method(f"sum/{name}").numerator) < 1e-14


def test_where_placements_agree_their_columns_say_so():
    table = rows(text_in("csv", [report_of("two"), report_of("hard")]))
    assert [row["term/sample"] for row in table[:2]] == [row["term"] for row in table[:2]] != ["", ""]
    assert [row["weight/label-mix"] for row in table[:2]] == ["0.1", "1.0"]
    assert list(rows(text_in("csv", [report_of("two")]))[0])[-1] == "share"


def test_a_missing_value_is_an_empty_cell():
    ignored = rows(text_in("csv", [report_of("hard")]))[2]
    assert {head for head, cell in ignored.items() if cell} == {"n", "index", "label", "kept"}
    assert (ignored["label"], ignored["kept"]) == ("-100", "false")


def test_what_is_not_finite_is_written_as_in_json():
    table = rows(text_in("csv", [report_of("nan")]))
    assert [row["loss"] for row in table] == ["Infinity", "1.3132616875182228", "NaN"]
    assert table[0]["target_logit"] == "-Infinity"
    assert {row["value"] for row in rows(text_in("csv", [report_of("nan")], Look(only="methods")))} == {"NaN"}


def test_a_probability_row_and_a_place_in_an_image_are_one_cell():
    assert rows(text_in("csv", [report_of("soft")]))[0]["label"] == "0.5 0.25 0.25"
    assert [row["index"] for row in rows(text_in("csv", [report_of("image")]))] == ["0 0 0", "0 0 1"]


def test_all_samples_are_listed_unless_fewer_are_asked_for():
    report = explain(**BATCHES["many"], engines=())
    assert len(rows(text_in("csv", [report]))) == 150
    assert len(rows(text_in("csv", [report], Look(rows=3)))) == 3


def test_methods_are_every_pair_or_those_asked_for():
    report = report_of("hard")
    assert [
        (row["method"], row["placement"], row["value"]) for row in rows(text_in("csv", [report], Look(only="methods")))
    ] == [(row.method, row.placement, repr(row.value)) for row in report.methods]
    asked = rows(text_in("csv", [report], Look(only="methods", methods=("sum", "kept-mean/sample"))))
    assert [(row["method"], row["placement"]) for row in asked] == [("sum", "class"), ("kept-mean", "sample")]
    assert "sum s*w" in text_in("csv", [report], Look(only="methods", ascii=True))


def test_a_cell_with_a_comma_or_a_quote_is_quoted():
    report = explain(logits=[[1, 2], [3, 4]], labels=[0, 1], classes=['a,"b"', "c"], engines=())
    assert ',"a,""b""",' in text_in("csv", [report])
    assert "\r" not in text_in("csv", [report])


def test_several_batches_have_their_names_in_a_column_and_one_has_none():
    reports = [report_of("two"), report_of("one")]
    named = [structs.replace(one, batch=structs.replace(one.batch, name="b,1")) for one in reports]
    assert [row["batch"] for row in rows(text_in("csv", named))] == ["b,1"] * 3
    assert [row["batch"] for row in rows(text_in("csv", reports))] == [""] * 3
    assert text_in("csv", named[:1]).startswith(HEAD)
    assert text_in("csv", named, Look(only="methods")).startswith("batch,method,")
