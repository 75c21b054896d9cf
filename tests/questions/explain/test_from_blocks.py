"""A batch in blocks: wherever it is cut, the answer for the whole, to the last digits of sums."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.run import ROOT
from wce_cli import WceError, explain
from wce_cli.answers.report import Report
from wce_cli.batches import batch as batch_module
from wce_cli.loss import small_batches
from wce_cli.passes import block_feed, one_pass, other_readings, row_sums

SEED = np.random.default_rng(7)


@pytest.fixture(autouse=True, scope="module")
def small_groups() -> Iterator[None]:
    """Groups of two blocks of 64 rows, for both ways alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_module, "BLOCK_ROWS", (64, 64))
        for module in (one_pass, block_feed):
            patch.setattr(module, "GROUP_WORK", 128 * 40)
        patch.setattr(one_pass, "GROUPS", 10**9)
        patch.setattr(small_batches, "SMALL", -1)  # a batch of more than one group never is
        yield


def cut(fields: dict[str, np.ndarray], cuts: list[int], as_tuple: bool = False) -> Iterator[object]:
    """The fields, cut along their first axis."""
    n = len(fields["labels"])
    bounds = [0, *sorted(min(cut, n) for cut in cuts), n]
    for start, stop in pairwise(bounds):
        part = {name: array[start:stop] for name, array in fields.items()}
        yield tuple(part.values()) if as_tuple else part


def same(found: Report, whole: Report) -> None:
    """All but the list of the samples is the same, sums to 4e-15 of what they are made of."""
    scale = sum(abs(row.term) for row in whole.terms if row.term is not None and math.isfinite(row.term))
    bare = (structs.replace(report, terms=(), terms_shown=0).to_dict() for report in (found, whole))
    assert alike(*bare, off=4e-15 * scale) == []


