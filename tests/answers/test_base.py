"""What all answers share: how a pair of method and placement is asked for."""

from __future__ import annotations

import pytest

import wce_cli
from wce_cli.errors import WceError

BATCH = wce_cli.batch(logits=[[0.1, 0.9], [0, 0.1], [1, 2]], labels=[0, 1, 1], weight=[0.1, 1])
ANSWERS = {
    "explain": lambda: wce_cli.explain(BATCH, engines=()),
    "split": lambda: wce_cli.split(BATCH, 1),
    "sweep": lambda: wce_cli.sweep(BATCH, 0),
    "gradient": lambda: wce_cli.gradient(BATCH),
}


@pytest.mark.parametrize("ask", ANSWERS.values(), ids=ANSWERS)
def test_a_method_alone_is_its_pair_under_class_placement(ask):
    answer = ask()
    for method in ("sum", "weighted-mean"):
        row = answer.method(method)
        assert (row.method, row.placement) == (method, "class")
        assert answer.method(f"{method}/class") is row
    assert answer.method("sum/sample").placement == "sample"


@pytest.mark.parametrize("command", ["explain", "split"])
def test_a_pair_that_there_is_not_has_no_row(command):
    assert ANSWERS[command]().method("sum/nowhere") is None


@pytest.mark.parametrize("command", ["sweep", "gradient"])
def test_a_pair_that_there_is_not_is_refused(command):
    with pytest.raises(WceError, match=r"^sum/nowhere is not defined for index labels"):
        ANSWERS[command]().method("sum/nowhere")
