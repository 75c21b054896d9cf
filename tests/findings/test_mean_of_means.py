"""mean-of-means, held to what PyTorch makes of the two pieces of code."""

from __future__ import annotations

import numpy as np
import pytest

from tests.findings.said import f, message


def drawn(lengths: list[int], positions: int, seed: int = 0) -> dict[str, object]:
    """Sequences of some lengths, padded."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=(len(lengths), positions))
    for item, length in enumerate(lengths):
        labels[item, length:] = -100
    return {"logits": rng.normal(size=(len(lengths), 4, positions)), "labels": labels}


def means(batch: dict[str, object]) -> tuple[float, float]:
    """The mean over all kept tokens, and the mean over sequences of each one's own, by torch."""
    torch = pytest.importorskip("torch")
    x, y = torch.tensor(batch["logits"]), torch.tensor(batch["labels"])
    w = None if "weight" not in batch else torch.tensor(batch["weight"], dtype=torch.float64)
    ask = torch.nn.functional.cross_entropy
    own = [ask(x[k].T, y[k], w) for k in range(len(y)) if (y[k] >= 0).any()]
    return ask(x, y, w).item(), torch.stack(own).mean().item()


@pytest.mark.parametrize("weight", [None, [0.5, 1.0, 2.0, 3.0]])
@pytest.mark.parametrize("lengths", [[3, 1], [5, 2, 4], [5, 5, 4, 1, 1, 1]])
def test_both_means_are_said_as_torch_returns_them(lengths, weight):
    batch = drawn(lengths, 5) | ({} if weight is None else {"weight": weight})
    mean, of_means = means(batch)
    assert message("mean-of-means", batch) == (
        f"the {len(lengths)} items keep {min(lengths)} to {max(lengths)} samples each: weighted-mean over all samples "
        f"is {f(mean)}, and the mean of the items' own weighted-mean is {f(of_means)}"
    )


def test_items_that_keep_as_many_may_weigh_differently():
    batch = drawn([5, 5, 5], 5) | {"weight": [0.5, 1.0, 2.0, 3.0]}
    mean, of_means = means(batch)
    assert message("mean-of-means", batch) == (
        "the 3 items keep 5 samples each, which do not weigh the same together: weighted-mean over all samples is "
        f"{f(mean)}, and the mean of the items' own weighted-mean is {f(of_means)}"
    )


@pytest.mark.parametrize(("empty", "told"), [(1, "1 item that keeps none"), (2, "2 items that keep none")])
def test_an_item_without_a_kept_sample_is_left_out_and_said_to_be(empty, told):
    batch = drawn([3, 1] + [0] * empty, 5)
    mean, of_means = means(batch)
    assert message("mean-of-means", batch) == (
        f"the {2 + empty} items keep 0 to 3 samples each: weighted-mean over all samples is {f(mean)}, and the mean of "
        f"the items' own weighted-mean is {f(of_means)}, without the {told}, whose own is 0/0"
    )


@pytest.mark.parametrize(
    "batch",
    [
        drawn([5, 5, 5], 5),  # all keep as many
        drawn([5, 0], 5),  # one has a mean
        drawn([1, 1, 0], 1),  # a sample is a row
        {"logits": np.zeros((3, 4, 5)), "labels": drawn([1, 3, 4], 5)["labels"]},  # the two are one number
        drawn([3, 1], 5) | {"weight": [0, 0, 0, 0]},
        drawn([3, 1], 5) | {"logits": np.full((2, 4, 5), np.nan)},
        {"logits": np.zeros((3, 4, 5)), "labels": np.full((3, 4, 5), 0.25)},
    ],
)
def test_nothing_is_said_where_there_is_no_other_mean(batch):
    assert message("mean-of-means", batch) is None


def test_images_are_items_too():
    rng = np.random.default_rng(1)
    labels = rng.integers(4, size=(3, 2, 5))
    labels[1, 0] = labels[2] = -100
    labels[2, 0, 0] = 1
    batch = {"logits": rng.normal(size=(3, 4, 2, 5)), "labels": labels}
    torch = pytest.importorskip("torch")
    x, y = torch.tensor(batch["logits"]), torch.tensor(labels)
    own = [torch.nn.functional.cross_entropy(x[k : k + 1], y[k : k + 1]).item() for k in range(3)]
    said = message("mean-of-means", batch)
    assert said is not None
    assert said.startswith("the 3 items keep 1 to 10 samples each: ")
    assert said.endswith(f"own weighted-mean is {f(sum(own) / 3)}")
