"""The language model of samples/: what its script prints, what docs/language-models.md shows, what wce says of it."""

from __future__ import annotations

import json
import math
import re
import runpy

import numpy as np
import pytest

from tests.run import ROOT, run

torch = pytest.importorskip("torch")

PAGE = (ROOT / "docs" / "language-models.md").read_text("utf-8")
SAVED = ROOT / "samples" / "language_model.npz"
SCRIPT = runpy.run_path(str(ROOT / "samples" / "language_model.py"))
SHOWN = re.search(r"^\$ python samples/language_model\.py\n((?:.+\n)+)```$", PAGE, re.MULTILINE)[1]
NAMES = {
    "mean over the tokens": "weighted-mean",
    "summed, mean over sequences": "sample-mean",
    "padding counted": "batch-mean",
}

IDENTIFIED = (
    "the mean of the weighted means of batches of 2 items",
    "each one's own mean",
    "sample-mean",
    "batch-mean",
    "N kept of the labels before the shift",
    "the labels are not shifted",
)
"""What identify calls those after the first."""


def batch():
    with np.load(SAVED) as saved:
        return torch.from_numpy(saved["logits"]), torch.from_numpy(saved["labels"])


def asked(command, *arguments):
    """The answer about the sample, as JSON."""
    ran = run(command, *arguments, str(SAVED), "--class-axis", "-1", "--shift", "-f", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_the_page_shows_what_pytorch_returns():
    losses = SCRIPT["losses"](*batch())
    shown = dict(re.fullmatch(r"(.{32})(\S+)", line).groups() for line in SHOWN.splitlines())
    assert [name.rstrip() for name in shown] == list(losses)
    for line, loss in zip(shown.values(), losses.values(), strict=True):
        assert float(line) == pytest.approx(loss.item(), abs=6e-6)


def test_the_methods_of_the_batch_are_three_of_these_losses_and_a_split_has_two_more():
    losses = SCRIPT["losses"](*batch())
    values = {row["method"]: row["value"] for row in asked("explain", "--engine", "none", "--method", "all")["methods"]}
    for name, method in NAMES.items():
        assert values[method] == pytest.approx(losses[name].item(), rel=1e-6)
    for size, name in ((SCRIPT["MICRO_BATCH"], "accumulated, loss / 4"), (1, "mean of the sequences' means")):
        row = next(row for row in asked("split", "--size", str(size))["methods"] if row["method"] == "weighted-mean")
        assert row["mean_of_parts"] == pytest.approx(losses[name].item(), rel=1e-6)


def test_identify_names_the_rule_of_every_number_that_is_shown():
    numbers = [line.split()[-1] for line in SHOWN.splitlines()]
    found = asked("identify", *numbers)
    assert [number["text"] for number in found["numbers"]] == numbers
    titles = [number["matches"][0]["title"] for number in found["numbers"]]
    assert len(set(titles)) == len(numbers) == 7
    assert titles[0] == "weighted-mean"
    for title, words in zip(titles[1:], IDENTIFIED, strict=True):
        assert words in title


def test_the_other_two_are_another_count_and_no_shift():
    losses = SCRIPT["losses"](*batch())
    (row,) = asked("explain", "--engine", "none", "--method", "weighted-mean")["methods"]
    counted = int((batch()[1] != -100).sum())
    assert f"{row['numerator']:.6g} / {counted} counts the first word" in PAGE
    assert row["numerator"] / counted == pytest.approx(losses["divided by the unshifted count"].item(), rel=1e-6)
    ran = run("explain", str(SAVED), "--class-axis", "-1", "--engine", "none", "-f", "json")
    value = json.loads(ran.out)["methods"][0]["value"]
    assert value == pytest.approx(losses["labels not shifted"].item(), rel=1e-6)


def test_the_block_of_the_page_has_the_gradient_of_the_whole_batch(monkeypatch):
    (block,) = re.findall(r"^```python\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)
    monkeypatch.chdir(ROOT)
    scope = {}
    exec(compile(block, "a page", "exec"), scope)
    logits, labels = batch()
    logits.requires_grad_()
    SCRIPT["losses"](logits, labels)["mean over the tokens"].backward()
    assert torch.allclose(scope["logits"].grad, logits.grad, rtol=1e-5, atol=1e-9)
    assert len(logits.split(2)) > 2


def test_a_model_that_is_trained_anew_has_learnt_something():
    threads = torch.get_num_threads()
    try:
        logits, labels = SCRIPT["train"](steps=5)
    finally:
        torch.set_num_threads(threads)
    saved, kept = batch()
    assert (logits.shape, logits.dtype, labels.tolist()) == (saved.shape, saved.dtype, kept.tolist())
    assert SCRIPT["loss_of"](logits, labels) < math.log(logits.shape[-1])
    model = SCRIPT["Model"](logits.shape[1])
    assert f"{sum(one.numel() for one in model.parameters())} parameters" in PAGE.replace("\n", " ")
