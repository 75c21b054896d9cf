"""A large batch of sequences or images is shown by item as well, and any is where somebody asks for it."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest

from tests.formats.printed import Page, half_unit, rendered
from tests.formats.reports import text_in, to_table
from wce_cli import Report, explain
from wce_cli.formats.look import Look

FORMS = {
    "table": lambda text: [
        [line.split() for line in block.replace("… ", "…").replace(" more", "more").splitlines()]
        for block in text.split("\n\n")
    ],
    "markdown": lambda text: [
        [[" ".join(cell.split()).replace("… ", "…").replace(" more", "more") for cell in row] for row in table]
        for table in rendered(text).tables
    ],
    "html": lambda text: [
        [[cell.replace("… ", "…").replace(" more", "more") for cell in row] for row in table]
        for table in Page(text).tables
    ],
}


def sequences(items: int, positions: int, c: int = 5, seed: int = 0, **more: object) -> dict[str, object]:
    """Sequences that keep different counts."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(c, size=(items, positions))
    for item, length in enumerate(rng.integers(0, positions + 1, size=items)):
        labels[item, length:] = -100
    weight = rng.uniform(0.1, 5, size=c)
    return {"logits": rng.normal(size=(items, c, positions)) * 3, "labels": labels, "weight": weight, **more}


def by_item(report: Report, look: Look = Look(), form: str = "table") -> list[dict[str, str]]:  # noqa: B008
    """The rows of the table by item, its caption left out; none where there is no such table."""
    for table in FORMS[form](text_in(form, [report], look)):
        rows = [row for row in table if row]
        if rows and rows[0][0] == "weighted-mean" and form == "table":
            rows = rows[1:]
        while form == "table" and rows and rows[0][0] != "item":
            rows = rows[1:]
        if rows and rows[0][0] == "item":
            head = " ".join(rows[0]).replace("÷ D", "÷D").replace("= loss", "=loss").split()
            return [dict(zip(head, row, strict=False)) for row in rows[1:] if not row[0].startswith("(left")]
    return []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("width", [None, 40, 80, 200])
@pytest.mark.parametrize("items", [5, 20, 21, 22, 60])
def test_the_table_adds_up_and_divides(items, width, form):
    report = explain(**sequences(items, 9), engines=())
    *rows, total = by_item(report, Look(width=width), form)
    assert len(rows) == (items if items <= 21 else 21)
    assert (rows[-1]["item"] == f"…{items - 20}more") == (items > 21)
    assert total["item"] == "Σ"
    for head in ("kept", "Σt", "÷D"):
        if head not in total:
            continue
        cells = [row[head] for row in rows]
        allowed = sum(map(half_unit, [*cells, total[head]])) * (1 + 1e-9)
        assert math.fsum(map(float, cells)) == pytest.approx(float(total[head]), abs=allowed), head
    for row in [*rows, total]:
        if {"÷D", "=loss"} <= row.keys() and float(row["÷D"]):
            quotient, d = float(row["Σt"]) / float(row["÷D"]), float(row["÷D"])
            reach = half_unit(row["Σt"]) / d + abs(quotient / d) * half_unit(row["÷D"]) + half_unit(row["=loss"])
            assert quotient == pytest.approx(float(row["=loss"]), abs=1.01 * reach)
    assert f"{report.value('weighted-mean'):.6g}" == total["=loss"]


def test_of_many_items_those_with_the_largest_sums_are_shown():
    batch = sequences(60, 9)
    rows = by_item(explain(**batch, engines=()))
    x, y, w = batch["logits"], batch["labels"], batch["weight"]
    kept = y >= 0
    loss = np.log(np.exp(x).sum(axis=1)) - np.take_along_axis(x, np.maximum(y, 0)[:, None], 1)[:, 0]
    terms = np.where(kept, w[np.maximum(y, 0)] * loss, 0).sum(axis=1)
    expected = np.argsort(-terms)[:20]
    assert [int(row["item"]) for row in rows[:20]] == expected.tolist()
    assert [row["Σt"] for row in rows[:20]] == [f"{term:.6g}" for term in terms[expected]]
    assert [int(row["kept"]) for row in rows[:20]] == kept.sum(axis=1)[expected].tolist()


