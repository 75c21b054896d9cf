"""Findings about labels that are off by a position, held to plain loops and to models that were trained on them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.findings.said import f, findings_of, message
from wce_cli.batches.batch import Batch
from wce_cli.loss.fact_kinds import BesideNeighbour
from wce_cli.passes import paired_labels
from wce_cli.passes.one_pass import one_pass

AHEAD, BEHIND = "labels-not-shifted", "labels-shifted-twice"
IGNORED = -100


def minus_log_p(row: np.ndarray) -> np.ndarray:
    return np.log(np.exp(row - row.max()).sum()) + row.max() - row


def by_loop(x: np.ndarray, y: np.ndarray, rows: int) -> tuple[list[float], list[float], list[float], list[float]]:
    """Own and other losses of the positions beside the label behind them, then of those beside the label before.

    x (N, C, T), y (N, T); positions within the first `rows`.
    """
    own_ahead, ahead, own_behind, behind = [], [], [], []
    steps = y.shape[1]
    for n in range(len(y)):
        for t in range(steps - 1):
            if n * steps + t + 1 >= rows or IGNORED in (y[n, t], y[n, t + 1]):
                continue
            here, following = minus_log_p(x[n, :, t]), minus_log_p(x[n, :, t + 1])
            own_ahead.append(here[y[n, t]])
            ahead.append(here[y[n, t + 1]])
            own_behind.append(following[y[n, t + 1]])
            behind.append(following[y[n, t]])
    return own_ahead, ahead, own_behind, behind


def random_sequences(seed: int, n: int = 4, c: int = 6, steps: int = 9) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(c, size=(n, steps))
    y[rng.random(y.shape) < 0.2] = IGNORED
    return rng.normal(size=(n, c, steps)) * 3, y


@pytest.mark.parametrize("kind", ["logits", "log_probs", "probs"])
@pytest.mark.parametrize(("n", "c", "steps", "rows"), [(4, 6, 9, 10**9), (40, 30, 50, 10**9), (4, 6, 9, 20)])
def test_the_facts_are_those_of_a_plain_loop(kind, n, c, steps, rows, monkeypatch):
    x, y = random_sequences(3, n, c, steps)
    monkeypatch.setattr(paired_labels, "MOST_ROWS", min(rows, 10**6))
    given = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    scores = {"logits": x, "log_probs": given, "probs": np.exp(given)}[kind]
    facts = one_pass(Batch.build(**{kind: scores}, labels=y))[1]
    own_ahead, ahead, own_behind, behind = by_loop(x, y, rows)
    for found, own, other in ((facts.labels_ahead, own_ahead, ahead), (facts.labels_behind, own_behind, behind)):
        gain = np.subtract(own, other)
        expected = BesideNeighbour(len(own), sum(own), sum(other), float((gain**2).sum()))
        assert found.positions == expected.positions
        np.testing.assert_allclose(
            [found.own, found.other, found.squares], [expected.own, expected.other, expected.squares], rtol=1e-12
        )
        deviations = gain.mean() / (gain.std(ddof=1) / math.sqrt(len(gain)))
        assert found.deviations == pytest.approx(deviations, rel=1e-9)


def test_positions_do_not_depend_on_the_layout_or_on_the_workers():
    x, y = random_sequences(5, 40, 30, 50)
    layouts = [x, np.asfortranarray(x), np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1)]
    facts = [one_pass(Batch.build(logits=one, labels=y), workers=k)[1] for one in layouts for k in (1, 2)]
    assert facts[0].labels_ahead.positions > 1000
    for one in facts[1:]:
        for mine, first in ((one.labels_ahead, facts[0].labels_ahead), (one.labels_behind, facts[0].labels_behind)):
            assert mine.positions == first.positions
            np.testing.assert_allclose([mine.own, mine.other], [first.own, first.other], rtol=1e-12)


def test_only_sequences_of_index_labels_have_neighbours():
    rng = np.random.default_rng(0)
    flat = {"logits": rng.normal(size=(50, 3)), "labels": rng.integers(3, size=50)}
    images = {"logits": rng.normal(size=(2, 3, 5, 5)), "labels": rng.integers(3, size=(2, 5, 5))}
    soft = {"logits": rng.normal(size=(2, 3, 9)), "labels": rng.dirichlet(np.ones(3), size=(2, 9)).transpose(0, 2, 1)}
    for given in (flat, images, soft):
        facts = one_pass(Batch.build(**given))[1]
        assert facts.labels_ahead == facts.labels_behind == BesideNeighbour()


def test_what_is_masked_has_no_part_in_it():
    x, y = random_sequences(8)
    x[0, :, 3] = -np.inf
    x[1, y[1, 2] if y[1, 2] != IGNORED else 0, 1:4] = -np.inf
    facts = one_pass(Batch.build(logits=x, labels=y))[1]
    assert all(math.isfinite(one) for one in (facts.labels_ahead.own, facts.labels_ahead.other))
    assert 0 < facts.labels_ahead.positions < len(by_loop(x, y, 10**9)[0])


def walk(rng: np.random.Generator, chain: np.ndarray, n: int, steps: int) -> np.ndarray:
    """Sequences of a Markov chain."""
    found = np.zeros((n, steps), dtype=int)
    found[:, 0] = rng.integers(len(chain), size=n)
    for t in range(1, steps):
        for i in range(n):
            found[i, t] = rng.choice(len(chain), p=chain[found[i, t - 1]])
    return found


def a_chain(rng: np.random.Generator, c: int) -> np.ndarray:
    """Chances of the next token that are far from even, and none of the same once more."""
    chain = rng.dirichlet(np.full(c, 0.15), size=c) + 0.02 / c
    np.fill_diagonal(chain, 1e-3)
    return chain / chain.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("c", [8, 40])
def test_a_model_of_the_next_token_beside_its_own_input_is_seen(c):
    """The best model of a Markov chain: its scores at t are the chances of the token at t + 1."""
    rng = np.random.default_rng(c)
    chain = a_chain(rng, c)
    tokens = walk(rng, chain, 6, 40)
    x = np.log(chain[tokens]).transpose(0, 2, 1)
    own_ahead, ahead, _, _ = by_loop(x, tokens, 10**9)
    assert message(AHEAD, {"logits": x, "labels": tokens}) == (
        f"the scores fit the label one position later far better than the one beside them: over {6 * 39} positions "
        f"the mean of −log p is {f(np.mean(ahead))} for it and {f(np.mean(own_ahead))} for their own"
    )
    shifted = {"logits": x[:, :, :-1], "labels": tokens[:, 1:]}
    assert not {AHEAD, BEHIND} & findings_of(shifted).keys()
    twice_x, twice_y = x[:, :, :-2], tokens[:, 2:]
    _, _, own_behind, behind = by_loop(twice_x, twice_y, 10**9)
    assert message(BEHIND, {"logits": twice_x, "labels": twice_y}) == (
        f"the scores fit the label one position earlier far better than the one beside them: over {6 * 37} positions "
        f"the mean of −log p is {f(np.mean(behind))} for it and {f(np.mean(own_behind))} for their own"
    )
    assert message(AHEAD, {"logits": twice_x, "labels": twice_y}) is None


def test_a_trained_network_is_seen_and_an_untrained_one_is_not():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    c = 12
    rng = np.random.default_rng(0)
    tokens = torch.from_numpy(walk(rng, a_chain(rng, c), 8, 24))
    model = torch.nn.Sequential(torch.nn.Embedding(c, 16), torch.nn.Linear(16, c))
    steps = torch.optim.Adam(model.parameters(), 0.05)

    def said() -> set[str]:
        with torch.no_grad():
            scores = model(tokens).transpose(1, 2)
        unshifted = findings_of({"logits": scores, "labels": tokens}).keys()
        shifted = findings_of({"logits": scores[:, :, :-1], "labels": tokens[:, 1:]}).keys()
        twice = findings_of({"logits": scores[:, :, :-2], "labels": tokens[:, 2:]}).keys()
        kinds = {"unshifted": unshifted, "shifted": shifted, "twice": twice}
        return {f"{kind} {code}" for kind, found in kinds.items() for code in found if code in (AHEAD, BEHIND)}

    assert said() == set()
    for _ in range(200):
        steps.zero_grad()
        torch.nn.functional.cross_entropy(model(tokens)[:, :-1].transpose(1, 2), tokens[:, 1:]).backward()
        steps.step()
    assert said() == {f"unshifted {AHEAD}", f"twice {BEHIND}"}


def tagged(rng: np.random.Generator, c: int, stay: float, n: int = 6, steps: int = 40) -> np.ndarray:
    """Labels that mostly stay what they are, as tags and frames do."""
    y = rng.integers(c, size=(n, steps))
    for t in range(1, steps):
        y[:, t] = np.where(rng.random(n) < stay, y[:, t - 1], y[:, t])
    return y


@pytest.mark.parametrize("seed", range(40))
def test_what_is_no_shift_is_not_said_to_be_one(seed):
    """Noise, tags that were learnt, and learnt wrongly, one guess for all positions, and mixtures of them."""
    rng = np.random.default_rng(seed)
    c = int(rng.integers(2, 30))
    y = tagged(rng, c, float(rng.choice([0, 0.5, 0.95])))
    own = 6.0 * (np.arange(c)[None, :, None] == y[:, None, :])
    noise = rng.normal(size=own.shape) * float(rng.choice([0.1, 1, 10]))
    guess = rng.normal(size=(1, c, 1)) * 5
    wrong = own[:, rng.permutation(c)]
    for x in (noise, own, own + noise, guess + np.zeros_like(own), guess + noise, wrong, wrong + noise, -own):
        assert not {AHEAD, BEHIND} & findings_of({"logits": x, "labels": y}).keys()


def test_few_positions_say_nothing():
    y = np.arange(13)[None, :] % 3
    x = 5.0 * (np.arange(3)[None, :, None] == np.roll(y, -1)[:, None, :])
    assert message(AHEAD, {"logits": x, "labels": y}) is not None
    assert message(AHEAD, {"logits": x[:, :, :12], "labels": y[:, :12]}) is None
