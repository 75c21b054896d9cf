"""Losses of loops over batches and over sequences, as people write them with torch: each is named by its own rule."""

import math

import numpy as np
import pytest

from tests.oracle import Rows
from tests.questions.identify import by_hand
from tests.questions.identify.batches import drawn
from wce_cli import identify, split
from wce_cli.batches.batch import Batch
from wce_cli.questions.identify import evaluation
from wce_cli.questions.identify.chance import prior_of
from wce_cli.questions.identify.evaluation import Evaluation, case_of
from wce_cli.questions.identify.number import printed_number
from wce_cli.questions.identify.rules import Rule, rules
from wce_cli.questions.identify.separate import separating
from wce_cli.questions.identify.space import Space, is_explained

torch = pytest.importorskip("torch")
F = torch.nn.functional

C = 5


def given(n, seed=0, *, weighted=True, ignored=0.2, inner=0):
    """A batch of `n` rows, or of `n` sequences of `inner` of them."""
    rng = np.random.default_rng(seed)
    shape = (n, inner) if inner else (n,)
    x, y = rng.normal(size=(n, C, *shape[1:])) * 2, rng.integers(0, C, shape)
    y[rng.random(shape) < ignored] = -100
    fields = {"logits": x, "labels": y}
    return fields | {"weight": rng.uniform(0.2, 2, C).round(3)} if weighted else fields


def losses_of(fields, **how):
    weight = fields.get("weight")
    x, y = torch.tensor(fields["logits"]), torch.tensor(fields["labels"])
    w = None if weight is None else torch.tensor(weight)
    return lambda start, stop: F.cross_entropy(x[start:stop], y[start:stop], w, **how)


def means(fields, size, divide="weights"):
    """The losses of a loop over batches of `size`, as a DataLoader cuts them."""
    n = len(fields["labels"])
    cuts = [(start, min(start + size, n)) for start in range(0, n, size)]
    if divide == "weights":
        return [losses_of(fields)(*cut).item() for cut in cuts]
    sums = [losses_of(fields, reduction="sum")(*cut).item() for cut in cuts]
    rows = [fields["labels"][slice(*cut)] for cut in cuts]
    return [one / (row.size if divide == "rows" else (row != -100).sum()) for one, row in zip(sums, rows, strict=True)]


def first(value, fields, digits=6):
    (number,) = identify(f"{value:.{digits}g}", **fields).numbers
    return number.matches[0]


@pytest.mark.parametrize(("n", "size"), [(8, 5), (8, 3), (7, 4), (11, 8), (13, 6), (48, 32), (60, 20), (100, 64)])
def test_a_loop_over_batches_of_an_everyday_size_is_one_departure(n, size):
    fields = given(n, seed=n)
    match = first(np.mean(means(fields, size)), fields, 8)
    assert (match.title, match.departures) == (
        f"the mean of the weighted means of batches of {size}",
        (f"batches-of-{size}",),
    )


@pytest.mark.parametrize(("n", "size"), [(50, 12), (100, 48), (333, 100), (1000, 700), (4096, 4000)])
def test_a_loop_over_batches_of_any_size_is_found_where_nothing_simpler_fits(n, size):
    fields = given(n, seed=2)
    match = first(np.mean(means(fields, size)), fields, 8)
    assert match.departures == (f"batches-of-{size}", "any-size")


@pytest.mark.parametrize("size", [5, 3, 6])
def test_plain_means_of_uneven_batches(size):
    """`reduction='none'` and `.mean()` a batch."""
    fields = given(8, seed=7)
    match = first(np.mean(means(fields, size, "rows")), fields)
    assert match.title == f"the mean of the means Σt/N of batches of {size}"
    match = first(np.mean(means(fields, size, "kept")), fields)
    assert match.title == f"the mean of the means Σt/N kept of batches of {size}"


@pytest.mark.parametrize(("size", "n"), [(5, 8), (2, 8), (32, 100), (7, 14)])
def test_accumulation_that_is_not_divided_is_a_sum_of_means(size, n):
    fields = given(n, seed=7)
    match = first(sum(means(fields, size)), fields, 8)
    assert match.title == f"the sum of the weighted means of batches of {size}, not divided by how many there are"


@pytest.mark.parametrize("k", [2, 3, 4, 8, 16])
def test_a_standard_loss_times_so_many_processes_or_over_them(k):
    fields = given(9, seed=k)
    value = losses_of(fields)(0, 9).item()
    assert first(k * value, fields).title == f"weighted-mean; times {k}, as with {k} processes or steps"
    assert first(value / k, fields).title == f"weighted-mean; divided by {k}, as with {k} processes or steps"


