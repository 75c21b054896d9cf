"""How a batch is cut, and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from tests.questions.batches import LABELS, LOGITS
from wce_cli import WceError, explain, split


def test_blocks_are_cut_in_order_and_the_last_may_be_smaller():
    assert [part.items for part in split(3, logits=LOGITS, labels=LABELS).parts] == [(0, 1, 2), (3, 4, 5), (6,)]
    assert [part.items for part in split((2, 5), logits=LOGITS, labels=LABELS).parts] == [(0, 1), (2, 3, 4, 5, 6)]


def test_ranks_are_dealt_to_as_torchs_sampler_deals():
    torch_data = pytest.importorskip("torch.utils.data")
    answer = split(ranks=2, logits=LOGITS[:6], labels=LABELS[:6])
    for part in answer.parts:
        sampler = torch_data.DistributedSampler(range(6), 2, part.rank, shuffle=False)
        assert list(part.items) == list(sampler)
    both = split(2, ranks=2, logits=LOGITS, labels=LABELS)
    assert [(part.rank, part.step, part.items) for part in both.parts] == [
        (0, 0, (0, 2)),
        (1, 0, (1, 3)),
        (0, 1, (4, 6)),
        (1, 1, (5,)),
    ]


@pytest.mark.parametrize("seed", [0, 3, 2**64 - 1])
def test_a_shuffled_batch_is_the_one_that_numpy_shuffles(seed):
    rng = np.random.default_rng(1)
    logits, labels, weight = rng.normal(size=(11, 3)), rng.integers(3, size=11), [1, 0.25, 3]
    order = np.random.default_rng(seed).permutation(11)
    assert order.tolist() != list(range(11))
    for asked in ({"size": 4}, {"size": (2, 8, 1)}, {"ranks": 3}, {"size": 2, "ranks": 2}):
        found = split(**asked, shuffle=seed, logits=logits, labels=labels, weight=weight)
        by_hand = split(**asked, logits=logits[order], labels=labels[order], weight=weight)
        for part, other in zip(found.parts, by_hand.parts, strict=True):
            assert sorted(part.items) == sorted(order[list(other.items)].tolist())
        for row, other_row in zip(found.methods, by_hand.methods, strict=True):
            assert row.values == pytest.approx(other_row.values, rel=1e-14)
    images, classes = rng.normal(size=(5, 3, 2)), rng.integers(3, size=(5, 2))
    order = np.random.default_rng(seed).permutation(5)
    found = split(2, shuffle=seed, logits=images, labels=classes)
    assert [set(part.items) for part in found.parts] == [set(order[:2]), set(order[2:4]), set(order[4:])]


def test_an_image_is_one_item_with_all_its_pixels():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(3, 4, 2, 5)), rng.integers(4, size=(3, 2, 5))
    answer = split(2, logits=logits, labels=labels, weight=[1, 2, 3, 0])
    assert [(part.n, part.items) for part in answer.parts] == [(20, (0, 1)), (10, (2,))]
    alone = explain(logits=logits[:2], labels=labels[:2], weight=[1, 2, 3, 0], engines=())
    assert answer.method("weighted-mean").values[0] == pytest.approx(alone.value("weighted-mean"), rel=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "size is missing: into which parts?"),
        ({"size": 0}, "size is 0, expected a whole number of 1 or more"),
        ({"size": 2, "shuffle": -1}, "shuffle is -1, expected a whole number of 0 or more"),
        ({"size": (3, 5)}, "size 3,5 adds up to 8, but the batch has 7 items"),
        ({"size": (3, 4), "ranks": 2}, "size 3,4 cannot be dealt to 2 ranks"),
        (
            {"size": 3, "ranks": 2},
            "7 items dealt to 2 ranks in blocks of 3 give some ranks 2 parts and others 1: data parallel training "
            "waits for the missing ones",
        ),
    ],
)
def test_a_cut_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(WceError) as error:
        split(arguments.pop("size", None), **arguments, logits=LOGITS, labels=LABELS)
    assert error.value.args[0] == message


def test_too_many_parts_are_refused():
    with pytest.raises(WceError, match="1048577 parts are more than 1048576"):
        split(1, logits=np.broadcast_to(np.zeros(2), (2**20 + 1, 2)), labels=np.zeros(2**20 + 1, dtype=int))
