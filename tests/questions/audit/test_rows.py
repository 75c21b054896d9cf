"""The rows about numbers, edges and gradients, each held to another route: closed forms, torch itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.questions.audit.inside import audited_here
from tests.run import ROOT
from wce_cli.questions.audit.probes import PLAIN, SMOOTHED, Offers
from wce_cli.questions.audit.rows.gradient import rule_gradient
from wce_cli.questions.identify.rules import Rule

torch = pytest.importorskip("torch")
SAMPLE = str(ROOT / "samples" / "handwritten_loss.py") + ":weighted_loss"
F = torch.nn.functional


@pytest.fixture(scope="module")
def fine():
    return audited_here("right.py:torch_function")


def said(answer, name: str) -> tuple[str, str]:
    row = answer.row(name)
    return row.verdict, row.said


def test_log_of_softmax_has_a_gap_where_its_float_ends():
    verdict, text = said(audited_here("wrong.py:log_of_softmax"), "largest gap")
    smallest = [-math.log(float(np.finfo(dtype).smallest_subnormal)) for dtype in (np.float32, np.float64)]
    limits = [float(part.split()[0]) for part in text.split(", ")[:2]]
    assert verdict == "wrong"
    assert limits == pytest.approx(smallest, abs=1.0)
    assert text.endswith("then inf")


def test_torch_has_no_limits(fine):
    for name in ("largest logit", "lowest logits", "largest gap"):
        assert said(fine, name) == ("ok", f"finite and right up to {'−' if name.startswith('lowest') else ''}1e6")


def test_a_tiny_loss_is_lost_where_torch_loses_it(fine):
    x = torch.tensor([[16.7, 0.0, 0.0], [15.0, 0.0, 0.0]])
    lost, kept = F.cross_entropy(x, torch.tensor([0, 0]), reduction="none").tolist()
    assert (lost, kept > 0) == (0.0, True)
    assert said(fine, "tiny losses") == ("ok", "0 below 1e-07 (float32), 2e-16 (float64)")
    assert 2 * math.exp(-16.7) < 1.2e-7 < 2 * math.exp(-15)


def test_narrow_floats_say_how_right_they_are(fine):
    assert said(fine, "float32")[0] == "ok"
    exact = F.cross_entropy(
        torch.tensor(PLAIN.logits, dtype=torch.float64),
        torch.tensor(PLAIN.labels),
        torch.tensor(PLAIN.weight, dtype=torch.float64),
    )
    half = F.cross_entropy(
        torch.tensor(PLAIN.logits, dtype=torch.float16),
        torch.tensor(PLAIN.labels),
        torch.tensor(PLAIN.weight, dtype=torch.float16),
    )
    assert said(fine, "float16") == ("ok", f"as in float64, to {abs(half.item() - exact.item()) / exact.item():.1g}")


EDGES = {
    "all ignored": ("note", "nan, as torch"),
    "all weights 0": ("note", "nan: 0/0"),
    "label C": ("ok", "an error (IndexError)"),
    "empty batch": ("note", "nan, as torch"),
    "one class": ("ok", "0"),
    "inputs": ("ok", "left as they are"),
    "called twice": ("ok", "gives the same"),
    "dL/dlogits": ("ok", "that of weighted-mean"),
    "weight at N = 1": ("note", "does not reach it: it cancels, as in torch"),
}


@pytest.mark.parametrize(("name", "expected"), EDGES.items(), ids=list(EDGES))
def test_the_edges_of_torch(fine, name, expected):
    assert said(fine, name) == expected


@pytest.mark.parametrize(
    ("function", "name", "verdict", "text"),
    [
        ("right.py:ByHand", "(N, C, d1)", "ok", "2.23427"),
        ("wrong.py:divided_twice", "(N, C, d1)", "note", "1.11714, not 0.372379"),
        ("wrong.py:mean_over_everything", "−inf mask", "wrong", "nan, not 0.454064"),
        ("wrong.py:wrong_axis", "label −1", "note", "counts as class 2: 2.17347, no error"),
        ("wrong.py:ignored_weigh_as_class_0", "all ignored", "note", "0, where torch's mean gives nan"),
        ("right.py:float32_inside", "ignore_index", "ok", "label −100 is left out"),
        ("hostile.py:silent_labels", "label C", "wrong", None),
        ("hostile.py:silent_labels", "ignore_index", "wrong", None),
        ("hostile.py:changes_its_inputs", "inputs", "wrong", "changes logits in place"),
        ("hostile.py:is_random", "called twice", "note", "is random: gives two different numbers"),
        ("hostile.py:views", "not contiguous", "note", None),
        ("hostile.py:as_a_number", "dL/dlogits", "wrong", "none: the result carries no gradient"),
        ("hostile.py:half_the_gradient", "dL/dlogits", "wrong", "0.5 times that of weighted-mean"),
        (SAMPLE, "weight at N = 1", "ok", "reaches it: 0.1 gives 0.1 of what 1 does"),
        ("right.py:numpy_weighted", "dL/dlogits", "ok", "that of weighted-mean"),
    ],
)
def test_an_edge_is_seen(function, name, verdict, text):
    row = audited_here(function).row(name)
    assert row.verdict == verdict
    if text is not None:
        assert row.said == text


def test_silence_about_a_label_gives_the_number_of_the_class_it_is_taken_for():
    answer = audited_here("hostile.py:silent_labels")
    for name, taken_for in (("label C", 2), ("ignore_index", 0)):
        probe = answer.row(name).probe
        labels = torch.tensor([label if 0 <= label < len(probe["weight"]) else taken_for for label in probe["labels"]])
        x, w = (torch.tensor(probe[key], dtype=torch.float64) for key in ("logits", "weight"))
        assert f"{F.cross_entropy(x, labels, w).item():.6g}" in answer.row(name).said


def test_a_function_of_log_probabilities_has_the_gradient_of_those():
    answer = audited_here("torch.nn.functional:nll_loss", call="nll_loss(log_probs, labels, weight)")
    assert answer.own.title == "weighted-mean"
    assert said(answer, "dL/dlog_probs") == ("ok", "that of weighted-mean")
    assert answer.row("largest logit") is None


@pytest.mark.parametrize("probe", [PLAIN, SMOOTHED], ids=["plain", "smoothed"])
def test_the_gradient_of_a_rule_is_torchs(probe):
    x = torch.tensor(probe.logits, dtype=torch.float64, requires_grad=True)
    w = torch.tensor(probe.weight, dtype=torch.float64)
    F.cross_entropy(x, torch.tensor(probe.labels), w, label_smoothing=probe.smoothing).backward()
    made = rule_gradient(probe, Offers(smoothing=True), Rule("weighted-mean", "class"))
    np.testing.assert_allclose(made, x.grad.numpy(), atol=1e-8)
