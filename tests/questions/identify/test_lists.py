import numpy as np
import pytest

from tests.questions.identify.batches import drawn
from wce_cli import WceError, identify
from wce_cli.questions.identify import evaluation, lists

torch = pytest.importorskip("torch")
F = torch.nn.functional

rng = np.random.default_rng(5)
X = rng.normal(size=(5, 3)).round(2)
Y = [0, 2, 1, 2, -100]
W = [0.3, 1.7, 0.9]
GIVEN = {"logits": X.tolist(), "labels": Y, "weight": W}


def gradient(loss_of, x=X) -> list[str]:
    logits = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    loss_of(logits).backward()
    return [f"{value:.6f}" for value in logits.grad.flatten().tolist()]


def w() -> "torch.Tensor":
    return torch.tensor(W, dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss_of", "title", "departures"),
    [
        (lambda x: F.cross_entropy(x, torch.tensor(Y), w()), "weighted-mean", ()),
        (lambda x: F.cross_entropy(x, torch.tensor(Y), w(), reduction="none").mean(), "batch-mean", ()),
        (lambda x: F.cross_entropy(x, torch.tensor(Y)), "unweighted-mean", ()),
        (
            lambda x: F.cross_entropy(F.softmax(x, 1), torch.tensor(Y), w()),
            "weighted-mean; softmax of the probabilities: they were passed as logits",
            ("softmax-twice",),
        ),
        (
            lambda x: F.cross_entropy(x, torch.tensor(Y), w().flip(0), reduction="sum"),
            "sum; weights in reversed order, w[C−1−y]",
            ("reversed",),
        ),
    ],
)
def test_torchs_own_gradient_names_its_rule(loss_of, title, departures):
    (found,) = identify(gradients=gradient(loss_of), **GIVEN).lists
    assert (found.matches[0].title, found.matches[0].departures) == (title, departures)


@pytest.mark.parametrize("placement", ["class", "sample", "label-mix"])
def test_the_gradient_tells_the_placements_of_smoothing_apart(placement):
    y = torch.tensor(Y)

    def loss_of(x):
        if placement == "class":
            return F.cross_entropy(x, y, w(), label_smoothing=0.1)
        losses = F.cross_entropy(x, y, label_smoothing=0.1, reduction="none")
        of_label = w()[y.clamp(min=0)]
        weight = torch.where(y >= 0, of_label if placement == "sample" else 0.9 * of_label + 0.1 * w().mean(), 0.0)
        return (weight * losses).sum() / weight.sum()

    (found,) = identify(gradients=gradient(loss_of), label_smoothing=0.1, **GIVEN).lists
    assert found.matches[0].title == ("weighted-mean" if placement == "class" else f"weighted-mean/{placement}")


def test_losses_weighted_and_not():
    y = torch.tensor(Y)
    weighted = F.cross_entropy(torch.tensor(X), y, w(), reduction="none").tolist()
    plain = F.cross_entropy(torch.tensor(X), y, reduction="none").tolist()
    assert identify(losses=[f"{v:.5f}" for v in weighted], **GIVEN).lists[0].matches[0].title == "w·ℓ of each sample"
    (found,) = identify(losses=[f"{v:.5f}" for v in plain], **GIVEN).lists
    assert found.matches[0].title == "ℓ of each sample, not weighted"
    kept = [f"{v:.5f}" for v in weighted[:-1]]  # the ignored sample left out
    assert identify(losses=kept, **GIVEN).lists[0].matches[0].title == "w·ℓ of each sample"


def test_every_class_of_every_sample():
    p = torch.softmax(torch.tensor(X), 1)
    assert (
        identify(losses=[f"{v:.4f}" for v in p.flatten().tolist()], **GIVEN).lists[0].matches[0].title
        == "p of every class"
    )
    twice = torch.softmax(p, 1).flatten().tolist()
    (found,) = identify(losses=[f"{v:.4f}" for v in twice], **GIVEN).lists
    assert found.matches[0].departures == ("softmax-twice",)


def test_one_factor_common_to_all():
    losses = F.cross_entropy(torch.tensor(X), torch.tensor(Y), w(), reduction="none")
    (found,) = identify(losses=[f"{20 * v:.5f}" for v in losses.tolist()], **GIVEN).lists
    assert (found.matches[0].title, found.matches[0].factor) == ("w·ℓ of each sample, all times 20", 20.0)


def test_a_list_that_nothing_gives_says_so():
    answer = identify(losses=["1.0", "2.0", "3.0", "4.0", "5.0"], **GIVEN)
    assert not answer.is_complete
    assert answer.lists[0].reason.startswith("no rule gives all of the list")


@pytest.mark.parametrize("given", [{"losses": ["1.0", "2.0"]}, {"gradients": ["1.0", "2.0"]}])
def test_a_list_of_another_length_is_refused(given):
    with pytest.raises(WceError, match=r"the list has 2 numbers, the batch has 5 samples|there are 2 gradients"):
        identify(**given, **GIVEN)


def test_gradients_are_those_of_logits():
    _, literal = drawn("probs")
    with pytest.raises(WceError, match="gradients are those of logits"):
        identify(gradients=["0"] * 44, probs=literal.scores, labels=literal.labels)


