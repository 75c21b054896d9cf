"""A large document is the same document, however it is read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.run import run
from wce_cli.batches.arrays import WrittenNumbers
from wce_cli.inputs import decoded as decoded_module
from wce_cli.inputs import fast_json
from wce_cli.inputs.fast_json import large_document

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map("{:.30e}".format),
    st.floats(1e-5, 1e5).map("{:.25f}".format),
    st.integers(-(2**80), 2**80).map(str),
    st.sampled_from(["-0", "-0.0", "0e5", "1E5", "4.9e-324", "2.4703282292062327e-324", "1.7976931348623157e308"]),
)


@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=5), st.sampled_from([1, 10**9]))
def test_every_number_is_the_one_that_the_standard_library_reads(rows, long_row):
    text = ",\n".join(f"[ {' , '.join(row)}]" for row in [*rows, ["0.5"] * 3])
    content = f'{{"name": "x", "logits":[{text}] ,"labels": [0, 1], "ignore_index": null}}'.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wce_cli.inputs.fast_json.LONG_ROW", long_row)
        found = large_document(content)
    assert found is not None
    expected = json.loads(content)
    assert list(found) == list(expected)
    written = found.pop("logits")
    assert isinstance(written, WrittenNumbers)
    assert written.array.tobytes() == np.array(expected.pop("logits"), dtype=np.float64).tobytes()
    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"logits": [[0.5, 1], [1]]}',
        '{"logits": [[0.5, 1]], "logits": [[0.5, 1]]}',
        '{"logits": [[0.5, 1]], "labels": [0], "labels": [1]}',
        '{"logits": [[0.5, 1]], "weight": {"a": 1, "a": 2}}',
        '{"logits": [[0.5, 1]], "na\\u006de": "x"}',
        '{"logits": [[0.5, "1"]]}',
        '{"logits": [[0.5, true]]}',
        '{"logits": [[0.5, null]]}',
        '{"logits": [[0.5, NaN]]}',
        '{"logits": [[0.5, 1e400]]}',
        '{"logits": [[[0.5, 1]]]}',
        '{"logits": [0.5, 1]}',
        '{"logits": [[1, 2]]}',
        '{"logits": []}',
        '{"labels": [0.5]}',
        '{"logits": [[0.5, 1]]',
        "[1.5]",
        "[" * 100_000,
        '{"logits": ' + "[" * 100_000 + "0.5" + "]" * 100_000 + "}",
    ],
)
def test_what_is_odd_is_read_the_long_way(text):
    assert large_document(text.encode()) is None


def written(n: int, c: int) -> dict[str, object]:
    rng = np.random.default_rng(0)
    return {"logits": rng.standard_normal((n, c)).tolist(), "labels": rng.integers(c, size=n).tolist(), "name": "x"}


@pytest.mark.parametrize(("n", "c"), [(3000, 2), (60, 300)])
@pytest.mark.parametrize("suffix", ["json", "ndjson"])
def test_the_answer_is_the_same_bytes_either_way(tmp_path, monkeypatch, n, c, suffix):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"b.{suffix}").write_text(json.dumps(written(n, c)), "utf-8")
    arguments = ("explain", f"b.{suffix}", "--format", "ndjson", "--rows", "3")
    calls: list[int] = []
    read = fast_json.large_document
    monkeypatch.setattr(fast_json, "large_document", lambda content: calls.append(1) or read(content))
    fast = run(*arguments)
    monkeypatch.setattr(decoded_module, "WORTH_A_LOOK", 10**12)
    slow = run(*arguments)
    assert (fast.code, fast.err) == (slow.code, slow.err) == (0, "")
    assert fast.out == slow.out
    assert calls or suffix == "ndjson"  # a plain line is read by its own decoder


def test_what_is_wrong_in_a_large_document_is_named_by_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    batch = written(3000, 2)
    batch["logits"][2345][1] = "x"  # type: ignore[index]
    (tmp_path / "b.json").write_text(json.dumps(batch), "utf-8")
    assert run("explain", "b.json").err.startswith('error: logits[2345][1] is "x", expected a number\n')
    batch = written(3000, 2)
    batch["labels"][77] = 9  # type: ignore[index]
    (tmp_path / "b.json").write_text(json.dumps(batch), "utf-8")
    said = run("explain", "b.json").err
    assert said.startswith(
        "error: labels[77] is 9, but logits has 2 classes (0..1)\n  logits  (3000, 2)  b.json $.logits\n"
    )
