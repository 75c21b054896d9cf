"""A report as a dictionary, as JSON, and as what `print` shows."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tests.formats.reports import text_in, to_table
from tests.loss.random_batches import random_batch
from tests.run import run
from wce_cli import WceError, explain
from wce_cli.answers.analysis import Analysis
from wce_cli.answers.report import SCHEMA as NAME
from wce_cli.answers.report import Report
from wce_cli.batches.batch import Batch
from wce_cli.formats.json import schema_of
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass

SCHEMA = Draft202012Validator(schema_of(Report, NAME))
TWO = {"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1], "weight": [0.1, 1]}
ODD = {
    "infinite": {"logits": [[0.0, -math.inf], [0, 1]], "labels": [1, 0], "weight": [2, 1]},
    "nan": {"logits": [[0.0, math.nan], [0, 1]], "labels": [1, 0], "weight": [2, math.inf]},
    "0/0": {"logits": [[0.1, 0.9]], "labels": [0], "weight": [0, 1]},
    "minus infinity": {"log_probs": [[math.inf, 0.0]], "labels": [0], "weight": [1, 1]},
    "all ignored": {"probs": [[0.5, 0.5]], "labels": [-100]},
    "probability labels": {"logits": [[1, 2, 3]], "labels": [[0.5, 0.5, 0]], "weight": [1, 2, 3]},
    "empty": {"logits": np.zeros((0, 3)), "labels": np.zeros(0, dtype=int)},
    "large": {"logits": [[1e308, -1e308]], "labels": [1]},
    "names": {"logits": [[1, 2]], "labels": ["[red]"], "classes": ["[red]", "\x1b[31m"]},
}


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(schema_of(Report, NAME))


@pytest.mark.parametrize("batch", ODD.values(), ids=ODD)
def test_every_report_is_strict_json_that_fits_the_schema(batch):
    pytest.importorskip("torch")
    report = explain(**batch)
    text = text_in("json", [report])
    assert text.endswith("}\n")
    document = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert document == report.to_dict()
    SCHEMA.validate(document)
    SCHEMA.validate(json.loads(text_in("json", [report, report])))


@pytest.mark.parametrize("seed", range(40))
def test_reports_of_random_batches_fit_the_schema(seed):
    SCHEMA.validate(explain(**random_batch(7000 + seed), engines=()).to_dict())


def test_the_schema_refuses_what_no_report_is():
    document = explain(**TWO, engines=()).to_dict()
    for path, wrong in (("terms_total", "2"), ("schema", None), ("methods", [{"method": "sum"}]), ("totals", {})):
        assert not SCHEMA.is_valid({**document, path: wrong}), path
    del document["batch"]
    assert not SCHEMA.is_valid(document)


def test_numbers_are_written_in_full_and_what_is_not_finite_as_strings():
    document = explain(**ODD["0/0"], engines=()).to_dict()
    row = document["methods"][0]
    assert (row["method"], row["value"]) == ("weighted-mean", "NaN")
    assert document["terms"][0]["loss"] == 1.1711006659477778
    assert document["terms"][0]["share"] is None
    assert explain(**ODD["infinite"], engines=()).to_dict()["terms"][0]["loss"] == "Infinity"
    assert explain(**ODD["minus infinity"], engines=()).to_dict()["terms"][0]["loss"] == "-Infinity"


def test_the_keys_are_those_that_were_promised():
    document = explain(**TWO, engines=()).to_dict()
    assert document["schema"] == "wce.report/1"
    assert list(document) == [
        *("schema", "batch", "terms", "terms_shown", "terms_total", "classes", "by_sample", "top", "totals"),
        *("methods", "measurements", "findings", "criterion"),
    ]
    term = {"n", "label", "target_logit", "logsumexp", "loss", "weight", "term", "share", "placements"}
    assert term <= set(document["terms"][0])
    assert {"method", "placement", "numerator", "denominator", "value"} <= set(document["methods"][0])
    assert {"code", "severity", "message", "help"} == set(document["findings"][0])
    pytest.importorskip("torch")
    measured = explain(**TWO).to_dict()["measurements"][0]
    assert {"engine", "version", "call", "dtype", "value", "methods"} <= set(measured)


def test_print_shows_the_table(capsys):
    report = explain(**TWO, engines=())
    print(report)
    assert capsys.readouterr().out == to_table([report]) + "\n"
    assert repr(report) == (
        "<wce report of 2 samples × 2 classes: weighted-mean=0.692279, batch-mean=0.380753, kept-mean=0.380753, "
        "nonzero-mean=0.380753, element-mean=0.190377, sum=0.761507, unweighted-mean=0.907749>"
    )


def test_a_rich_console_prints_the_table_at_its_own_width():
    from rich.console import Console

    report = explain(logits=[[1, 2], [0, 3]], labels=["[red]", "[/x]"], classes=["[red]", "[/x]"], engines=())
    for width in (40, 80):
        console = Console(file=io.StringIO(), width=width)
        console.print(report)
        printed = console.file.getvalue()
        assert "[red]" in printed
        assert max(map(len, printed.splitlines())) <= width


def test_the_command_writes_the_same_json_as_python():
    report = explain(**TWO, engines=()).to_dict()
    ran = run("explain", "-x", "0.1 0.9; 0 0.1", "-y", "0,1", "-w", "0.1,1", "--engine", "none", "--format", "json")
    written = json.loads(ran.out)
    assert written["batch"].pop("sources") == {"logits": "--logits", "labels": "--labels", "weight": "--weight"}
    assert report["batch"].pop("sources") == {}
    assert written == report


@pytest.mark.parametrize("name", ["batch", "report"])
def test_the_command_prints_the_schema(name):
    from wce_cli.inputs.batch_keys import batch_schema

    ran = run("schema", name)
    assert ran.code == 0
    schema = {"batch": batch_schema, "report": lambda: schema_of(Report, NAME)}[name]()
    assert json.loads(ran.out) == json.loads(json.dumps(schema))


def test_what_findings_share_is_of_the_kept_samples_alone():
    batch = Batch.build(
        logits=np.zeros((4, 3)), labels=[0, 0, 2, -100], sample_weight=[1, 3, 2, 9], weight=[2.0, math.inf, -1.0]
    )
    totals, facts = one_pass(batch)
    analysis = Analysis(batch.spec, totals, facts, loss_values(totals, batch.spec.class_weight), ())
    assert analysis.class_weight == [2.0, math.inf, -1.0]
    assert analysis.count == [2, 0, 1]
    assert analysis.present == [0, 2]
    assert analysis.kept_weights == {2.0, 6.0, -2.0}
    assert analysis.value("kept-mean").denominator == 3
    assert analysis.value("sum/label-mix").placement == "label-mix"
    assert analysis.value("mean") is None


def test_a_mean_over_items_is_told_apart_only_where_they_have_rows():
    plain = explain(logits=[[0.0, 1.0], [2.0, 3.0]], labels=[0, 1], engines=())
    with pytest.raises(WceError, match="every entry of the first axis is one row") as caught:
        plain.value("sample-mean/sample")
    assert caught.value.problems[0].hint == "it is batch-mean/sample then"
    images = explain(logits=[[[0.0, 1.0, 5.0], [2.0, 3.0, 0.0]]], labels=[[0, 1, 0]], engines=())
    assert images["sample-mean"] == images["sum"]