ITEMS = "items (sequences, images)"


def test_the_mean_over_sequences_of_each_ones_own_mean():
    """A loop over sequences, of which some keep more tokens than others."""
    fields = given(5, seed=3, weighted=False, inner=7, ignored=0.4)
    title = f"the mean over {ITEMS} of each one's own mean, Σt / Σw"
    assert first(np.mean(means(fields, 1)), fields).title == title
    fields = given(5, seed=3, inner=7, ignored=0.4)
    assert first(np.mean(means(fields, 1)), fields).title == title
    match = first(np.mean(means(fields, 1, "kept")), fields)
    assert match.title == f"the mean over {ITEMS} of each one's own mean, Σt / N kept"


@pytest.mark.parametrize(("size", "divide", "many"), [(2, "weights", "weighted means"), (3, "rows", "means Σt/N")])
def test_batches_of_so_many_sequences(size, divide, many):
    fields = given(7, seed=4, inner=6)
    match = first(np.mean(means(fields, size, divide)), fields)
    assert match.title == f"the mean of the {many} of batches of {size} {ITEMS}"
    match = first(sum(means(fields, size, divide)), fields)
    assert match.title == f"the sum of the {many} of batches of {size} {ITEMS}, not divided by how many there are"


@pytest.mark.parametrize(("shape", "smoothing"), [((6, 4), 0.0), ((5, 4, 3), 0.0), ((6, 4), 0.1)], ids=str)
@pytest.mark.parametrize("sampled", [False, True])
def test_every_rule_of_a_batch_with_items_gives_what_the_plain_loop_gives(shape, smoothing, sampled):
    rng = np.random.default_rng(6)
    n, inner, c = math.prod(shape), math.prod(shape[1:]), 4
    scores, labels = rng.normal(size=(n, c)) * 2, rng.integers(0, c, n)
    labels[[1, 2, 9]] = -100
    weight, s = rng.uniform(0.2, 2, c).round(3), rng.uniform(0.2, 2, n).round(3) if sampled else None
    batch = Batch.build(
        logits=np.moveaxis(scores.reshape(*shape, c), -1, 1),
        labels=labels.reshape(shape),
        weight=weight,
        sample_weight=None if s is None else s.reshape(shape),
        label_smoothing=smoothing,
    )
    literal = Rows(
        scores.tolist(), labels.tolist(), weight.tolist(), None if s is None else s.tolist(), smoothing=smoothing
    )
    listed = [rule for rule in rules(case_of(batch), 1) if not rule.pairing]
    every, found = Evaluation(batch, listed), set()
    with np.errstate(all="ignore"):
        for rule in listed:
            got = every.value(rule)
            if got is None:
                continue
            found.add(rule.method)
            parts = rule.reading, rule.entry, rule.smoothing, rule.twist
            expected = by_hand.value(literal, rule.method, rule.placement, *parts, inner)
            assert got == pytest.approx(expected, rel=1e-9, nan_ok=True), rule
    assert {"batches-of-1-items", "kept-means-of-1-items", "sum-of-batches-of-2-items", "batches-of-3"} <= found
    assert not {f"batches-of-{inner}", "means-of-1-items", f"batches-of-{2 * inner}"} & found  # the items say it


@pytest.mark.parametrize("how", [{}, {"label_smoothing": 0.1}, {"weight": None}], ids=str)
def test_sequences_of_a_batch_too_large_to_keep_have_the_same_rules(monkeypatch, how):
    """Their sums are made by the pass over all rows."""
    fields = given(6, seed=8, inner=9) | how
    batch = Batch.build(**fields)
    listed = [rule for rule in rules(case_of(batch), 1) if rule.method.endswith("-items")]
    kept = Evaluation(batch, listed)
    values = [kept.value(rule) for rule in listed]
    monkeypatch.setattr(evaluation, "KEPT_SCORES", 0)
    assert [rule for rule in rules(case_of(batch), 1) if rule.method.endswith("-items")] == listed
    assert [Evaluation(batch, listed).value(rule) for rule in listed] == pytest.approx(values, rel=1e-12)
    value = np.mean(means(fields, 1)) if not how.get("label_smoothing") else values[0]
    assert first(value, fields).title == f"the mean over {ITEMS} of each one's own mean, Σt / Σw"