def test_what_is_shown_by_itself_and_what_where_it_is_asked_for():
    small, large = (explain(**sequences(2, t), engines=()) for t in (5, 11))
    assert not by_item(small)
    assert [row["item"] for row in by_item(small, Look(by_sample=True))] == ["0", "1", "Σ"]
    assert [row["item"] for row in by_item(large)] == ["0", "1", "Σ"]
    assert not by_item(large, Look(rows=22))  # somebody asked for the samples
    assert by_item(large, Look(rows=22, by_sample=True))
    one = explain(**sequences(1, 40), engines=())
    assert not by_item(one)
    assert "weighted-mean of the item of 40 samples, D = Σ w[y]\n" in to_table([one], Look(by_sample=True))
    plain = explain(logits=np.eye(3).repeat(30, 0), labels=np.arange(3).repeat(30), engines=())
    assert plain.by_sample is None


def test_the_caption_says_what_of_how_many():
    text = to_table([explain(**sequences(22, 9), engines=())])
    assert "\nweighted-mean of each of 22 items of 9 samples, D = Σ w[y], the 20 with the largest Σt\nitem " in text
    soft = sequences(22, 9)
    soft["labels"] = np.moveaxis(np.random.default_rng(1).dirichlet(np.ones(5), size=(22, 9)), -1, 1)
    report = explain(**soft, engines=())
    title = "batch-mean of each of 22 items of 9 samples, D = N, the 20 with the largest Σt"
    assert f"\n{title}\nitem " in to_table([report])
    assert report.by_sample is not None
    assert {row.denominator for row in report.by_sample.rows} == {9.0}


def test_as_many_as_are_asked_for_are_shown_in_every_format():
    report = explain(**sequences(30, 9), engines=())
    for form in FORMS:
        for n in (0, 1, 3, 29, 30, 99):
            rows = by_item(report, Look(by_sample=True, samples=n), form)
            assert len(rows) == min(n, 30) + (n < 30) + 1
    cut = json.loads(text_in("json", [report], Look(by_sample=True, samples=3)))["by_sample"]
    assert len(cut["rows"]) == 3
    whole = json.loads(text_in("json", [report]))["by_sample"]
    assert [row["sample"] for row in whole["rows"]] == list(range(30))
    assert whole["rest"] is None
    assert sum(row["n_kept"] for row in [*cut["rows"], cut["rest"]]) == report.totals.n_kept
    text = text_in("csv", [report], Look(by_sample=True))
    read = list(csv.DictReader(io.StringIO(text), strict=True))
    assert [int(row["sample"]) for row in read] == list(range(30))
    assert [float(row["numerator"]) for row in read] == [row["numerator"] for row in whole["rows"]]


def test_an_item_of_nothing_is_nan_and_one_of_nan_stands_first():
    batch = sequences(30, 9)
    batch["logits"][17, :, 0], batch["labels"][17, 0], batch["labels"][4] = math.nan, 1, -100
    report = explain(**batch, engines=())
    rows = by_item(report)
    assert (rows[0]["item"], rows[0]["Σt"], rows[0]["=loss"]) == ("17", "nan", "nan")
    assert "share" not in rows[0]
    (none,) = (row for row in by_item(report, Look(by_sample=True, samples=30)) if row["item"] == "4")
    assert (none["kept"], none["Σt"], none["÷D"], none["=loss"]) == ("0", "0", "0", "nan")
    document = json.loads(text_in("ndjson", [report]))
    assert document["by_sample"]["rows"][17]["value"] == "NaN"


def test_a_sample_of_nothing_is_a_word_in_every_line():
    """No other number of the report is NaN."""
    labels = np.array([[0, 1], [-100, -100], [1, 1]])
    report = explain(logits=np.eye(3)[np.maximum(labels, 0)].transpose(0, 2, 1), labels=labels, engines=())
    assert json.loads(text_in("ndjson", [report]))["by_sample"]["rows"][1]["value"] == "NaN"
    hidden = json.loads(text_in("ndjson", [report], Look(by_sample=True, samples=2)))["by_sample"]["rest"]
    assert (hidden["n_kept"], hidden["value"]) == (0, "NaN")


def test_it_is_drawn_in_ascii_too():
    text = to_table([explain(**sequences(30, 9), engines=())], Look(ascii=True))
    assert text.isascii()
    assert "weighted-mean of each of 30 items of 9 samples, D = sum w[y], the 20 with the largest sum t\n" in text
    assert "\n... 10 more " in text
