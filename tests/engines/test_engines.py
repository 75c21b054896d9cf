"""Which engine is asked, and when none is."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from wce_cli import WceError, explain
from wce_cli.batches.batch import Batch
from wce_cli.engines import AUTO_LIMIT, ENGINES, measure
from wce_cli.engines.case import Case

SMALL = Batch.build(logits=[[0.1, 0.9]], labels=[0])


def test_auto_is_torch():
    pytest.importorskip("torch")
    auto, torch = measure("auto", SMALL), measure("torch", SMALL)
    assert set(auto) < set(torch)  # which also asks the module, and the same labels as rows
    assert {one.call for one in set(torch) - set(auto)} == {
        "NLLLoss()(log_softmax(x, 1), y)",
        "cross_entropy(x, one_hot(y, 2).to(x.dtype))",
    }


def test_auto_leaves_a_large_batch_alone_and_says_how_to_measure_it():
    rows = AUTO_LIMIT // 1000 + 1
    large = Batch.build(logits=np.broadcast_to(np.zeros(1000), (rows, 1000)), labels=np.zeros(rows, dtype=int))
    (row,) = measure("auto", large)
    assert row.value is None
    assert row.reason == "N·C = 10001000 is above 10000000; --engine torch measures it anyway"


def test_an_engine_that_does_not_exist_is_refused():
    with pytest.raises(WceError) as caught:
        explain(logits=[[1, 2]], labels=[0], engines=("tourch",))
    assert caught.value.lines()[0].startswith('error: engines is "tourch", expected auto, none, all, torch, keras')
    assert caught.value.lines()[1] == "hint: did you mean 'torch'?"


def test_one_engine_needs_no_list():
    x, y = [[2.0, 1, 0], [0, 1, 2]], [0, 1]
    for name in ("torch", "none", "auto"):
        assert explain(x, y, engines=name) == explain(x, y, engines=[name])


def test_every_engine_is_a_module_that_measures():
    for engine in ENGINES.values():
        assert callable(import_module(engine.module).measure)


@pytest.mark.parametrize("name", ["onnxruntime", "paddle", "tensorflow"])
@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({"probs": [[0.25, 0.75]]}, "takes logits, and these are probabilities"),
        ({"log_probs": [[-1.0, -0.5]]}, "takes logits, and these are log-probabilities"),
    ],
)
def test_who_takes_logits_alone_says_what_it_was_given(name, scores, said):
    """Before the framework is imported: it need not be there."""
    measure = import_module(ENGINES[name].module).measure
    (row,) = measure(Case.of(Batch.build(**scores, labels=[0])))
    assert (row.value, row.reason) == (None, said)
