"""A loss that is capped is not the plain rule, and rounding is no cap."""

from __future__ import annotations

import ast
import json
import math
import re

import pytest

from tests.questions.audit.inside import FIXTURES, audited_here
from tests.run import ROOT, run
from wce_cli.answers.audit import verdict
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.audit.words import expectation
from wce_cli.formats.look import Look
from wce_cli.questions.audit.child.bisection import ROOM, is_right, last_right, loss_at, search_rows
from wce_cli.questions.audit.rows.numbers import CAPPED

torch = pytest.importorskip("torch")
F = torch.nn.functional

EXCEPT = "expected weighted-mean: it is that, except where a loss is very large"


def plain(gap: float) -> float:
    """−log p of (0, −gap, −1) at its second class."""
    return gap + math.log(1 + math.exp(-gap) + math.exp(-1))


def plus(eps: float):
    return lambda gap: -math.log(math.exp(-plain(gap)) + eps)


def clamped(gap: float) -> float:
    return plain(min(gap, 20.0))


CAPS = {
    "plus_1e_7": ("weighted-mean", plus(1e-7), EXCEPT),
    "plus_1e_8": (
        "weighted-mean; log(p + 1e-8)",
        plus(1e-8),
        "expected weighted-mean, but it computes weighted-mean; log(p + 1e-8), another number where a loss is very "
        "large",
    ),
    "clamped_p": (
        "weighted-mean; p is clipped to [1e-7, 1 − 1e-7] (Keras)",
        lambda gap: min(plain(gap), -math.log(1e-7)),
        "expected weighted-mean, but it computes weighted-mean; p is clipped to [1e-7, 1 − 1e-7] (Keras), another "
        "number where a loss is very large",
    ),
    "clamped_logits": ("weighted-mean", clamped, EXCEPT),
    "clamped_logits_over_n": (
        "batch-mean",
        clamped,
        "expected weighted-mean, but it computes batch-mean, except where a loss is very large",
    ),
}


@pytest.mark.parametrize("name", CAPS)
def test_a_capped_loss_is_not_the_plain_rule(name):
    title, value, said = CAPS[name]
    answer = audited_here(f"capped.py:{name}", expect="weighted-mean")
    own = answer.own
    assert (own.title, own.pairs, answer.is_expected) == (title, (), False)
    assert expectation(answer) == said
    assert own.departs.when == "a loss is very large"
    (row,), (label,), weight = (own.departs.probe[key] for key in ("logits", "labels", "weight"))
    loss = F.cross_entropy(torch.tensor([row], dtype=torch.float64), torch.tensor([label])).item()
    factor = weight[label] if title == "batch-mean" else 1.0
    assert own.departs.expected == pytest.approx(factor * loss)
    assert own.departs.got < factor * 21
    limit_of = {one.dtype: one for one in answer.limits if one.name == "largest gap"}
    first = last_right(lambda at: "" if is_right(value(at), plain(at), at, "float64") else "off", 1.0, 1e6)[0]
    for dtype in ("float32", "float64"):
        assert limit_of[dtype].limit == pytest.approx(first, rel=0.05)
        assert limit_of[dtype].wrong == pytest.approx(value(1e6) if name != "plus_1e_8" else -math.log(1e-8), rel=1e-5)


@pytest.mark.parametrize("name", CAPS)
def test_the_row_says_where_and_its_batch_shows_it(name):
    _, value, _ = CAPS[name]
    answer = audited_here(f"capped.py:{name}")
    row = answer.row("largest gap")
    assert row.verdict == "wrong"
    assert row.said.startswith("right up to ")
    assert row.said.endswith(f"; 1e6 gives {value(1e6):.5g}")
    gap = -row.probe["logits"][0][1]
    assert row.probe["labels"] == [1]
    assert value(gap) < 0.9 * plain(gap)
    assert [line for line in answer.advice if CAPPED in line] == [CAPPED]
    assert "note" not in [row.verdict for row in answer.rows if row.name == "dL/dlogits"]


def test_a_cap_that_only_a_search_finds_is_not_as_expected_either():
    answer = audited_here("capped.py:clamped_at_tiny", expect="weighted-mean")
    assert answer.own.is_followed
    assert answer.is_expected is False
    assert expectation(answer) == (
        "expected weighted-mean: the value is that, but not for all sizes of scores (largest gap)"
    )
    ends = [-math.log(torch.finfo(dtype).tiny) for dtype in (torch.float32, torch.float64)]
    wrong = {one.dtype: one.wrong for one in answer.limits if one.name == "largest gap"}
    assert (wrong["float32"], wrong["float64"]) == pytest.approx(ends, rel=1e-6)
    assert f"; 1e6 gives {ends[0]:.5g} (float32), 1e6 gives {ends[1]:.5g} (float64)" in answer.row("largest gap").said
    assert any(line == f"largest gap: {CAPPED}" for line in answer.advice)


def test_a_cap_that_no_model_reaches_is_a_number_and_nothing_wrong(tmp_path):
    lines = "import torch.nn.functional as F\n\n\ndef f(logits, labels, weight):\n"
    lines += "    return F.cross_entropy(logits.clamp(-5e4, 5e4), labels, weight)\n"
    (tmp_path / "far.py").write_text(lines, "utf-8")
    answer = audited_here(f"{tmp_path / 'far.py'}:f", expect="weighted-mean")
    assert answer.is_expected
    row = answer.row("largest gap")
    assert (row.verdict, row.said[:22]) == ("ok", "finite and right up to")
    assert float(row.said.split()[-1]) == pytest.approx(5e4, rel=1e-3)


