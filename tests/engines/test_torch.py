"""PyTorch as it is measured: each printed call is run as it is printed, and returns what is reported."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tests.loss.random_batches import random_batch
from tests.run import ROOT, run, spawn
from wce_cli import explain
from wce_cli.batches.batch import Batch
from wce_cli.engines.torch import measure

torch = pytest.importorskip("torch")

LOGITS = [[2.0, 1, 0], [0, 1, 2], [1, 1, 1], [0, 3, 1]]
INDEX = {"logits": LOGITS, "labels": [0, 1, -100, 1], "weight": [0.5, 0.25, 3], "label_smoothing": 0.1}
SOFT = {"logits": LOGITS, "labels": [[0.5, 0.25, 0.25], [1, 0, 0], [0, 0, 1], [0.1, 0.1, 0.8]], "weight": [0.5, 2, 3]}
LOG_PROBS = {"log_probs": np.log([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]]).tolist(), "labels": [0, 2], "weight": [1, 2, 3]}


def as_typed(given: dict[str, Any], dtype: str) -> dict[str, Any]:
    """x, y, w and s as a user of that dtype has them; lists become tensors of the dtype."""

    def tensor(name: str, kind: Any = None) -> Any:
        value = given.get(name)
        if value is None or hasattr(value, "detach"):
            return value
        made = torch.as_tensor(np.asarray(value))
        return made.to(kind) if kind is not None and isinstance(value, list) else made

    kind = getattr(torch, dtype)
    scores = next(name for name in ("logits", "log_probs", "probs") if name in given)
    soft = np.shape(given["labels"]) == np.shape(given[scores])
    return {
        "x": tensor(scores, kind),
        "y": tensor("labels", kind if soft and np.asarray(given["labels"]).dtype.kind == "f" else None),
        "w": tensor("weight", kind),
        "s": tensor("sample_weight", kind),
        "torch": torch,
        "cross_entropy": torch.nn.functional.cross_entropy,
        "nll_loss": torch.nn.functional.nll_loss,
    }


def assert_calls_return_what_is_reported(given: dict[str, Any]) -> list[str]:
    measured = measure(Batch.build(**given))
    for one in measured:
        returned = float(eval(one.call, as_typed(given, one.dtype)))
        np.testing.assert_allclose(returned, one.value, rtol=0 if one.dtype == "float64" else 1e-6, err_msg=one.call)
        assert (one.engine, one.version) == ("PyTorch", torch.__version__.partition("+")[0])
        assert one.reason is None
    return [f"{one.dtype} {one.call}" for one in measured]


def test_an_index_batch_is_measured_by_four_calls_in_two_precisions():
    assert assert_calls_return_what_is_reported(INDEX) == [
        f"{dtype} {call}"
        for dtype in ("float64", "float32")
        for call in (
            "cross_entropy(x, y, weight=w, label_smoothing=0.1)",
            "cross_entropy(x, y, weight=w, label_smoothing=0.1, reduction='none').mean()",
            "cross_entropy(x, y, weight=w, label_smoothing=0.1, reduction='sum')",
            "cross_entropy(x, y, label_smoothing=0.1)",
        )
    ]


def test_probability_labels_have_no_weighted_mean_in_torch():
    calls = assert_calls_return_what_is_reported(SOFT)
    assert calls[:3] == [
        "float64 cross_entropy(x, y, weight=w)",
        "float64 cross_entropy(x, y, weight=w, reduction='sum')",
        "float64 cross_entropy(x, y)",
    ]
    assert measure(Batch.build(**SOFT))[0].expresses == ("batch-mean",)


def test_log_probabilities_go_to_nll_loss():
    calls = assert_calls_return_what_is_reported(LOG_PROBS)
    assert calls[0] == "float64 nll_loss(x, y, weight=w)"


def test_probabilities_go_to_nll_loss_through_their_logarithm():
    given = {"probs": [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]], "labels": [0, 2], "weight": [1, 2, 3]}
    assert assert_calls_return_what_is_reported(given)[0] == "float64 nll_loss(x.log(), y, weight=w)"


def test_a_sample_weight_is_multiplied_onto_what_none_returns():
    given = {**INDEX, "sample_weight": [1, 2, 0.5, 3], "ignore_index": -100}
    calls = assert_calls_return_what_is_reported(given)
    none = "cross_entropy(x, y, weight=w, label_smoothing=0.1, reduction='none')"
    assert calls[:3] == [
        f"float64 ({none} * s).sum() / (w[y[y != -100]] * s[y != -100]).sum()",
        f"float64 ({none} * s).mean()",
        f"float64 ({none} * s).sum()",
    ]
    unweighted = {"logits": LOGITS, "labels": [0, 1, 2, 1], "sample_weight": [1, 2, 0.5, 3]}
    assert (
        assert_calls_return_what_is_reported(unweighted)[0]
        == "float64 (cross_entropy(x, y, reduction='none') * s).sum() / s.sum()"
    )


@pytest.mark.parametrize("scores", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("weights", ["float16", "float32", "float64"])
def test_weights_of_another_dtype_than_the_scores_are_cast_wherever_they_stand(scores, weights):
    given = {
        "logits": torch.tensor(LOGITS, dtype=getattr(torch, scores)),
        "labels": [0, 1, 2, 1],
        "weight": torch.tensor([0.3, 0.7, 1.9], dtype=getattr(torch, weights)),
        "sample_weight": torch.tensor([0.1, 2, 0.7, 3], dtype=getattr(torch, weights)),
    }
    assert_calls_return_what_is_reported(given)
    assert_calls_return_what_is_reported({key: value for key, value in given.items() if key != "weight"})


@pytest.mark.parametrize("suffix", ["npz", "pt", "safetensors"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_weight_of_a_file_has_the_dtype_that_it_has_there(dtype, suffix, tmp_path):
    kind = getattr(torch, dtype)
    weight, scores = torch.tensor([0.3, 0.7, 1.9], dtype=kind), torch.tensor(LOGITS, dtype=kind)
    arrays = {"logits": scores, "labels": torch.tensor([0, 1, 2, 1]), "weight": weight}
    path = str(tmp_path / f"batch.{suffix}")
    if suffix == "pt":
        torch.save(arrays, path)
    elif suffix == "safetensors":
        pytest.importorskip("safetensors.torch").save_file(arrays, path)
    elif dtype == "bfloat16":
        pytest.skip("numpy has no bfloat16")
    else:
        np.savez(path, **{name: array.numpy() for name, array in arrays.items()})
    for asked in ([path], ["-x", f"@{path}:logits", "-y", "0,1,2,1", "-w", f"@{path}:weight"]):
        ran = run("explain", *asked, "--engine", "torch")
        assert "[1] cross_entropy(x, y, weight=w)" in ran.out
        assert "w." not in ran.out


@pytest.mark.parametrize("labels", [[1, 2, 0, 2], [1, 2, 3, 2]])
@pytest.mark.parametrize("weight", [None, [0.5, 0.25, 3]])
def test_the_weights_of_labels_from_1_are_found_in_the_call_too(labels, weight):
    given = {"logits": LOGITS, "labels": labels, "label_base": 1, "ignore_index": 0, "sample_weight": [1.0, 2, 3, 4]}
    calls = assert_calls_return_what_is_reported({**given, **({"weight": weight} if weight else {})})
    if weight:
        where = "[y != 0]" if 0 in labels else ""
        assert f" / (w[y{where} - 1] * s{where}).sum()" in calls[0]


def test_an_ignored_label_that_is_not_torchs_own_is_written_in_the_call():
    calls = assert_calls_return_what_is_reported({**INDEX, "labels": [0, 1, 7, 1], "ignore_index": 7})
    assert calls[0] == "float64 cross_entropy(x, y, weight=w, ignore_index=7, label_smoothing=0.1)"


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_scores_that_came_with_a_dtype_are_measured_in_it_and_casts_are_written(dtype):
    given = {"logits": torch.tensor(LOGITS, dtype=getattr(torch, dtype)), "labels": torch.tensor([0, 1, 2, 1])}
    measured = measure(Batch.build(**given))
    assert list(dict.fromkeys(one.dtype for one in measured)) == list(dict.fromkeys(("float64", dtype)))
    assert measured[-1].call.startswith("cross_entropy(x, y")
    if dtype != "float64":
        assert measured[0].call == "cross_entropy(x.double(), y)"
    assert_calls_return_what_is_reported(given)


@pytest.mark.parametrize("dtype", ["int32", "int8", "uint8", "int64"])
def test_labels_torch_does_not_take_are_cast_in_the_call(dtype):
    given = {"logits": LOGITS, "labels": np.array([0, 1, 2, 1], dtype=dtype), "weight": [0.5, 1, 2]}
    call = assert_calls_return_what_is_reported(given)[0]
    assert call == f"float64 cross_entropy(x, {'y' if dtype in ('uint8', 'int64') else 'y.long()'}, weight=w)"


def test_one_hot_rows_of_integers_need_a_cast():
    given = {"logits": LOGITS, "labels": np.eye(3, dtype=int)[[0, 1, 2, 1]].tolist(), "weight": [0.5, 1, 2]}
    assert assert_calls_return_what_is_reported(given)[0] == ("float64 cross_entropy(x, y.double(), weight=w)")


@pytest.mark.parametrize("seed", range(60))
def test_random_batches_return_what_the_methods_say(seed):
    given = random_batch(5000 + seed, ("logits",))
    report = explain(**given)
    assert_calls_return_what_is_reported(given)
    for one in report.measurements:
        rows = [report.method(method) for method in one.expresses]
        smoothed_nothing = given["label_smoothing"] > 0 and any(
            row is not None and row.denominator == 0 for row in rows
        )
        if not smoothed_nothing:  # torch then meets 0/0 in one of its two parts
            assert set(one.expresses) <= set(one.methods), (one, rows)


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"log_probs": [[-1.0, -1]], "labels": [0], "label_smoothing": 0.1}, "label smoothing for log_probs"),
        ({"probs": [[0.5, 0.6]], "labels": [[0.5, 0.5]]}, "probability labels for probs"),
    ],
)
def test_what_neither_call_can_express_is_said(given, asked):
    (row,) = measure(Batch.build(**given))
    assert row.value is None
    assert row.call == ""
    assert row.reason == (
        f"cannot express {asked}: nll_loss has neither, and cross_entropy would normalise these rows again"
    )


def test_normalised_log_probabilities_may_be_smoothed_by_cross_entropy():
    given = {**LOG_PROBS, "label_smoothing": 0.1}
    assert assert_calls_return_what_is_reported(given)[0] == (
        "float64 cross_entropy(x, y, weight=w, label_smoothing=0.1)"
    )
    report = explain(**given)
    assert report.measurements[0].methods[0] == "weighted-mean"


@pytest.mark.parametrize(
    ("given", "call"),
    [
        ({"logits": [[1.0, 2.0]], "labels": 0}, "cross_entropy(x, y.reshape([1]))"),
        ({"logits": [1.0, 2.0], "labels": [0]}, "cross_entropy(x, y.reshape([]))"),
        ({"logits": [1.0, 2.0], "labels": 0}, "cross_entropy(x, y)"),
        ({"logits": [[1.0, 2.0], [3.0, 4.0]], "labels": [1, 2], "label_base": 1}, "cross_entropy(x, y - 1)"),
        (
            {"logits": [[1.0, 2.0], [3.0, 4.0]], "labels": [1, 0], "label_base": 1, "ignore_index": 0},
            "cross_entropy(x, y - 1, ignore_index=-1)",
        ),
        (
            {"logits": [[1.0, 2.0], [3.0, 4.0]], "labels": [1, -100], "label_base": 1},
            "cross_entropy(x, y - 1, ignore_index=-101)",
        ),
    ],
)
def test_a_call_is_written_with_what_the_labels_needed(given, call):
    first, *_ = measure(Batch.build(**given))
    assert first.call == call
    x, y = torch.tensor(given["logits"], dtype=torch.float64), torch.tensor(given["labels"])
    assert float(eval(call, {"x": x, "y": y, "cross_entropy": torch.nn.functional.cross_entropy})) == first.value


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float8_e4m3fn])
def test_scores_of_a_dtype_that_cross_entropy_refuses_are_measured_in_float32(dtype):
    batch = Batch.build(logits=torch.tensor([[0, 1], [1, 0]]).to(dtype), labels=[0, 1])
    measured = measure(batch)
    assert {one.dtype for one in measured} == {"float64", "float32"}
    assert next(one.call for one in measured if one.dtype == "float32") == "cross_entropy(x.float(), y)"
    assert all(one.value is not None for one in measured)


def test_an_ignored_label_beside_probability_rows_is_refused_as_torch_refuses_it():
    given = {"logits": [[1.0, 2], [3, 4]], "labels": [[0.0, 1.0], [0.5, 0.5]], "ignore_index": 1}
    report = explain(**given)
    assert {one.value for one in report.measurements} == {None}
    assert "ignore_index is not supported for floating point target" in " ".join(str(report).split())
    assert report.batch.notes == ("ignore_index means nothing for probability labels: every sample is kept",)


def test_zero_over_zero_is_nan_in_torch_too():
    measured = measure(Batch.build(logits=[[0.1, 0.9]], labels=[0], weight=[0, 1]))
    assert math.isnan(measured[0].value)
    assert measured[0].expresses == ("weighted-mean",)


def test_what_torch_refuses_is_a_row_with_its_reason(monkeypatch):
    def refuse(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("not today\nand a second line")

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", refuse)
    report = explain(**INDEX)
    assert {(one.value, one.reason) for one in report.measurements} == {(None, "not today")}
    assert "PyTorch " in str(report)
    assert "refuses cross_entropy(x, y, weight=w, label_smoothing=0.1): not today" in " ".join(str(report).split())


class _Broken:
    """An importer that fails as a damaged installation does."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "torch":
            raise OSError("libtorch_cpu.so: cannot open shared object file")


