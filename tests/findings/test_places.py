"""A row of a sequence or an image is named by its place, wherever a finding or a sentence names one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.findings.said import findings_of, message
from tests.run import run
from wce_cli import explain
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.look import Look


def wrong(code: str) -> dict[str, object]:
    """Images of 2 × 3 pixels, something of which is odd at pixel 1,2 of the fourth, row 23."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 4, 2, 3)), rng.integers(4, size=(5, 2, 3))
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    at = (3, slice(None), 1, 2)
    y[3, 1, 2] = 2
    soft = np.moveaxis(np.eye(4)[y], -1, 1)
    if code == "nan-loss":
        x[at] = math.nan
    elif code == "masked-target":
        x[3, 2, 1, 2] = -math.inf
    elif code == "naive-overflow":
        x[at] = 1000
    elif code == "nan-in-ignored-row":
        x[at], y[3, 1, 2] = math.nan, -100
    elif code == "tiny-loss-lost":
        x[:], y[:] = 0, 1
        x[:, 1], x[at] = 5.0, 0
        x[3, 2, 1, 2], y[3, 1, 2] = 40, 2
        return {"logits": x[3:4, :, 1:2, 1:], "labels": y[3:4, 1:2, 1:]}
    elif code == "negative-label":
        soft[at] = 0.5, 0.5, 0.5, -0.5
        return {"logits": x, "labels": soft}
    elif code == "labels-not-normalised":
        soft[at] = 0.7
        return {"logits": x, "labels": soft}
    elif code == "multi-hot-labels":
        soft[at] = 0, 1, 1, 0
        return {"logits": x, "labels": soft}
    elif code == "probs-not-normalised":
        p[at] = 0.1
        return {"probs": p, "labels": y}
    elif code == "log-probs-not-normalised":
        p[at] = 0.1
        return {"log_probs": np.log(p), "labels": y}
    elif code == "smoothing-onto-masked":
        x[3, 0, 1, 2] = -math.inf
        return {"logits": x, "labels": y, "label_smoothing": 0.1}
    return {"logits": x, "labels": y}


CODES = (
    *("nan-loss", "masked-target", "naive-overflow", "nan-in-ignored-row", "negative-label", "labels-not-normalised"),
    *("multi-hot-labels", "probs-not-normalised", "log-probs-not-normalised", "smoothing-onto-masked"),
)


@pytest.mark.parametrize("code", CODES)
def test_a_finding_names_the_place(code):
    said = message(code, wrong(code))
    assert said is not None, findings_of(wrong(code))
    assert "sample 3,1,2" in said
    assert "23" not in said


@pytest.mark.parametrize("code", ["nan-loss", "masked-target", "smoothing-onto-masked"])
def test_the_sentence_above_the_table_names_it_too(code):
    report = explain(**wrong(code), engines=())
    text = " ".join(formatted(formats_of("explain")["table"], [report], Look(rows=30)).split())
    assert "sample 3,1,2" in text.partition(" n label ")[0]


def test_a_tiny_loss_is_at_its_place():
    assert "that of sample 0,0,1, " in (message("tiny-loss-lost", wrong("tiny-loss-lost")) or "")


def test_of_plain_rows_it_is_the_number():
    assert "sample 1 " in (message("nan-loss", {"logits": [[1.0, 2], [math.nan, 0]], "labels": [0, 1]}) or "")


def test_of_shifted_labels_it_is_the_row_that_is_listed():
    x = np.zeros((2, 4, 3))
    x[1, 2] = math.nan
    given = {"logits": x, "labels": [[0, 1, 2, 0], [1, 2, 0, 2]], "class_axis": -1, "shift": True}
    assert "sample 1,2 " in (message("nan-loss", given) or "")
    (row,) = (row for row in explain(**given, engines=()).terms if row.loss is not None and math.isnan(row.loss))
    assert row.index == (1, 2)


def test_in_blocks_and_saved_totals_it_is_the_same_place(tmp_path):
    given = wrong("nan-loss")
    big = {name: np.tile(array, (9000, *[1] * (array.ndim - 1))) for name, array in given.items()}
    blocks = ({name: array[k : k + 4500] for name, array in big.items()} for k in range(0, 45_000, 4500))
    said = {one.code: one.message for one in explain(blocks=blocks, engines=()).findings}
    assert "the first, sample 3,1,2:" in said["nan-loss"]
    assert said["nan-loss"] == message("nan-loss", big)


def test_other_answers_name_it_too(tmp_path):
    file = str(tmp_path / "b.npz")
    np.savez(file, **wrong("nan-loss"))
    assert "sample 3,1,2 has a gradient that is nan or infinite" in " ".join(run("gradient", file).out.split())
    out = run("check", file, "--expect", "weighted-mean=1").out
    assert "the loss of sample 3,1,2 is nan" in " ".join(out.split())