@pytest.mark.parametrize("name", ["double_softmax", "clipped", "divided_twice"])
def test_a_rule_with_a_departure_is_never_the_plain_one(name):
    answer = audited_here(f"wrong.py:{name}", expect="weighted-mean")
    assert (answer.own.is_followed, answer.own.pairs, answer.is_expected) == (True, (), False)


def test_clamped_logits_are_wrong_where_all_are_large_too():
    answer = audited_here("capped.py:clamped_logits")
    for name in ("largest logit", "lowest logits"):
        row = answer.row(name)
        assert row.verdict == "wrong"
        assert row.said.endswith(f"1e6 gives {math.log(3):.5g}")
    titles = {one.reduction: one.title for one in answer.computed}
    assert titles == {None: "weighted-mean", "mean": "weighted-mean", "sum": "sum", "none": "w·ℓ of each sample"}
    assert all(one.leaves_far for one in answer.computed)
    table = formatted(formats_of("audit")["table"], [answer], Look(width=200))
    assert "sum, except where a loss is very large" in table


def test_of_probabilities_and_of_each_sample_a_cap_is_seen_too():
    answer = audited_here("capped.py:probs_plus_1e_7", expect="weighted-mean")
    assert (answer.is_expected, expectation(answer)) == (False, EXCEPT)
    assert CAPPED in answer.advice
    each = audited_here("capped.py:each_clamped")
    assert verdict(each) == "computes w·ℓ of each sample, except where a loss is very large"
    assert each.row("largest gap").verdict == "wrong"


def test_what_ends_in_inf_on_a_batch_of_the_rules_is_not_as_expected():
    answer = audited_here("capped.py:log_of_softmax_in_float32", expect="weighted-mean")
    assert expectation(answer) == EXCEPT
    assert answer.own.departs.said.startswith("gives inf, not 200")
    assert answer.row("largest gap").said.endswith("then inf")
    assert not any(CAPPED in line for line in answer.advice)


def test_what_ends_in_inf_beyond_them_is_as_expected_and_a_row():
    answer = audited_here("wrong.py:log_of_softmax", expect="weighted-mean")
    assert answer.is_expected
    assert answer.row("largest gap").verdict == "wrong"


def functions(file: str) -> list[str]:
    tree = ast.parse((FIXTURES / file).read_text("utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]


@pytest.mark.parametrize("name", functions("rounded.py"))
def test_rounding_is_no_cap(name):
    answer = audited_here(f"rounded.py:{name}", expect="weighted-mean")
    assert answer.own.is_followed
    assert answer.own.departs is None
    assert {row.name: row.said for row in answer.rows if row.verdict == "wrong"} == {}
    assert answer.is_expected is not name.startswith("each")
    for one in ("largest logit", "lowest logits", "largest gap"):
        assert answer.row(one).said.startswith("finite and right up to ")


def test_where_there_is_no_rule_a_number_is_all_that_is_asked():
    assert audited_here("wrong.py:focal").row("largest gap").said == "finite up to 1e6"


def test_the_command_says_so_and_exits_1(monkeypatch):
    monkeypatch.chdir(ROOT)
    done = run("audit", "tests/data/audit/capped.py:plus_1e_7", "--expect", "weighted-mean", "--width", "200")
    assert done.code == 1
    assert done.out.startswith("tests/data/audit/capped.py:plus_1e_7 computes weighted-mean, except where a loss is")
    assert "4 of 5 batches that tell rules apart agree" in done.out
    assert f"{EXCEPT}\n" in done.out
    assert "where a loss is very large, it gives 16.1181, not 200.049" in done.out
    batch = next(line for line in done.out.splitlines() if line.startswith('{"logits": [[0, -200'))
    explained = run("explain", "-", "--engine", "none", "--format", "json", stdin=batch.encode())
    value = {row["method"]: row["value"] for row in json.loads(explained.out)["methods"]}["weighted-mean"]
    assert value == pytest.approx(200.049, abs=1e-3)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_is_said_at_every_width_and_in_ascii(width):
    answer = audited_here("capped.py:clamped_logits", expect="weighted-mean")
    table = formatted(formats_of("audit")["table"], [answer], Look(width=width))
    flat = re.sub(r"\s+", " ", table)
    for row in ("largest logit", "lowest logits", "largest gap"):
        assert answer.row(row).said in flat
    assert f"- {CAPPED}" in flat
    assert EXCEPT in flat
    for name in ("table", "markdown", "github", "json"):
        assert formatted(formats_of("audit")[name], [answer], Look(width=width, ascii=True)).isascii()
    github = formatted(formats_of("audit")["github"], [answer], Look()).splitlines()
    assert github[0].startswith("::error ")
    assert "where a loss is very large, it gives 20.0486, not 200.049%0A{" in github[0]


def test_the_picture_shows_a_batch_where_it_leaves_what_is_expected():
    answer = audited_here("capped.py:plus_1e_7", expect="weighted-mean")
    value = next(one.value for one in answer.compared.methods if one.pair == "weighted-mean")
    assert answer.compared.got < 0.7 * value


def test_the_loss_of_a_search_is_torchs():
    for kind in ("high", "low", "gap"):
        for at in (1.0, 7.5, 300.0):
            rows, labels = search_rows(kind, at)
            loss = F.cross_entropy(torch.tensor(rows, dtype=torch.float64), torch.tensor(labels)).item()
            assert loss_at(kind, at) == pytest.approx(loss, rel=1e-9)
    assert math.log(3) > ROOM * 1e6  # logits that are all clamped to one are told from rounding
