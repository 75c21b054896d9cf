"""A tensor on a GPU, tried with tensors of the CPU that are taken for such: there is no GPU where these tests run."""

import numpy as np
import pytest

import wce_cli
from wce_cli.batches import device_tensors
from wce_cli.batches.batch import Batch

torch = pytest.importorskip("torch")


@pytest.fixture
def reads(monkeypatch):
    """How many numbers are copied at a time, once every tensor of floats is one on another device."""
    lengths = []
    read = device_tensors.DeviceTensor.read

    def counted(self, start, stop):
        lengths.append(stop - start)
        return read(self, start, stop)

    monkeypatch.setattr(device_tensors, "_is_elsewhere", lambda tensor: tensor.device.type != "meta")
    monkeypatch.setattr(device_tensors.DeviceTensor, "read", counted)
    return lengths


def batch_of(shape, dtype, soft=False):
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)).to(dtype)
    labels = torch.from_numpy(rng.integers(0, shape[1], (shape[0], *shape[2:])))
    labels[labels == 3] = -100
    if soft:
        labels = torch.softmax(logits.flip(0).double(), 1)
    return {"logits": logits, "labels": labels, "weight": rng.uniform(0, 2, shape[1])}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", [(1100, 1000), (400_000, 3), (3, 5, 300, 300)], ids=str)
def test_a_tensor_elsewhere_gives_the_same_bytes_some_rows_at_a_time(shape, dtype, reads):
    fields = batch_of(shape, dtype)
    found = wce_cli.explain(**fields, engines=())
    assert reads
    assert max(reads) < fields["logits"].numel()
    arrays = {**fields, "logits": fields["logits"].double().numpy()}
    expected = wce_cli.explain(**arrays, engines=())
    values = [{one.pair: (one.numerator, one.denominator) for one in report.methods} for report in (found, expected)]
    assert values[0] == values[1]
    theirs = torch.nn.functional.cross_entropy(
        fields["logits"].double(), fields["labels"], torch.from_numpy(fields["weight"])
    )
    assert found.value("weighted-mean") == pytest.approx(float(theirs), rel=1e-12)


def test_probability_labels_elsewhere_are_read_in_chunks_too(reads):
    fields = batch_of((1100, 1000), torch.float32, soft=True)
    found = wce_cli.explain(**fields, engines=())
    theirs = torch.nn.functional.cross_entropy(
        fields["logits"].double(), fields["labels"], torch.from_numpy(fields["weight"])
    )
    assert found.value("batch-mean") == pytest.approx(float(theirs), rel=1e-12)
    assert max(reads) < fields["logits"].numel()


def test_what_is_small_or_lies_otherwise_is_copied_as_a_whole(reads):
    small = batch_of((10, 5), torch.float32)
    turned = batch_of((1100, 1000), torch.float32)
    turned["logits"] = turned["logits"].T.contiguous().T
    for fields in (small, turned):
        Batch.build(**fields)
    assert not reads


def test_a_tensor_of_this_machine_is_not_copied():
    fields = batch_of((1100, 1000), torch.float32)
    batch = Batch.build(**fields)
    assert np.shares_memory(batch.scores.array, fields["logits"].numpy())


def test_wrong_numbers_elsewhere_are_named_as_they_are_here(reads):
    probs = torch.full((1100, 1000), 1e-3)
    probs[7, 2] = 1.5
    with pytest.raises(wce_cli.WceError, match=r"probs\[7\]\[2\] is 1\.5, expected a probability"):
        wce_cli.explain(probs=probs, labels=torch.zeros(1100, dtype=torch.int64), engines=())
    assert reads
