"""What a function may bring along, to be tried with every rule: what was read in it, and what its answers imply."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import structs

from wce_cli.answers.audit import Own
from wce_cli.loss.methods import UNWEIGHTED
from wce_cli.questions.audit.parent.observe import Observed
from wce_cli.questions.audit.parent.values import values_on
from wce_cli.questions.audit.probes import MOST_CLASSES, PLAIN, SQUARE_ZERO, Offers, Probe, first_samples, fitted
from wce_cli.questions.identify.rules import Rule

WIDTH = 4
"""The most classes that a batch has where a function takes any number of them."""
SAME = 1e-4
"""Relative: weights nearer than this to one number are that number."""


def owns_of(observed: Observed, offers: Offers) -> list[Own]:
    """Nothing but the label it skips first; then the weights and the smoothings, one alone, then two together."""
    assert observed.ready is not None
    plain = offers.own
    found = observed.ready.carried
    width = offers.classes or WIDTH
    read = [weight for weight in found.weights if len(weight) >= width and (len(weight) == width or not offers.classes)]
    weights = [structs.replace(plain, weight=weight) for weight in read]
    if not offers.weight:
        known = [_scaled(weight, width) for weight in read]
        weights += [one for one in _inferred(observed, offers, plain) if _scaled(one.weight or (), width) not in known]
    smoothings = [structs.replace(plain, smoothing=smoothing) for smoothing in found.smoothings]
    both = [structs.replace(one, smoothing=smoothing) for one in weights[:2] for smoothing in found.smoothings[:2]]
    is_class = plain.ignore_index in range(offers.classes or len(PLAIN.logits[0]))
    others = [structs.replace(plain, ignore_index=None)] if is_class else []
    factors = [structs.replace(plain, factor=factor) for factor in found.factors]
    return [plain, *weights, *smoothings, *factors, *both, *others]


def _scaled(weight: tuple[float, ...], width: int) -> tuple[float, ...]:
    """Weights up to a factor, to be compared."""
    return tuple(round(w / max(weight[:width]), 4) for w in weight[:width])


def _inferred(observed: Observed, offers: Offers, plain: Own) -> Iterator[Own]:
    """The weights that the first samples of one batch imply, a class more at a time: under a sum or a mean over the
    samples, and under one by the weights, where they are known up to a factor."""
    bare = structs.replace(offers, own=plain)
    probe = fitted(SQUARE_ZERO, bare)
    parts = [*first_samples(probe, MOST_CLASSES), probe]
    answers = [observed.answers.get(part.name) for part in parts]
    values = [answer.values for answer in answers if answer is not None and answer.values]
    if len(values) < len(parts) or sorted(probe.labels) != list(range(len(parts))):
        return
    losses = [_loss(part, bare) for part in parts]
    if len(values[-1]) == len(losses):
        found = [[value / loss for value, loss in zip(values[-1], losses, strict=True)]]
    elif all(len(one) == 1 for one in values):
        numbers = [one[0] for one in values]
        found = [_of_sums(numbers, losses), _of_means(numbers, losses), _of_weighted_means(numbers, losses)]
    else:
        return
    digits = 5 if any(answer is not None and answer.narrowed for answer in answers) else 9
    for made in found:
        weights = [made[probe.labels.index(label)] for label in range(len(parts))]
        if all(math.isfinite(w) and w > -SAME for w in weights) and max(weights) - min(weights) > SAME * max(weights):
            rounded = tuple(float(f"{w:.{digits}g}") if w > SAME * max(weights) else 0.0 for w in weights)
            yield structs.replace(plain, weight=rounded, is_inferred=True)


def _of_sums(numbers: list[float], losses: list[float]) -> list[float]:
    """S_k − S_(k−1) = w_k·ℓ_k"""
    return [(now - before) / loss for before, now, loss in zip([0.0, *numbers], numbers, losses, strict=False)]


def _of_means(numbers: list[float], losses: list[float]) -> list[float]:
    """k·M_k is a sum."""
    return _of_sums([number * (k + 1) for k, number in enumerate(numbers)], losses)


def _of_weighted_means(numbers: list[float], losses: list[float]) -> list[float]:
    """L_k = (A + w_k·ℓ_k) / (W + w_k), solved for w_k; the least is 1."""
    above, below, made = losses[0], 1.0, [1.0]
    for number, loss in zip(numbers[1:], losses[1:], strict=True):
        w = (number * below - above) / (loss - number) if loss != number else math.inf
        above, below = above + w * loss, below + w
        made.append(w)
    least = min((w for w in made if w > SAME), default=1.0)
    return [w / least for w in made]


def _loss(probe: Probe, offers: Offers) -> float:
    """The loss of the last sample of a batch, without weights."""
    last = structs.replace(probe, logits=probe.logits[-1:], labels=probe.labels[-1:], weight=None)
    value = values_on(last, offers, [Rule(UNWEIGHTED, "class")])[0]
    return math.nan if value is None else float(value)
