"""What a function keeps, draws and overwrites: each sentence about it is what was seen, and no cause is guessed."""

from __future__ import annotations

import pytest

from tests.questions.audit.inside import audited_here

torch = pytest.importorskip("torch")
F = torch.nn.functional


def said(answer, name: str) -> tuple[str, str] | None:
    row = answer.row(name)
    return None if row is None else (row.verdict, row.said)


@pytest.mark.parametrize("name", ["MovingScale", "built", "ClassCounts", "warms_up"])
def test_what_keeps_state_is_seen_to_and_is_compared_with_nothing(name):
    answer = audited_here(f"keeps.py:{name}")
    verdict, text = said(answer, "called twice")
    assert (verdict, text.partition(":")[0]) == ("note", "gives another number")
    assert text.endswith("from the same random numbers")
    assert answer.row("weight at N = 1") is None
    assert not any(row.verdict == "wrong" for row in answer.rows)


def test_the_second_number_of_what_keeps_state_is_its_second():
    from tests.data.audit.keeps import MovingScale
    from wce_cli.questions.audit.probes import PLAIN

    x, w = (torch.tensor(rows, dtype=torch.float64) for rows in (PLAIN.logits, PLAIN.weight))
    loss = MovingScale(w)
    first, second = (f"{loss(x, torch.tensor(PLAIN.labels)).item():.6g}" for _ in range(2))
    assert f"{first}, then {second}," in said(audited_here("keeps.py:MovingScale"), "called twice")[1]


@pytest.mark.parametrize("name", ["keeps.py:Noisy", "hostile.py:is_random"])
def test_random_numbers_are_told_from_state(name):
    assert said(audited_here(name), "called twice") == ("note", "is random: gives two different numbers")


@pytest.mark.parametrize("name", ["keeps.py:shifts_in_place", "hostile.py:changes_its_inputs"])
def test_what_writes_into_its_scores_has_its_gradient_and_the_same_twice(name):
    answer = audited_here(name)
    assert said(answer, "inputs") == ("wrong", "changes logits in place")
    assert said(answer, "called twice") == ("ok", "gives the same")
    assert said(answer, "dL/dlogits") == ("ok", "that of weighted-mean")
    assert "detach" not in " ".join(answer.advice)


def test_labels_that_are_written_into_are_the_callers():
    answer = audited_here("keeps.py:masks_in_place")
    assert said(answer, "inputs") == ("wrong", "changes labels in place")
    assert "inputs: work on a copy: the caller sees what is changed here" in answer.advice


def test_why_there_is_no_gradient_is_the_frameworks_word_and_advice_is_given_only_for_what_it_is_of():
    answer = audited_here("keeps.py:overwrites_what_backward_needs")
    verdict, text = said(answer, "dL/dlogits")
    assert verdict == "wrong"
    assert text.startswith("none: RuntimeError (one of the variables needed for gradient computation")
    assert not any("detach" in line for line in answer.advice)
    assert any(".numpy() end" in line for line in audited_here("keeps.py:leaves_torch").advice)


def test_a_gradient_that_is_no_number_is_no_gradient(tmp_path):
    lines = "import torch.nn.functional as F\n\n\ndef f(logits, labels):\n"
    lines += "    zero = logits - logits\n    return F.cross_entropy(logits, labels) + zero.sqrt().sum()\n"
    (tmp_path / "kink.py").write_text(lines, "utf-8")
    verdict, text = said(audited_here(f"{tmp_path / 'kink.py'}:f"), "dL/dlogits")
    assert (verdict, text) == ("wrong", "nan among its entries")


WEIGHT_AT_ONE = {
    "keeps.py:by_prediction": ("note", "the label's own does not reach it, that of another class does"),
    "wrong.py:weight_by_prediction": ("note", "the label's own does not reach it, that of another class does"),
    "wrong.py:forgets_the_weight": None,  # no other weight changes anything either, which is said instead
    "wrong.py:over_all_weights": ("ok", "reaches it: 0.1 gives 0.143 of what 1 does"),
    "wrong.py:weight_in_logits": ("ok", "reaches it: 0.1 gives another gradient than 1"),
    "keeps.py:shifts_in_place": ("note", "does not reach it: it cancels, as in torch"),
}


@pytest.mark.parametrize(("name", "expected"), WEIGHT_AT_ONE.items(), ids=list(WEIGHT_AT_ONE))
def test_what_the_weight_of_a_batch_of_one_does(name, expected):
    assert said(audited_here(name), "weight at N = 1") == expected