def alike(one: object, other: object, off: float, where: str = "") -> list[str]:
    """Where two answers differ, numbers by more than `off` and 4e-15 of their own size."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        return [line for key in one for line in alike(one[key], other[key], off, f"{where}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [line for k in range(len(one)) for line in alike(one[k], other[k], off, f"{where}[{k}]")]
    if isinstance(one, float) and isinstance(other, float) and abs(one - other) <= off + 4e-15 * abs(other):
        return []
    return [] if one == other and type(one) is type(other) else [f"{where}: {one} and {other}"]


def fields_of(kind: str, n: int, c: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    x = rng.standard_normal((n, c)).astype(np.float32) * 3
    y = rng.integers(c, size=n)
    y[rng.random(n) < 0.1] = -100
    made = {"logits": x, "labels": y}
    if kind == "weighted":
        made["sample_weight"] = rng.uniform(-0.1, 2, n)
    if kind == "soft":
        made["labels"] = rng.dirichlet(np.ones(c), size=n)
    if kind == "probs":
        made = {"probs": rng.dirichlet(np.ones(c), size=n), "labels": y}
    if kind == "odd":
        x[rng.integers(n, size=3), 0] = (np.inf, -np.inf, np.nan)
        x[rng.integers(n, size=2)] *= 300
    return made


@settings(max_examples=60)
@given(
    st.integers(0, 2**32),
    st.sampled_from(["plain", "weighted", "soft", "probs", "odd"]),
    st.sampled_from([2, 3, 20]),
    st.integers(130, 900),
    st.lists(st.integers(0, 900), max_size=12),
    st.sampled_from([0.0, 0.1]),
)
def test_any_cut_gives_the_answer_for_the_whole(seed, kind, c, n, cuts, smoothing):
    rng = np.random.default_rng(seed)
    fields = fields_of(kind, n, c, rng)
    beside = {"weight": rng.uniform(0.1, 2, c), "label_smoothing": smoothing}
    whole = explain(**fields, **beside, engines=())
    same(explain(blocks=cut(fields, cuts), **beside, engines=()), whole)


@pytest.mark.parametrize("kind", ["probs", "log_probs", "elements"])
@pytest.mark.parametrize("most", [100, 385, 1151, 1153, 1200, 10_000])
def test_what_is_known_of_the_first_scores_alone_is_known_of_those_of_the_whole(kind, most, monkeypatch):
    """Some rows do not sum to 1, and labels are rows of 0 and 1: who looks at them says of how many, or nothing."""
    for module in (other_readings, row_sums):
        monkeypatch.setattr(module, "SUMMED", most)
    rng, n = np.random.default_rng(most), 400
    p = rng.dirichlet(np.ones(3), size=n) * np.where(rng.random(n) < 0.3, 0.9, 1.0)[:, None]
    y = rng.integers(3, size=n)
    fields = {"probs": p, "labels": y} if kind == "probs" else {"log_probs": np.log(p), "labels": y}
    if kind == "elements":
        fields = {"probs": p, "labels": (rng.random((n, 3)) < 0.5).astype(float)}
    whole = explain(**fields, engines=())
    told = " ".join(finding.message for finding in whole.findings)
    assert (f"of {most // 3} samples that were looked at" in told) == (most < 3 * n)
    for cuts in ([], [1], [128, 384], [129, 383], list(range(0, n, 7)), [384, 385]):
        same(explain(blocks=cut(fields, cuts), engines=()), whole)


def test_a_block_of_more_rows_than_a_part_is_passed_as_it_came(monkeypatch):
    passed = []
    real = block_feed.listing_pass
    monkeypatch.setattr(
        block_feed, "listing_pass", lambda batch, *asked, **more: passed.append(batch) or real(batch, *asked, **more)
    )
    fields = fields_of("weighted", 700, 3, np.random.default_rng(4))
    same(explain(blocks=cut(fields, [3, 50, 600, 650]), engines=()), explain(**fields, engines=()))
    assert [one.n_samples for one in passed] == [50, 550, 100]
    assert np.shares_memory(passed[1].scores.array, fields["logits"])
    assert not any(np.shares_memory(passed[part].scores.array, fields["logits"]) for part in (0, 2))


@pytest.mark.parametrize("n", [127, 128, 129, 256, 257])
def test_the_ends_of_groups_are_no_place_to_fall_through(n):
    fields = fields_of("plain", n, 3, np.random.default_rng(n))
    for cuts in ([], [64], [128], list(range(n))):
        same(explain(blocks=cut(fields, cuts), engines=()), explain(**fields, engines=()))


@pytest.mark.parametrize("n", [40, 400])
def test_images_lists_tuples_and_names_come_in_blocks_too(n):
    rng = np.random.default_rng(0)
    images = {"logits": rng.standard_normal((n, 3, 2, 2)), "labels": rng.integers(3, size=(n, 2, 2))}
    same(explain(blocks=cut(images, [7, n // 2], as_tuple=True), engines=()), explain(**images, engines=()))
    rows, names = rng.standard_normal((n, 2)).tolist(), rng.choice(["cat", "dog"], size=n).tolist()
    beside = {"classes": ["cat", "dog"], "weight": {"cat": 2, "dog": 1}, "engines": ()}
    blocks = ((rows[start : start + 30], names[start : start + 30]) for start in range(0, n, 30))
    same(explain(blocks=blocks, **beside), explain(logits=rows, labels=names, **beside))


def test_a_short_batch_is_explained_like_any_other():
    pytest.importorskip("torch")
    fields = fields_of("weighted", 50, 3, np.random.default_rng(1))
    whole = explain(**fields)
    assert len(whole.terms) == 50
    assert whole.measurements
    assert json.dumps(explain(blocks=cut(fields, [3, 3, 20])).to_dict()) == json.dumps(whole.to_dict())


def test_a_long_one_says_what_it_leaves_out():
    fields = fields_of("plain", 500, 3, np.random.default_rng(2))
    report = explain(blocks=cut(fields, [100]))
    assert report.terms == ()
    assert report.terms_total == 500
    assert [(one.engine, one.value, one.reason) for one in report.measurements] == [
        ("PyTorch", None, "blocks are walked once, and a framework needs all rows: give arrays")
    ]
    assert "5 largest terms" in str(report)


def test_an_array_that_is_filled_again_for_every_block_is_no_matter():
    fields = fields_of("plain", 600, 3, np.random.default_rng(3))

    def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        x, y = np.empty((50, 3), dtype=np.float32), np.empty(50, dtype=np.int64)
        for start in range(0, 600, 50):
            x[:], y[:] = fields["logits"][start : start + 50], fields["labels"][start : start + 50]
            yield x, y

    same(explain(blocks=blocks(), engines=()), explain(**fields, engines=()))


ROW, LABEL = [[0.1, 0.9]], [0]


@pytest.mark.parametrize(
    ("blocks", "beside", "said"),
    [
        ([], {}, "there are no blocks"),
        (
            [(ROW, LABEL), (ROW,)],
            {},
            "block 1 is no (logits, labels) or (logits, labels, sample_weight), and no mapping",
        ),
        ([(ROW, LABEL), 3], {}, "block 1 is no (logits, labels) or (logits, labels, sample_weight), and no mapping"),
        ([{"logits": ROW, "labels": LABEL, "weight": [1, 2]}], {}, "block 0 has the key 'weight'"),
        ([(ROW, LABEL), (ROW, [7])], {}, "block 1: labels[0] is 7, but logits has 2 classes (0..1)"),
        ([([0.1, 0.9], 0)], {}, "block 0 is a single sample without an axis for samples"),
        (
            [(ROW, LABEL), ([[1, 2, 3]], LABEL)],
            {},
            "block 1 differs in its classes of scores: 3, and 2 in the first block",
        ),
        (
            [(ROW, LABEL), (ROW, LABEL, [1.0])],
            {},
            "block 1 differs in its sample weight: given, and none in the first block",
        ),
        (
            [(ROW, LABEL), (np.float32(ROW), LABEL)],
            {},
            "block 1 differs in its dtype of the scores: float32, and float64 in the first block",
        ),
        (
            [(ROW, LABEL), {"probs": ROW, "labels": LABEL}],
            {},
            "block 1 differs in its scores: probs, and logits in the first block",
        ),
        ([(ROW, LABEL)], {"labels": LABEL}, "labels is given beside blocks"),
        ([(ROW, LABEL)], {"weight": "balanced"}, "balanced counts all labels, and blocks are walked once"),
    ],
)
def test_what_is_wrong_names_its_block(blocks, beside, said):
    with pytest.raises(WceError) as caught:
        explain(blocks=iter(blocks), **beside, engines=())
    assert caught.value.problems[0].message == said


MAPPED = """
import sys, tracemalloc
import numpy as np
from wce_cli import explain
x = np.memmap(sys.argv[1], dtype=np.float32, mode="r", shape=(400_000, 50))
y = np.memmap(sys.argv[2], dtype=np.int64, mode="r", shape=(400_000,))
explain(logits=x[:10], labels=y[:10], engines=())
tracemalloc.start()
if sys.argv[3] == "map":
    report = explain(logits=x, labels=y, engines=())
