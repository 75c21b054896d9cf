"""What is added by one row is everywhere: an invented method, finding, engine, odd reading and odd rules, each put into
its table for the length of a test and found in every command and format, with the numbers of a plain loop.
"""

from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import wce_cli
from tests.run import ROOT, copy_package, python_of, run
from wce_cli.findings import FINDINGS
from wce_cli.findings.page import Page
from wce_cli.formats import formats_of
from wce_cli.loss.methods import METHODS, Method
from wce_cli.loss.placements import PLACEMENTS
from wce_cli.questions.identify.odd_readings import ODD_READINGS, OddReading
from wce_cli.questions.identify.odd_ways import (
    ENTRIES,
    ODD_METHODS,
    SMOOTHINGS,
    OddMethod,
    Smoothing,
    WeightEntry,
)
from wce_cli.questions.identify.twists import TWISTS, Twist

ABSOLUTE, LESS = "absolute-mean", "less-one-mean"
"""D = Σ|w| and D = N kept − 1."""
INVENTED = (
    Method(
        ABSOLUTE, "Σ |w[y]|", "divides by the sizes of the weights", ("nobody",), "", tuple(PLACEMENTS), "bent", np.abs
    ),
    Method(
        LESS,
        "N kept − 1",
        "divides by one sample less",
        ("nobody",),
        "",
        tuple(PLACEMENTS),
        "count",
        lambda counts: counts.kept - 1,
    ),
)
PAIRS = [f"{method}/{placement}" for method in (ABSOLUTE, LESS) for placement in PLACEMENTS]

LOGITS = [[1.0, 2.0, 0.5], [0.2, -1.0, 0.3], [2.0, 1.0, 0.0], [0.0, 1.0, 3.0], [1.0, 1.0, 1.0], [0.5, -0.5, 2.0]]
LABELS = [0, 1, 2, 1, -100, 0]
WEIGHT = [2.0, -0.5, 1.5]
BATCH: dict[str, Any] = {"logits": LOGITS, "labels": LABELS, "weight": WEIGHT}
WEIGHED = BATCH | {"sample_weight": [1.0, 0.25, 3.0, 2.0, 1.0, 0.5]}
SOFT = BATCH | {
    "labels": [[0.7, 0.2, 0.1], [0, 1, 0], [0.25, 0.25, 0.5], [0.1, 0.9, 0], [0, 0, 1], [0.4, 0.3, 0.3]],
}
BATCHES = (BATCH, WEIGHED, BATCH | {"label_smoothing": 0.1}, WEIGHED | {"label_smoothing": 0.1}, SOFT)


@pytest.fixture(autouse=True)
def _invented(monkeypatch):
    for method in INVENTED:
        monkeypatch.setitem(METHODS, method.name, method)


def losses(row: list[float]) -> list[float]:
    return [math.log(sum(map(math.exp, row))) - x for x in row]


def by_loop(batch: dict[str, Any], weight: list[float] | None = None) -> dict[str, tuple[float, float]]:
    """Numerator and denominator of every invented pair, one sample after the other."""
    w = batch["weight"] if weight is None else weight
    c, eps, found = len(w), batch.get("label_smoothing", 0.0), {}
    for placement in PLACEMENTS:
        top = size = 0.0
        kept = 0
        for n, (row, label) in enumerate(zip(batch["logits"], batch["labels"], strict=True)):
            if label == -100:
                continue
            kept += 1
            s = batch.get("sample_weight", [1.0] * len(batch["labels"]))[n]
            is_soft = isinstance(label, list)
            given = label if is_soft else [float(k == label) for k in range(c)]
            q = [(1 - eps) * one + eps / c for one in given]
            a = losses(row)
            y = given.index(max(given))
            own = sum(q[k] * w[k] for k in range(c)) if placement == "label-mix" else w[y]
            if placement == "class":
                top += s * sum(w[k] * q[k] * a[k] for k in range(c))
            else:
                top += s * own * sum(q[k] * a[k] for k in range(c))
            size += s * abs(own)
        if not isinstance(batch["labels"][0], list) or placement == "sample":
            found[f"{ABSOLUTE}/{placement}"] = top, size
        found[f"{LESS}/{placement}"] = top, kept - 1
    return found