XS = rng.normal(size=(4, 3, 6)).round(2)
YS = rng.integers(0, 3, (4, 6))
YS[0, 2:], YS[2, 5] = -100, -100
SEQUENCES = {"logits": XS.tolist(), "labels": YS.tolist()}
OF_ITEMS = "of each item (sequence, image)"


def of_sequences(divide, weight=None) -> list[str]:
    losses = F.cross_entropy(torch.tensor(XS), torch.tensor(YS), weight, reduction="none")
    kept = torch.tensor(YS) != -100
    weights = torch.ones(YS.shape) if weight is None else weight[torch.tensor(YS).clamp(min=0)]
    return [
        f"{(row.sum() / divide(row, k, s)).item():.5f}" for row, k, s in zip(losses, kept, weights * kept, strict=True)
    ]


@pytest.mark.parametrize(
    ("divide", "divided", "weighted"),
    [
        (lambda row, kept, w: 1, "", " w"),
        (lambda row, kept, w: len(row), " / N", " w"),
        (lambda row, kept, w: kept.sum(), " / N kept", " w"),
        (lambda row, kept, w: w.sum(), " / N kept", " / Σw"),
    ],
)
def test_one_loss_a_sequence(divide, divided, weighted):
    found = identify(losses=of_sequences(divide), **SEQUENCES).lists[0].matches
    assert found[0].title == f"Σ ℓ{divided} {OF_ITEMS}"
    found = identify(losses=of_sequences(divide, w()), weight=W, **SEQUENCES).lists[0].matches
    assert found[0].title == f"Σ w·ℓ{weighted if '/' in weighted else divided} {OF_ITEMS}"
    plain = identify(losses=of_sequences(divide), weight=W, **SEQUENCES).lists[0].matches
    assert plain[0].title == f"Σ ℓ{divided} {OF_ITEMS}, not weighted"


def test_one_loss_a_sequence_by_another_reading():
    losses = F.cross_entropy(torch.softmax(torch.tensor(XS), 1), torch.tensor(YS), reduction="none").sum(1)
    (found,) = identify(losses=[f"{v:.5f}" for v in losses.tolist()], **SEQUENCES).lists
    assert found.matches[0].departures == ("softmax-twice",)
    assert found.matches[0].title.startswith(f"Σ ℓ {OF_ITEMS}; softmax of the probabilities")


def test_one_loss_a_sequence_of_a_batch_too_large_to_keep(monkeypatch):
    monkeypatch.setattr(evaluation, "KEPT_SCORES", 0)
    monkeypatch.setattr(lists, "KEPT_SCORES", 0)
    losses = of_sequences(lambda row, kept, w: kept.sum(), w())
    (found,) = identify(losses=losses, weight=W, **SEQUENCES).lists
    assert found.matches[0].title == f"Σ w·ℓ / N kept {OF_ITEMS}"
    with pytest.raises(WceError, match="lists are identified for batches of up to"):
        identify(losses=["1.0"] * 24, **SEQUENCES)


def test_a_sequence_without_a_loss_leaves_the_others_theirs():
    """nan of a sequence of which all is ignored, ∞ of one with a masked label."""
    x, y = XS.copy(), YS.copy()
    y[1], x[2, y[2, 0], 0] = -100, -np.inf
    losses = F.cross_entropy(torch.tensor(x), torch.tensor(y), reduction="none").sum(1).numpy()
    with np.errstate(invalid="ignore"):
        own = losses / (y != -100).sum(axis=1)
    (found,) = identify(losses=[f"{v:.5f}" for v in own], logits=x, labels=y).lists
    assert found.matches[0].title == f"Σ ℓ / N kept {OF_ITEMS}"


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("shift", [False, True])
def test_the_gradient_of_sequences_as_backward_leaves_it(axis, shift):
    """`x.grad` has the axes of x, and zeros where a shift drops the scores."""
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(3, 5, 4)), requires_grad=True)
    y = torch.tensor(rng.integers(0, 4, (3, 5)))
    kept, ahead = (x[:, :-1], y[:, 1:]) if shift else (x, y)
    torch.nn.functional.cross_entropy(kept.reshape(-1, 4), ahead.reshape(-1)).backward()
    scores = np.moveaxis(x.detach().numpy(), 2, axis)
    given = {"logits": scores, "labels": y.numpy(), "shift": shift, "class_axis": axis}
    grad = np.moveaxis(x.grad.numpy(), 2, axis)
    left = np.moveaxis(x.grad[:, :-1].numpy() if shift else x.grad.numpy(), 2, axis)
    for gradients in (grad, left, x.grad.numpy()):
        (found,) = identify(gradients=gradients, **given).lists
        assert (found.count, found.matches[0].title) == (gradients.size, "weighted-mean")
    if shift:
        (found,) = identify(gradients=grad + 1e-3, **given).lists
        assert found.matches == ()
        assert "where gradients are not 0" in found.reason
        with pytest.raises(WceError, match=r"expected one for each logit: 12 × 4 = 48, or 60 before the shift"):
            identify(gradients=grad.ravel()[1:], **given)