else:
    report = explain(blocks=((x[k : k + 1000], y[k : k + 1000]) for k in range(0, len(x), 1000)), engines=())
print(repr(report.value("batch-mean")), tracemalloc.get_traced_memory()[1])
"""


def test_neither_a_map_nor_blocks_are_read_as_a_whole(tmp_path):
    x, y = SEED.standard_normal((400_000, 50), dtype=np.float32), SEED.integers(50, size=400_000)
    x.tofile(tmp_path / "x")
    y.tofile(tmp_path / "y")
    found = []
    for way in ("map", "blocks"):
        command = [sys.executable, "-c", MAPPED, str(tmp_path / "x"), str(tmp_path / "y"), way]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=True)
        value, peak = done.stdout.split()
        assert int(peak) < 50e6, way  # 80 MB of scores, 160 of them as float64
        found.append(value)
    assert float(found[0]) == pytest.approx(float(found[1]), rel=4e-15)
    wide = x.astype(np.float64)
    loss = np.log(np.exp(wide).sum(axis=1)) - wide[np.arange(len(x)), y]
    assert float(found[0]) == pytest.approx(loss.mean(), rel=1e-12)


@pytest.mark.parametrize("cuts", [[5], [2, 5], [9], [9, 10]])
def test_a_sequence_is_not_cut_into_blocks_that_are_shifted_each_by_itself(cuts):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 6)), rng.integers(0, 6, 10)
    assert explain(blocks=[(x, y)], shift=True, engines=()).batch.n == 9
    with pytest.raises(WceError, match="block 1 follows a block of two axes: a shift does not run from one into"):
        explain(blocks=cut({"logits": x, "labels": y}, cuts), shift=True)
    sequences = {"logits": rng.normal(size=(10, 7, 6)), "labels": rng.integers(0, 6, (10, 7))}
    found = explain(blocks=cut(sequences, cuts), shift=True, engines=())
    assert found["weighted-mean"] == pytest.approx(explain(**sequences, shift=True)["weighted-mean"], rel=1e-14)


@pytest.mark.parametrize("soft", [False, True])
def test_blocks_that_are_shifted_have_the_findings_of_the_whole(soft):
    """The positions that a shift drops are asked for again, by who reads the classes along another axis."""
    rng = np.random.default_rng(0)
    labels = np.stack([np.eye(3)[rng.permutation(3)] for _ in range(6)])
    fields = {"logits": rng.normal(size=(6, 3, 3)), "labels": labels if soft else labels.argmax(-1)}
    whole = explain(**fields, shift=True, engines=())
    found = explain(blocks=cut(fields, [1, 4]), shift=True, engines=())
    assert [one.message for one in found.findings] == [one.message for one in whole.findings]
    assert "class-axis-last" in {one.code for one in found.findings}