def short(pair: str) -> str:
    return pair.removesuffix("/class")


def near(actual: float, expected: float) -> bool:
    return math.isclose(actual, expected, rel_tol=1e-12, abs_tol=1e-13)


def divided(pair: tuple[float, float]) -> float:
    return pair[0] / pair[1]


def file_of(tmp_path: Any, batch: dict[str, Any], **more: Any) -> str:
    path = tmp_path / "batch.json"
    path.write_text(json.dumps(batch | more))
    return str(path)


@pytest.mark.parametrize("batch", BATCHES)
def test_explain_has_it(batch):
    report, expected = wce_cli.explain(**batch, engines=()), by_loop(batch)
    found = {row.method + "/" + row.placement: row for row in report.methods if row.method in (ABSOLUTE, LESS)}
    assert found.keys() == expected.keys()
    for pair, row in found.items():
        assert near(row.numerator, expected[pair][0])
        assert near(row.denominator, expected[pair][1])
        assert near(row.value, divided(expected[pair]))
    absolute = next(row for row in found.values() if row.method == ABSOLUTE)
    own = "w[argmax q]" if batch is SOFT else "w[y]"
    assert absolute.formula == f"Σ |{'s·' if 'sample_weight' in batch else ''}{own}|"


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("size", [2, 3, (1, 5)])
def test_split_has_it(batch, size):
    """A part of one kept sample has N kept − 1 = 0 to divide by."""
    answer = wce_cli.split(size, **batch)
    ends = np.cumsum(size if isinstance(size, tuple) else [size] * (len(LOGITS) // size)).tolist()
    for row in answer.methods:
        if row.method not in (ABSOLUTE, LESS):
            continue
        pair = f"{row.method}/{row.placement}"
        assert near(row.denominator, by_loop(batch)[pair][1])
        for k, (start, stop) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            rows = ("logits", "labels", "sample_weight")
            part = {name: value[start:stop] if name in rows else value for name, value in batch.items()}
            above, below = by_loop(part)[pair]
            assert near(row.numerators[k], above)
            assert near(row.denominators[k], below)
            assert near(row.values[k], above / below) if below else not math.isfinite(row.values[k])
    assert {row.pair for row in answer.methods} >= {short(pair) for pair in by_loop(batch)}


@pytest.mark.parametrize("batch", BATCHES)
def test_sweep_has_it_where_a_weight_goes_through_zero(batch):
    places = [-2.0, -0.75, -0.5, 0.0, 0.25, 1.0, 3.0]
    for c in range(3):
        answer = wce_cli.sweep(c, values=places, **batch)
        for row in answer.methods:
            if row.method in (ABSOLUTE, LESS):
                for k, place in enumerate(places):
                    weight = [place if other == c else one for other, one in enumerate(WEIGHT)]
                    above, below = by_loop(batch, weight)[f"{row.method}/{row.placement}"]
                    assert near(row.denominators[k], below), (row.pair, place)
                    assert near(row.values[k], above / below), (row.pair, place)


@pytest.mark.parametrize("batch", BATCHES)
def test_sweep_has_it_along_the_scale_and_the_smoothing(batch):
    places = [0.1, 0.5, 1.0]
    scaled, smoothed = wce_cli.sweep(scale=True, values=[-1.0, *places], **batch), None
    for row in scaled.methods:
        if row.method in (ABSOLUTE, LESS):
            for k, place in enumerate([-1.0, *places]):
                above, below = by_loop(batch, [place * one for one in WEIGHT])[f"{row.method}/{row.placement}"]
                assert near(row.values[k], above / below)
    smoothed = wce_cli.sweep(smoothing=True, values=places, **batch)
    for row in smoothed.methods:
        if row.method in (ABSOLUTE, LESS):
            for k, eps in enumerate(places):
                above, below = by_loop(batch | {"label_smoothing": eps})[f"{row.method}/{row.placement}"]
                assert near(row.values[k], above / below), (row.pair, eps)


def test_where_its_curve_meets_another_is_found(tmp_path):
    ran = run(
        *("sweep", file_of(tmp_path, BATCH), "--class", "1", "--from", "-2", "--to", "2", "--points", "9"),
        *("--method", "batch-mean", "--method", ABSOLUTE, "-f", "json"),
    )
    found = json.loads(ran.out)["crossings"]
    assert [one["place"] for one in found] == pytest.approx([-0.25, 0.25], rel=1e-12)  # there |w| adds up to N
    for one in found:
        above, below = by_loop(BATCH, [2.0, one["place"], 1.5])[f"{ABSOLUTE}/class"]
        assert below == pytest.approx(6, rel=1e-12)
        assert one["value"] == pytest.approx(above / 6, rel=1e-12)


@pytest.mark.parametrize("batch", BATCHES)
def test_identify_names_it(batch):
    for pair, fraction in by_loop(batch).items():
        answer = wce_cli.identify(divided(fraction), **batch)
        titles = [match.title for match in answer.numbers[0].matches if not match.departures]
        plain = "label_smoothing" not in batch and batch is not SOFT  # placements are one
        assert (short(pair.partition("/")[0] if plain else pair)) in titles


def test_identify_knows_what_it_divides_by(tmp_path):
    """Without a rule, what the number was divided by is named; of its slips none is taken for a straight line's."""
    for pair, fraction in by_loop(BATCH).items():
        if pair.endswith("/class"):
            value = divided(fraction)
            text = run("identify", f"{value!r}", file_of(tmp_path, BATCH)).out
            assert f"is {short(pair)}" in text
            assert f"{METHODS[short(pair)].formula} = " in text


@pytest.mark.parametrize("batch", BATCHES)
def test_check_holds_a_number_to_it(batch, tmp_path):
    expected = {short(pair): divided(fraction) for pair, fraction in by_loop(batch).items()}
    ran = run("check", file_of(tmp_path, batch, expect=expected))
    assert (ran.code, ran.err) == (0, "")
    wrong = run("check", file_of(tmp_path, batch, expect={LESS: expected[LESS] * 1.5}))
    assert wrong.code == 1
    wce_cli.assert_loss(np.float32(expected[LESS]), method=LESS, **batch)


def test_check_names_it_where_another_was_meant(tmp_path):
    value = divided(by_loop(BATCH)[f"{LESS}/class"])
    text = " ".join(run("check", file_of(tmp_path, BATCH, expect={"weighted-mean": value})).out.split())
    assert f"is {LESS}: Σw·ℓ / (N kept − 1). Ratio 1.125 = Σw / (N kept − 1)" in text


def test_gradient_has_it():
    answer = wce_cli.gradient(**WEIGHED)
    for row in answer.methods:
        if row.method in (ABSOLUTE, LESS):
            assert near(row.denominator, by_loop(WEIGHED)[f"{row.method}/{row.placement}"][1])
            for one in answer.samples:
                s, w = WEIGHED["sample_weight"][one.n], WEIGHT[one.label]
                assert near(answer.factor(one, row), s * w / row.denominator)


@pytest.mark.parametrize(
    ("name", "divisor"), [(LESS, "(kept.sum() - 1)"), (ABSOLUTE, "weight[labels[kept]].abs().sum()")]
)
def test_audit_finds_a_function_that_computes_it(name, divisor, tmp_path):
    pytest.importorskip("torch")
    path = tmp_path / "mine.py"
    path.write_text(
        "import torch\n"
        "def loss(logits, labels, weight):\n"
        "    kept = labels != -100\n"
        "    own = torch.nn.functional.cross_entropy(logits, labels, weight, reduction='sum', ignore_index=-100)\n"
        f"    return own / {divisor}\n"
    )
    for format_ in formats_of("audit"):
        ran = run("audit", f"{path}:loss", "--expect", name, "-f", format_)
        assert ran.code == 0, ran.out
        if format_ == "json":
            answer = json.loads(ran.out)
            assert answer["is_expected"] is True
            assert name in answer["computed"][0]["pairs"]
        elif name == LESS:  # weights that are asked with are above 0, and |w| is told by the simpler name
            assert name in ran.out


def test_saved_totals_have_it(tmp_path):
    parts = []
    for k, (start, stop) in enumerate([(0, 2), (2, 6)]):
        part = {name: value[start:stop] if name != "weight" else value for name, value in WEIGHED.items()}
        out = str(tmp_path / f"part-{k}.json")
        ran = run("explain", file_of(tmp_path, part), "--engine", "none", "--totals-out", out)
        assert ran.code == 0
        parts.append(out)
    ran = run("explain", *parts, "--engine", "none", "-f", "json", "--method", "all")
    rows = {f"{row['method']}/{row['placement']}": row["value"] for row in json.loads(ran.out)["methods"]}
    for pair, fraction in by_loop(WEIGHED).items():
        assert near(rows[pair], divided(fraction))


COMMANDS = {
    "explain": (["explain"], formats_of("explain")),
    "split": (["split", "--size", "2"], formats_of("split")),
    "gradient": (["gradient"], formats_of("gradient")),
    "sweep": (["sweep", "--class", "1", "--from", "-2", "--to", "2"], formats_of("sweep")),
}


@pytest.mark.parametrize(
    ("command", "name"), [(command, name) for command, (_, formats) in COMMANDS.items() for name in formats]
)
def test_every_format_shows_it(command, name, tmp_path):
    words = COMMANDS[command][0]
    asked = ["--method", ABSOLUTE, "--method", LESS]
    engine = ["--engine", "none"] if command == "explain" else []
    ran = run(*words, file_of(tmp_path, BATCH), *asked, *engine, "-f", name)
    assert (ran.code, ran.err) == (0, "")
    if (command, name) != ("explain", "csv"):  # the terms, which no method changes
        assert ABSOLUTE in ran.out
        assert LESS in ran.out
    ran = run(*words, file_of(tmp_path, BATCH), "--method", "all", *engine, "-f", name)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("name", formats_of("identify"))
def test_every_format_of_identify_names_it(name, tmp_path):
    value = divided(by_loop(BATCH)[f"{ABSOLUTE}/class"])
    ran = run("identify", repr(value), file_of(tmp_path, BATCH), "-f", name)
    assert ran.code == 0
    assert ABSOLUTE in ran.out


@pytest.mark.parametrize("name", formats_of("check"))
def test_every_format_of_check_names_it(name, tmp_path):
    value = divided(by_loop(BATCH)[f"{ABSOLUTE}/class"])
    ran = run("check", file_of(tmp_path, BATCH, expect={ABSOLUTE: 2 * value}), "-f", name)
    assert ran.code == 1
    assert ABSOLUTE in ran.out


def test_methods_lists_it_and_its_page():
    assert ABSOLUTE in run("methods").out
    assert "divides by one sample less" in run("methods", LESS).out


def test_the_sentences_of_explain_do_not_take_it_for_the_weights(tmp_path):
    ran = run("explain", file_of(tmp_path, BATCH), "--engine", "none", "--method", ABSOLUTE)
    assert "divided by Σ |w[y]| = 6.5" in ran.out
    assert "the weights of the labels" not in ran.out


@pytest.mark.parametrize("command", ["explain", "check"])
def test_many_tiny_lines_have_it(command, tmp_path):
    """In a process of its own: the stacks know the methods from when they are imported."""
    expect = {ABSOLUTE: divided(by_loop(BATCH)[f"{ABSOLUTE}/class"])}
    line = json.dumps(BATCH | ({"expect": expect} if command == "check" else {}))
    path = tmp_path / "many.ndjson"
    path.write_text(f"{line}\n" * 50)
    asked = ["--engine", "none", "--method", ABSOLUTE] if command == "explain" else []
    code = (
        "import numpy as np\n"
        "from wce_cli.loss import methods\n"
        "row = methods.Method('absolute-mean', 'Σ |w[y]|', '', (), '', tuple(methods.PLACEMENTS), 'bent', np.abs)\n"
        "methods.METHODS[row.name] = row\n"
        "from wce_cli.cli.app import main\n"
        f"raise SystemExit(main({[command, str(path), *asked, '-f', 'ndjson']!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr.count("rror")) == (0, 0), done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) >= 50
    if command == "explain":
        assert all(near(one["methods"][0]["value"], expect[ABSOLUTE]) for one in answers)


# One row each of the other tables.


def test_an_invented_finding_is_told_by_every_format(monkeypatch, tmp_path):
    page = Page(
        "five-kept",
        "note",
        "five are kept",
        "Five is a number.",
        "It matters.",
        "wce explain",
        "Count.",
        (),
        is_doubt=True,
    )
    monkeypatch.setitem(
        FINDINGS, page.code, (page, lambda analysis: "five are kept" if analysis.totals.n_kept == 5 else None)
    )
    for name in formats_of("explain"):
        if name == "csv":
            continue
        out = run("explain", file_of(tmp_path, BATCH), "--engine", "none", "-f", name).out
        assert "five are kept" in out, name
    assert "five-kept" in run("findings").out
    assert "Five is a number." in run("findings", "five-kept").out
    answers = (
        wce_cli.split(2, **BATCH),
        wce_cli.sweep(1, **BATCH),
        wce_cli.gradient(**BATCH),
        wce_cli.identify(0.5, **BATCH),
        wce_cli.check(**BATCH, expect={"sum": 1.0}),
    )
    for answer in answers:
        assert "five-kept" in [one.code for one in answer.findings], type(answer)
    with pytest.raises(AssertionError, match="note five-kept: five are kept"):
        wce_cli.assert_loss(1.0, **BATCH)


ENGINE = '''"""NumPy, measured: in a file of its own."""

from collections.abc import Iterator

import numpy as np

from wce_cli.engines.calls import EngineCall, Framework
from wce_cli.engines.case import Case
from wce_cli.answers.report import Measured


def measure(case: Case) -> Iterator[Measured]:
    def run() -> float:
        own = np.log(np.exp(case.x).sum(axis=1)) - case.x[np.arange(len(case.y)), case.y]
        return float(own.mean())

    yield Framework("Invented", "1.0").returned(EngineCall("own.mean()", run, ("unweighted-mean",)), "float64")
'''


def test_an_invented_engine_is_a_file_and_its_row(tmp_path):
    """In a copy of the package, as it is measured in a process of its own."""
    copy = copy_package(tmp_path)
    (copy / "engines" / "invented.py").write_text(ENGINE)
    table = copy / "frameworks.py"
    row = '"invented": Engine("Invented", "wce_cli.engines.invented", ("numpy",), "numpy"),'
    table.write_text(table.read_text("utf-8").replace("ENGINES = {\n", f"ENGINES = {{\n    {row}\n", 1), "utf-8")
    batch = {"logits": LOGITS[:4], "labels": LABELS[:4]}

    def asked_of(*words: str) -> str:
        done = python_of(tmp_path, *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asked(*words: str) -> str:
        return asked_of("-m", "wce_cli", *words)

    expected = sum(losses(row)[y] for row, y in zip(LOGITS[:4], LABELS[:4], strict=True)) / 4
    for name in formats_of("explain"):
        if name not in ("csv", "svg"):
            assert "own.mean()" in asked("explain", file_of(tmp_path, batch), "--engine", "invented", "-f", name), name
    report = json.loads(asked("explain", file_of(tmp_path, batch), "--engine", "invented", "-f", "json"))
    (measured,) = [one for one in report["measurements"] if one["engine"] == "Invented"]
    assert near(measured["value"], expected)
    assert "unweighted-mean" in measured["methods"]
    code = "from wce_cli.cli import completion; print(*completion.engines())"
    assert "invented" in asked_of("-c", code).split()


def test_an_invented_reading_is_found(monkeypatch):
    reading = OddReading("half", "half of −log p", ("logits",), of_loss=lambda a: a / 2)
    monkeypatch.setitem(ODD_READINGS, reading.name, reading)
    value = wce_cli.explain(**BATCH, engines=()).value("kept-mean") / 2
    assert "half" in [
        name for match in wce_cli.identify(value, **BATCH).numbers[0].matches for name in match.departures
    ]


@pytest.mark.parametrize(
    ("table", "row", "of"),
    [
        (
            ODD_METHODS,
            OddMethod("over-seven", "Σt / 7", lambda t, a, b, p: (p.numerator(t, a), 7.0), "7"),
            lambda values, batch: values["sum"] / 7,
        ),
        (
            ENTRIES,
            WeightEntry("cubed", "weights cubed", lambda w, n: (w**3, w**3)),
            lambda values, batch: (
                by_loop(batch, [w**3 for w in WEIGHT])[f"{LESS}/class"][0]
                / sum(WEIGHT[y] ** 3 for y in LABELS if y >= 0)
            ),
        ),
        (
            TWISTS,
            Twist("tripled", "times 3", lambda value, n: 3 * value, lambda n: 3.0, is_by_term=True),
            lambda values, batch: values["weighted-mean"] * 3,
        ),
    ],
)
def test_an_invented_odd_rule_is_found(monkeypatch, table, row, of):
    monkeypatch.setitem(table, row.name, row)
    report = wce_cli.explain(**BATCH, engines=())
    values = {one.method: one.value for one in report.methods if one.placement == "class"}
    answer = wce_cli.identify(of(values, BATCH), **BATCH)
    assert (row.name,) in [match.departures for match in answer.numbers[0].matches]


def test_an_invented_smoothing_is_found(monkeypatch):
    row = Smoothing("all-to-one", "ε/(2C) on every class", lambda eps, c: (1 - eps / 2, eps / 2 / c))
    monkeypatch.setitem(SMOOTHINGS, row.name, row)
    batch = BATCH | {"label_smoothing": 0.1}
    value = wce_cli.explain(**BATCH, label_smoothing=0.05, engines=()).value("weighted-mean")
    answer = wce_cli.identify(value, **batch)
    assert (row.name,) in [match.departures for match in answer.numbers[0].matches]


# Nobody asks for a method by its name.

TOLD = {
    "answers/pairs.py": "which method a framework's reduction is, for who types its name",
    "formats/look.py": "the word for Σ in ASCII",
    "questions/audit/probes.py": "torch's names of reductions",
    "questions/criterion.py": "torch's names of reductions, and Python's sum",
}
"""Where a method's name, or a word that is one, is text."""


NAMED = {"WEIGHTED", "BATCH", "SUM", "UNWEIGHTED"}
"""The rows that have a name in code: what is said of them alone may look them up, and asks no row which it is."""


def test_no_module_asks_for_a_method_by_its_name():
    """Outside the table: findings are sentences about methods, engines and criteria say which one a call returns."""
    found = []
    for path in sorted((ROOT / "wce_cli").rglob("*.py")):
        name = path.relative_to(ROOT / "wce_cli").as_posix()
        if name == "loss/methods.py" or name.startswith(("findings/", "engines/", "criteria/")) or name in TOLD:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                word = node.value.partition("/")[0]
                if word in METHODS and node.value in (word, *(f"{word}/{placement}" for placement in PLACEMENTS)):
                    found.append(f"{name}:{node.lineno} {node.value}")
            elif isinstance(node, ast.Compare):
                asked = any(isinstance(one, ast.Attribute) and one.attr == "method" for one in ast.walk(node.left))
                named = {one.id for side in node.comparators for one in ast.walk(side) if isinstance(one, ast.Name)}
                if asked and named & NAMED:
                    found.append(f"{name}:{node.lineno} asks for {', '.join(sorted(named & NAMED))}")
    assert found == []
