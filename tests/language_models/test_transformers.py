"""transformers' loss of causal language models: what it computes, and that `--shift` computes the same."""

from __future__ import annotations

import math

import pytest

from tests.run import run
from wce_cli import explain, split

torch = pytest.importorskip("torch")
loss_utils = pytest.importorskip("transformers.loss.loss_utils")

CLOSE = 1e-6
"""They compute in float32, whatever the scores are."""
SEEDS = range(12)


def batch(seed, dtype=torch.float32):
    """Scores (B, T, V) and labels (B, T), a third of them -100; the sizes depend on the seed and may be equal."""
    random = torch.Generator().manual_seed(seed)
    b, t, v = (int(torch.randint(low, 7, (), generator=random)) for low in (1, 2, 2))
    scores = (4 * torch.randn(b, t, v, generator=random)).to(dtype)
    labels = torch.randint(v, (b, t), generator=random)
    return scores, labels.where(torch.rand(b, t, generator=random) > 0.3, -100)


def explained(scores, labels, **how):
    return explain(logits=scores, labels=labels, class_axis=-1, engines=(), **how)


def test_the_batches_hold_what_separates_the_rules():
    shapes = [batch(seed)[0].shape for seed in SEEDS]
    assert any(t == v for _, t, v in shapes)
    assert any(t != v for _, t, v in shapes)
    first = [batch(seed)[1][:, 0] for seed in SEEDS]
    assert any((labels >= 0).any() for labels in first)
    assert any((labels == -100).any() for labels in first)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_shift_is_that_of_the_causal_loss(seed, dtype):
    scores, labels = batch(seed, dtype)
    returned = loss_utils.ForCausalLMLoss(scores, labels, scores.shape[-1])
    assert returned.dtype == torch.float32
    report = explained(scores, labels, shift=True)
    assert report.value("weighted-mean") == pytest.approx(returned.item(), rel=CLOSE, nan_ok=True)
    formula = torch.nn.functional.cross_entropy(scores[:, :-1].double().flatten(0, 1), labels[:, 1:].flatten())
    assert report.value("weighted-mean") == pytest.approx(formula.item(), rel=1e-13, nan_ok=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_shift_is_the_masked_loss(seed):
    scores, labels = batch(seed)
    returned = loss_utils.ForMaskedLMLoss(scores, labels, scores.shape[-1])
    assert explained(scores, labels).value("weighted-mean") == pytest.approx(returned.item(), rel=CLOSE)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_shift_is_a_padding_of_the_labels_by_one_that_is_ignored(seed):
    """So `shift_labels`, given as they are, keep all T positions, and the last is ignored."""
    scores, labels = batch(seed)
    ahead = torch.cat([labels[:, 1:], torch.full((len(labels), 1), -100)], dim=1)
    returned = loss_utils.ForCausalLMLoss(scores, labels, scores.shape[-1], shift_labels=ahead)
    assert torch.equal(returned.nan_to_num(), loss_utils.ForCausalLMLoss(scores, labels, scores.shape[-1]).nan_to_num())
    unshifted, shifted = explained(scores, ahead), explained(scores, labels, shift=True)
    for report in (unshifted, shifted):
        assert report.value("weighted-mean") == pytest.approx(returned.item(), rel=CLOSE, nan_ok=True)
    assert unshifted.batch.n - shifted.batch.n == len(labels)
    assert unshifted.batch.n_kept == shifted.batch.n_kept


@pytest.mark.parametrize("seed", SEEDS)
def test_micro_batches_that_know_num_items_in_batch_add_up_to_the_whole_batch(seed):
    scores, labels = batch(seed)
    answer = split(1, logits=scores, labels=labels, class_axis=-1, shift=True)
    row = answer.method("weighted-mean")
    count = (labels[:, 1:] != -100).sum()
    assert row.denominator == count
    parts = [
        loss_utils.ForCausalLMLoss(scores[k : k + 1], labels[k : k + 1], scores.shape[-1], num_items_in_batch=count)
        for k in range(len(labels))
    ]
    assert [numerator / row.denominator for numerator in row.numerators] == pytest.approx(
        [part.item() for part in parts], rel=CLOSE, abs=1e-7
    )
    whole = loss_utils.ForCausalLMLoss(scores, labels, scores.shape[-1]).item()
    assert row.remedy == pytest.approx(sum(parts).item(), rel=CLOSE)
    assert row.value == pytest.approx(whole, rel=CLOSE)


def test_a_file_that_holds_shift_labels_beside_labels_is_read_by_its_labels(tmp_path):
    """As collators of packed sequences have it: they are labels, not the flag of a shift."""
    scores, labels = batch(3)
    ahead = torch.nn.functional.pad(labels[:, 1:], (0, 1), value=-100)
    torch.save({"logits": scores, "labels": labels, "shift_labels": ahead}, tmp_path / "x.pt")
    ran = run("explain", str(tmp_path / "x.pt"), "--class-axis", "-1", "--only", "value", "--method", "weighted-mean")
    assert (ran.code, float(ran.out)) == (0, pytest.approx(explained(scores, labels).value("weighted-mean")))
    assert "left out shift_labels" in ran.err


def test_a_weight_smoothing_and_a_reduction_are_taken_and_change_nothing():
    scores, labels = batch(3)
    given = {"weight": torch.rand(scores.shape[-1]), "label_smoothing": 0.3, "reduction": "sum"}
    returned = loss_utils.ForCausalLMLoss(scores, labels, scores.shape[-1], **given)
    assert returned == loss_utils.ForCausalLMLoss(scores, labels, scores.shape[-1])


def test_nothing_to_predict_is_nan_and_0_over_a_count_of_elsewhere():
    scores, labels = batch(3)
    labels[:, 1:] = -100
    report = explained(scores, labels, shift=True)
    assert math.isnan(loss_utils.ForCausalLMLoss(scores, labels, scores.shape[-1]).item())
    assert math.isnan(report.value("weighted-mean"))
    assert loss_utils.ForCausalLMLoss(scores, labels, scores.shape[-1], num_items_in_batch=5).item() == 0
    assert report.value("sum") == 0
