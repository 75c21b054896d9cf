"""`wce explain --by-sample`: sequences and images one by one, in every format, and what has none."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import numpy as np
import pytest

from tests.run import run, spawn


@pytest.fixture
def sequences(tmp_path):
    """Three sequences of five tokens, of which some are ignored."""
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=(3, 5))
    labels[1, 2:] = labels[2, 3:] = -100
    file = tmp_path / "b.npz"
    np.savez(file, logits=rng.normal(size=(3, 4, 5)), labels=labels)
    return str(file)


def explain(*arguments, **environment):
    ran = run("explain", *arguments, "--engine", "none", **environment)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def test_a_small_batch_lists_its_items_below_its_samples(sequences):
    out = explain(sequences, "--by-sample")
    heads = "\n2,4  -100 ", "\nweighted-mean of each of 3 items of 5 samples, D", "\nmethod "
    places = [out.index(head) for head in heads]
    assert places == sorted(places)
    assert "of each of 3 items" not in explain(sequences)
    assert "of each of 3 items" not in explain(sequences, "--by-sample", "--only", "methods")


def test_rows_counts_the_items(sequences):
    out = explain(sequences, "--by-sample", "--rows", "1")
    assert "\n… 2 more " in out
    assert "\n2,4  -100 " in out
    document = json.loads(explain(sequences, "--by-sample", "--rows", "1", "-f", "json"))
    assert (len(document["by_sample"]["rows"]), len(document["terms"])) == (1, 15)
    assert "… " not in explain(sequences, "--by-sample", "--rows", "all")
    out = explain(sequences, "--by-sample", "--rows", "0")
    assert "\n… 3 more " in out
    assert "note mean-of-means: " in out


def test_a_csv_has_one_item_a_line(sequences):
    rows = list(csv.DictReader(io.StringIO(explain(sequences, "--by-sample", "-f", "csv"))))
    assert [(row["sample"], row["n_kept"]) for row in rows] == [("0", "5"), ("1", "2"), ("2", "3")]
    assert len(explain(sequences, "--by-sample", "-f", "csv", "--rows", "2").splitlines()) == 3
    assert "n,index,label" in explain(sequences, "-f", "csv")
    assert explain(sequences, "--by-sample", "-f", "csv", "--only", "methods").startswith("method,")


def test_the_rows_of_a_batch_are_named_by_their_place_in_every_listing(sequences):
    for form in ("table", "markdown", "html"):
        assert "2,4" in explain(sequences, "-f", form)
    assert "\n14,2 4," in explain(sequences, "-f", "csv")
    assert json.loads(explain(sequences, "-f", "json"))["terms"][14]["index"] == [2, 4]


def test_json_and_every_line_of_ndjson_hold_the_items_and_fit_the_schema(sequences, tmp_path):
    schema = json.loads(run("schema", "report").out)
    document = json.loads(explain(sequences, "-f", "json"))
    jsonschema.validate(document, schema)
    assert [row["n_kept"] for row in document["by_sample"]["rows"]] == [5, 2, 3]
    lines = tmp_path / "b.ndjson"
    batch = np.load(sequences)
    given = {name: batch[name].tolist() for name in ("logits", "labels")}
    lines.write_text(f"{json.dumps(given)}\n" * 3)
    for line in explain(str(lines), "-f", "ndjson").splitlines():
        assert json.loads(line)["by_sample"] == document["by_sample"]
    assert explain(str(lines), "--by-sample").count("weighted-mean of each of 3 items") == 3


def test_many_items_in_a_table_are_few_and_in_json_all(tmp_path):
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "b.npz", logits=rng.normal(size=(400, 3, 2)), labels=rng.integers(3, size=(400, 2)))
    file = str(tmp_path / "b.npz")
    assert "\n… 380 more  " in explain(file)
    assert len(json.loads(explain(file, "-f", "json"))["by_sample"]["rows"]) == 400
    assert len(explain(file, "--by-sample", "--rows", "all").splitlines()) > 400
    assert len(explain(file, "--by-sample", "-f", "csv").splitlines()) == 401


def test_of_more_than_ten_thousand_items_a_report_holds_the_largest(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(10_001, 3, 2))
    x[9_876, 0], x[9_876, 1] = 50, -50
    np.savez(tmp_path / "b.npz", logits=x, labels=np.ones((10_001, 2), dtype=int))
    file = str(tmp_path / "b.npz")
    found = json.loads(explain(file, "-f", "json"))
    assert (found["by_sample"]["total"], len(found["by_sample"]["rows"])) == (10_001, 21)
    assert found["by_sample"]["rows"][0]["sample"] == 9_876
    whole = sum(row["numerator"] for row in (*found["by_sample"]["rows"], found["by_sample"]["rest"]))
    assert whole == pytest.approx(found["totals"]["numerator"], rel=1e-13)
    assert len(explain(file, "--by-sample", "-f", "csv").splitlines()) == 10_002


def test_what_has_one_row_a_sample_is_refused(tmp_path):
    ran = run("explain", "-x", "1 2; 3 4", "-y", "0,1", "--by-sample")
    assert ran == (
        2,
        "",
        "error: --by-sample lists samples of several rows, and of scores (2, 2) each is one\n"
        "hint: leave it out: --rows N lists the rows\n",
    )
    part = str(tmp_path / "part.json")
    assert run("explain", "-x", "1 2", "-y", "0", "--engine", "none", "--totals-out", part).code == 0
    ran = run("explain", part, "--by-sample")
    assert ran.err.startswith("error: --by-sample needs the samples, and saved totals hold none\n")
    ranks = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    ranks["TORCHELASTIC_RUN_ID"] = "none"
    ran = run("explain", "-x", "1 2", "-y", "0", "--by-sample", **ranks)
    assert ran.err.startswith("error: --by-sample is not answered under torchrun\n")


def test_a_pipe_gets_no_colour_and_a_plain_terminal_ascii(sequences):
    ran = spawn("explain", sequences, "--engine", "none", "--by-sample", TERM="dumb", PYTHONIOENCODING="ascii")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    assert "D = sum w[y]\n" in ran.out
