"""`--criterion`: a line of code beside a batch, on every command and in documents."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import wce_cli
from tests.run import run

X, Y = "2 1 0; 0 1 2; 1 0.5 1; 0.25 -0.25 0.75", "0,2,1,0"
BATCH = ("-x", X, "-y", Y)
LINE = "nn.CrossEntropyLoss(weight=torch.tensor([0.25, 1.0, 3.0]), label_smoothing=0.125)"
GIVEN = {
    "logits": [[2, 1, 0], [0, 1, 2], [1, 0.5, 1], [0.25, -0.25, 0.75]],
    "labels": [0, 2, 1, 0],
    "weight": [0.25, 1.0, 3.0],
    "label_smoothing": 0.125,
}
REPORT = wce_cli.explain(**GIVEN, engines=())


def explained(*words: str, stdin: str = "") -> dict:
    """The report in JSON."""
    ran = run("explain", *words, "--engine", "none", "-f", "json", stdin=stdin.encode())
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_it_sets_the_fields_and_marks_the_method():
    report = explained(*BATCH, "--criterion", LINE)
    assert report["batch"]["weight"] == GIVEN["weight"]
    assert report["batch"]["label_smoothing"] == 0.125
    assert report["criterion"] == {
        "text": LINE,
        "pair": "weighted-mean",
        "value": None,
        "reason": None,
        "loss": REPORT.value("weighted-mean"),
        "given": None,
        "told": [],
    }


def test_the_first_sentence_and_the_table_say_what_it_returns():
    ran = run("explain", *BATCH, "--criterion", LINE, "--engine", "none", "--width", "100")
    assert " ".join(ran.out.split()).startswith(f"{LINE} returns 0.788762 (weighted-mean): the sum of the weighted")
    (marked,) = [line for line in ran.out.splitlines() if "← criterion" in line]
    assert marked.startswith("weighted-mean ")
    assert ran.err == ""
    plain = run("explain", *BATCH, "--criterion", LINE, "--engine", "none", encoding="ascii")
    assert "<- criterion" in plain.out


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("F.cross_entropy(x, y, weight=w, reduction='sum')", "sum"),
        ("F.cross_entropy(x, y, weight=w, reduction='none').mean()", "batch-mean"),
        ("keras.losses.SparseCategoricalCrossentropy(from_logits=True)", "batch-mean/sample"),
        ("optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()", "unweighted-mean"),
    ],
)
def test_a_method_that_is_not_pytorchs_mean_is_marked(line, pair):
    words = ("explain", *BATCH, "-w", "0.25,1,3", "--criterion", line, "--engine", "none")
    ran = run(*words, "--only", "methods")
    (marked,) = [row for row in ran.out.splitlines() if "← criterion" in row]
    assert marked.partition(" ")[0] == pair.removesuffix("/sample")
    csv = run(*words, "--only", "methods", "-f", "csv").out.splitlines()
    assert csv[0].endswith(",criterion")
    method, _, placement = pair.partition("/")
    assert [row.split(",")[:2] for row in csv if row.endswith(",true")] == [[method, placement or "class"]]
    markdown = run(*words, "-f", "markdown").out
    assert "← criterion" in markdown
    assert "returns" in markdown.splitlines()[0]


def test_a_csv_of_methods_has_no_such_column_without_one():
    assert run("explain", *BATCH, "--engine", "none", "--only", "methods", "-f", "csv").out.startswith(
        "method,placement,numerator,denominator,value,formula,rounding\n"
    )


def test_what_it_returns_is_not_said_where_that_is_not_sure():
    for line, reason in [
        ("nn.NLLLoss()", "it takes log-probabilities, and the scores are given as logits"),
        ("keras.losses.CategoricalCrossentropy()", "it takes probabilities, and the scores are given as logits"),
        ("F.cross_entropy(x, y, reduction='none')", "it returns one number a sample, and adds nothing up"),
        ("F.cross_entropy(x, y, **options)", "what **options holds is not in the line"),
    ]:
        ran = run("explain", *BATCH, "--criterion", line, "--engine", "none")
        assert " ".join(ran.out.split()).startswith(f"Which method {line} is cannot be said: {reason}. ")
        assert "criterion" not in ran.out.partition("method")[2].partition("\n\n")[0]


def test_a_value_that_is_not_in_the_line_is_asked_for():
    ran = run("explain", *BATCH, "--criterion", "nn.CrossEntropyLoss(weight=w)")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: criterion has w as its weight, whose value is not in the line\n"
        "  logits  (4, 3)  --logits\n"
        "  labels  (4,)    --labels\n"
        "hint: --weight gives it\n"
    )
    report = explained(*BATCH, "--criterion", "nn.CrossEntropyLoss(weight=w)", "--weight", "0.25,1,3")
    assert report["criterion"]["given"] is None
    assert report["criterion"]["pair"] == "weighted-mean"


def test_another_number_that_the_code_makes_of_it_is_noted():
    ran = run("explain", *BATCH, "--criterion", "loss = F.cross_entropy(x, y) / 4", "--engine", "none")
    note = "the code makes another number of what the criterion returns: F.cross_entropy(x, y) / 4"
    assert ran.err == f"note: {note}\n"
    assert ran.out.startswith("F.cross_entropy(x, y) returns 0.863375 (weighted-mean): ")


def test_an_option_overrides_it_and_it_overrides_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = (*BATCH, "--criterion", LINE, "--label-smoothing", "0.5", "-w", "0.25,1,3")
    ran = run("explain", *words, "--engine", "none")
    assert ran.err == "note: label_smoothing is given, and takes the place of the criterion's\n"
    assert ", with label_smoothing 0.5, returns" in " ".join(ran.out.split())
    Path("batch.json").write_text(json.dumps(GIVEN | {"weight": [1, 1, 2], "criterion": "nn.NLLLoss()"}))
    report = explained("batch.json", "--criterion", LINE)
    assert report["batch"]["weight"] == GIVEN["weight"]
    assert report["batch"]["sources"]["weight"] == "--criterion"
    assert report["criterion"]["text"] == LINE


def test_a_document_has_one():
    stdin = json.dumps({"logits": GIVEN["logits"], "labels": GIVEN["labels"], "criterion": LINE})
    assert explained(stdin=stdin)["criterion"]["loss"] == REPORT.value("weighted-mean")
    for wrong, said in [
        (5, "error: criterion is 5, expected a string\n  in stdin\n"),
        ("nn.BCELoss()", "error: criterion is nn.BCELoss, which is no loss that is known\n"),
    ]:
        ran = run("explain", stdin=json.dumps(GIVEN | {"criterion": wrong}).encode())
        assert ran.code == 2
        assert ran.err.startswith(said)
    ran = run("schema", "batch")
    assert {"type": "string"} in json.loads(ran.out)["$defs"]["BatchDocument"]["properties"]["criterion"]["anyOf"]


def test_many_lines_have_one_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = {"logits": GIVEN["logits"], "labels": GIVEN["labels"]}
    lines = [one, one | {"criterion": LINE}, one | {"criterion": "nn.CrossEntropyLoss(reduction='sum')"}] * 10
    Path("many.ndjson").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    ran = run("explain", "many.ndjson", "--engine", "none", "--only", "value", "--method", "weighted-mean")
    plain = wce_cli.explain(**one, engines=()).value("weighted-mean")
    values = [float(line.rpartition("\t")[2]) for line in ran.out.splitlines()]
    assert values == [plain, REPORT.value("weighted-mean"), plain] * 10
    ran = run("explain", "many.ndjson", "--engine", "none", "-f", "ndjson")
    found = [json.loads(line) for line in ran.out.splitlines()]
    parts = [one["criterion"] for one in found if "criterion" in one]
    assert [part and part["pair"] for part in parts] == [None, "weighted-mean", "sum"] * 10


def test_a_print_has_one():
    printed = f"logits = {GIVEN['logits']}\nlabels = {GIVEN['labels']}\ncriterion = {LINE}\n"
    assert explained(stdin=printed)["criterion"]["loss"] == REPORT.value("weighted-mean")


COMMANDS = {
    "split": ["--size", "2"],
    "gradient": [],
    "sweep": ["--class", "0"],
    "identify": ["0.788762"],
    "check": ["--expect", "0.788762"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_one(command):
    ran = run(command, *COMMANDS[command], *BATCH, "--criterion", LINE)
    assert (ran.code, ran.err) == (0, "")
    told = " ".join(ran.out.split())
    if command != "check":
        assert f"{LINE} returns 0.788762 (weighted-mean)" in told
    whole = run(command, *COMMANDS[command], *BATCH, "--criterion", "F.cross_entropy(x, y, reduction='none')")
    assert whole.code in (0, 1, 2)
    assert "Traceback" not in whole.err


def test_a_split_shows_its_method_part_by_part():
    line = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
    ran = run("split", "--size", "2", *BATCH, "-w", "0.25,1,3", "--criterion", line)
    assert "batch-mean/sample of each part, D = N" in ran.out


def test_numbers_are_held_to_what_it_returns():
    ran = run("identify", "0.7888", "0.8874", *BATCH, "--criterion", LINE)
    told = " ".join(ran.out.split())
    assert f"{LINE} returns 0.788762 (weighted-mean), which 0.7888 is and 0.8874 is not." in told


def test_a_number_alone_is_what_it_must_return():
    document = {"logits": GIVEN["logits"], "labels": GIVEN["labels"], "criterion": LINE}
    for expect, code in [(0.7888, 0), ({"criterion": 0.7888}, 0), ({"criterion": 0.7888, "sum": 3.5494}, 0), (0.9, 1)]:
        ran = run("check", stdin=json.dumps(document | {"expect": expect}).encode())
        assert ran.code == code, (expect, ran.out, ran.err)
    ran = run("check", *BATCH, "--criterion", LINE, "--expect", "0.7888")
    assert ran.code == 0
    ran = run("check", *BATCH, "--expect", "0.7888")
    assert (ran.code, ran.err.partition("\n")[0]) == (2, 'error: --expect is "0.7888", expected METHOD=VALUE')
    ran = run("check", stdin=json.dumps(GIVEN | {"expect": 0.7888}).encode())
    assert ran.code == 2
    assert ran.err.startswith("error: expect has a number of the criterion, and the batch has none\n")
    ran = run("check", stdin=json.dumps(document | {"expect": {"criterion": 1, "weighted-mean": 1}}).encode())
    assert ran.err.startswith("error: expect names weighted-mean twice: it is what the criterion returns\n")
    ran = run("check", stdin=json.dumps(document | {"criterion": "nn.NLLLoss()", "expect": 1}).encode())
    assert ran.code == 2
    assert "it takes log-probabilities, and the scores are given as logits" in ran.err


def test_python_takes_the_same_text():
    x, y = GIVEN["logits"], GIVEN["labels"]
    assert (
        wce_cli.explain(x, y, criterion=LINE, engines=()).criterion
        == wce_cli.explain(logits=x, labels=y, criterion=LINE, engines=()).criterion
    )
    assert wce_cli.check(x, y, criterion=LINE, expect="0.7888").is_ok
    assert not wce_cli.check(x, y, criterion=LINE, expect=0.9).is_ok
    log_p = np.log(np.full((2, 2), 0.5))
    assert wce_cli.explain(log_p, [0, 1], criterion="nn.NLLLoss()", engines=()).batch.scores == "log_probs"
    held = wce_cli.batch(x, y, weight=[1, 1, 2])
    assert wce_cli.explain(held, criterion=LINE, engines=()).batch.weight == (0.25, 1.0, 3.0)


def test_saved_totals_are_asked_with_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("explain", *BATCH, "--label-smoothing", "0.125", "--totals-out", "part.json", "--engine", "none")
    assert explained("part.json", "--criterion", LINE)["criterion"]["loss"] == pytest.approx(
        REPORT.value("weighted-mean"), rel=1e-15
    )
    ran = run("explain", "part.json", "--criterion", "nn.CrossEntropyLoss(weight=w)")
    assert ran.err.startswith("error: criterion has w as its weight, whose value is not in the line\nhint: --weight")


def test_a_page_quotes_it_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = "nn.CrossEntropyLoss(weight={'<script>': 1.0, 'b': 2.0, 'c': 1.0})"
    run("explain", *BATCH, "--classes", "<script>,b,c", "--criterion", line, "--engine", "none", "-o", "page.html")
    page = Path("page.html").read_text("utf-8")
    assert "<script>'" not in page
    assert "&lt;script&gt;" in page


def test_what_a_chat_puts_around_it_is_taken_off():
    for text in (
        f"`{LINE}`",
        f">>> {LINE}",
        f"```python\n{LINE}\n```",
        f"criterion = {LINE}  # as posted",
        f"'{LINE}'",
    ):
        assert explained(*BATCH, "--criterion", text)["criterion"]["text"] == LINE