def test_a_torch_that_is_missing_or_broken_costs_one_line_and_not_the_answer(monkeypatch):
    import importlib.util

    value = explain(**INDEX).value("weighted-mean")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    report = explain(**INDEX)
    assert report.value("weighted-mean") == value
    assert "PyTorch not measured: not installed: pip install torch\n" in str(report)
    monkeypatch.undo()

    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(sys, "meta_path", [_Broken(), *sys.meta_path])
    report = explain(**INDEX)
    assert report.value("weighted-mean") == value
    said = "PyTorch not measured: import torch failed: OSError: libtorch_cpu.so: cannot open shared object file"
    assert said in " ".join(str(report).split())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "import torch failed: ModuleNotFoundError: No module named 'torch.nn'"),
        ("raise RuntimeError('boom \\x1b[31m')", "import torch failed: RuntimeError: boom [31m"),
    ],
)
def test_another_module_by_the_name_of_torch_costs_one_line_too(content, said, tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(content, "utf-8")
    ran = spawn("explain", "-x", "1 2", "-y", "0", PYTHONPATH=str(tmp_path))
    assert ran.code == 0
    assert f"PyTorch not measured: {said}" in " ".join(ran.out.split())
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_threads_of_torch_are_what_they_were_and_a_small_batch_has_one(threads, monkeypatch):
    seen = []
    inner = torch.nn.functional.cross_entropy

    def spied(*arguments, **options):
        seen.append(torch.get_num_threads())
        return inner(*arguments, **options)

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", spied)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        explain(logits=[[0.1, 0.9], [0, 0.1]], labels=[0, 1], engines=("torch",))
        assert set(seen) == {1}
        assert torch.get_num_threads() == threads
        seen.clear()
        explain(logits=np.zeros((300, 200)), labels=np.zeros(300, dtype=int), engines=("torch",))
        assert set(seen) == {threads}
        assert torch.get_num_threads() == threads
        monkeypatch.setattr(torch.nn.functional, "cross_entropy", _raises)
        explain(logits=[[0.1, 0.9]], labels=[0], engines=("torch",))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def _raises(*arguments, **options):
    raise RuntimeError("as torch does")


def test_a_line_that_is_answered_by_a_worker_is_measured_with_one_thread(tmp_path):
    line = '{"logits": [[0.1, 0.9], [0, 0.1]], "labels": [0, 1]}\n'
    (tmp_path / "many.ndjson").write_text(line * 1500, "utf-8")
    spy = (
        "import os, sys\n"
        "from wce_cli.engines import torch as engine\n"
        "inner = engine.measure\n"
        "def spied(*arguments, **options):\n"
        "    found = inner(*arguments, **options)\n"
        "    import torch\n"
        "    os.write(2, f'{os.getpid() == parent} {torch.get_num_threads()}\\n'.encode())\n"
        "    return found\n"
        "engine.measure, parent = spied, os.getpid()\n"
        "from wce_cli.__main__ import run\n"
        "sys.exit(run())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", spy, "explain", str(tmp_path / "many.ndjson"), "-f", "ndjson"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert ran.returncode == 0, ran.stderr
    in_workers = [line for line in ran.stderr.splitlines() if line.startswith("False")]
    assert set(in_workers) <= {"False 1"}
    if len(os.sched_getaffinity(0)) > 1:
        assert in_workers