@pytest.mark.parametrize("fields", [{}, {"sampled": True}, {"smoothing": 0.1}, {"is_soft": True}], ids=str)
def test_parts_of_every_size_give_what_the_plain_loop_gives(fields):
    batch, literal = drawn(n=41, extreme=False, **fields)
    space = Space(batch, 1)
    positions = np.flatnonzero(space.any_size)
    some = [space.rule(position) for position in positions.tolist()]
    sizes = {int(rule.method.rpartition("-")[2]) for rule in some}
    assert sizes == set(range(2, 41)) - {2, 4, 8, 16, 32, 21, 11}
    for rule, value in zip(some, space.values[positions], strict=True):
        expected = by_hand.value(literal, rule.method, rule.placement, "", "", "", "")
        assert value == pytest.approx(expected, rel=1e-10), rule
        assert space.evaluation.value(rule) == pytest.approx(expected, rel=1e-10), rule


def test_a_loop_over_batches_is_not_hidden_behind_a_mean_with_its_last_digit_one_off():
    for seed in range(200):
        fields = given(16, seed=seed)
        value, mean = np.mean(means(fields, 4)), losses_of(fields)(0, 16).item()
        if 0.6e-4 < abs(value - mean) < 1.4e-4:
            break
    (number,) = identify(f"{value:.4f}", **fields).numbers
    assert number.matches[0].departures == ("batches-of-4",)
    assert ("weighted-mean", True) in [(match.method, match.is_off) for match in number.simplest]


def test_thousands_of_sizes_leave_the_simpler_rules_their_chance():
    space = Space(Batch.build(**given(4096, seed=1)), 1)
    *usual, last = space.chances(printed_number("2.4531"))
    assert [one.any_size for one in (*usual, last)] == [False, False, False, True]
    assert usual[1].chance < 0.02
    assert last.chance > 5 * usual[-1].chance
    assert last.rules - usual[1].rules > 10_000


@pytest.mark.parametrize(("n", "text"), [(41, "1.854"), (41, "1.8543"), (200, "1.8543")])
def test_the_chance_of_any_size_is_what_happens_to_numbers_drawn_from_the_prior(n, text):
    space, number = Space(drawn(n=n, c=3, extreme=False)[0], 1), printed_number(text)
    last = space.chances(number)[-1]
    assert last.any_size
    lo, hi = prior_of(number.value, number.unit)
    decimals = len(text.partition(".")[2])
    draws = 4000
    texts = [f"{u:.{decimals}f}" for u in np.random.default_rng(n).uniform(lo, hi, draws)]
    explained = {one: is_explained(space, printed_number(one)) for one in dict.fromkeys(texts)}
    happened = np.mean([explained[one] for one in texts])
    assert abs(happened - last.chance) < 4 * math.sqrt(last.chance / draws)


@pytest.mark.parametrize("rule", [Rule("batches-of-2-items", "class"), Rule("kept-means-of-1-items", "class")])
def test_tied_rules_over_sequences_are_separated_by_sequences(rule):
    fields = given(4, seed=1, inner=3, ignored=0.0)
    fields["labels"][0, 0] = -100
    batch = Batch.build(**fields)
    tied = [Rule("weighted-mean", "class"), Rule("batch-mean", "class"), rule]
    apart = separating(batch, tied)
    assert apart.inseparable == ()
    again = Batch.build(**apart.batch)
    assert again.sample_shape[1] == 4
    values = [Evaluation(again, tied).value(one) for one in tied]
    assert values == [value for _, value in apart.values]
    assert len({f"{value:.3e}" for value in values}) == 3


@pytest.mark.parametrize("inner", [0, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ranks", [2, 4, 8])
@pytest.mark.parametrize("kept", [None, 0])
def test_items_dealt_to_ranks_in_turn(monkeypatch, ranks, weighted, inner, kept):
    """What averaging over processes gives, of which each has every second item, as `split --ranks 2` prints it."""
    if kept is not None:
        monkeypatch.setattr(evaluation, "KEPT_SCORES", kept)
    fields = given(27, seed=7, weighted=weighted, inner=inner)
    x, y = torch.tensor(fields["logits"]), torch.tensor(fields["labels"])
    w = torch.tensor(fields["weight"]) if weighted else None
    mean = sum(F.cross_entropy(x[rank::ranks], y[rank::ranks], w).item() for rank in range(ranks)) / ranks
    if kept == 0 and not inner:  # neither rows nor items are at hand
        assert f"dealt-to-{ranks}" not in {rule.method for rule in rules(case_of(Batch.build(**fields)), 1)}
        return
    match = first(mean, fields, digits=7)
    assert (match.method, match.departures) == (f"dealt-to-{ranks}", (f"dealt-to-{ranks}",))
    assert match.title == f"the mean over {ranks} ranks, items dealt in turn"
    row = split(**fields, ranks=ranks).method("weighted-mean")
    assert row.mean_of_parts == pytest.approx(mean, rel=1e-12)
