import numpy as np
import pytest

from tests.questions.identify.others import OTHERS, batch_of, number_of
from wce_cli.answers.identify import Change
from wce_cli.batches.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.passes.one_pass import one_pass
from wce_cli.questions.identify import NumbersAsked, identify_batch, matching
from wce_cli.questions.identify.keystrokes import keystrokes
from wce_cli.questions.identify.number import printed_number
from wce_cli.questions.identify.slips import changes

SOFT = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.5, 0.25, 0.25]]
GIVEN = {
    "logits": [[1.25, 0.31, -0.62], [0.48, 1.93, 0.77], [-0.36, 0.29, 1.14], [2.1, 0.4, 0.2]],
    "labels": [0, 2, 1, -100],
    "weight": [0.35, 1.85, 0.62],
}


def value_of(pair: str, **fields) -> float:
    batch = Batch.build(**fields)
    spec = batch.spec
    values = loss_values(one_pass(batch)[0], spec.class_weight, spec.label_smoothing)
    return next(value.value for value in values if value.pair == pair)


def changed(field: str, place: tuple[int, ...], to: float) -> dict:
    fields = {name: np.array(value).copy() for name, value in GIVEN.items()}
    fields[field] = fields[field].astype(type(to) if field == "labels" else float)
    fields[field][place] = to
    return {name: value.tolist() for name, value in fields.items()}


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("pair", ["weighted-mean/class", "batch-mean/class"])
@pytest.mark.parametrize(
    ("field", "place", "to"),
    [
        ("logits", (0, 0), 1.52),  # two digits swapped
        ("logits", (1, 2), -0.77),  # the sign
        ("logits", (2, 1), 0.2),  # a digit missing
        ("weight", (1,), 1.35),  # one digit
        ("labels", (1,), 0),
    ],
)
def test_one_slip_of_the_hand_is_found_and_what_it_should_be(field, place, to, pair, smoothing):
    """The number comes from a batch with one input otherwise: that input is named, with its value there."""
    number = printed_number(f"{value_of(pair, **changed(field, place, to), label_smoothing=smoothing):.8f}", 1e-7)
    batch = Batch.build(**GIVEN, label_smoothing=smoothing)
    found = changes(batch, number)
    name = field + "".join(f"[{index}]" for index in place)
    assert (name, to, True) in [(one.place, one.changed, one.is_slip) for one in found]


def test_a_change_gives_the_number():
    """Every change that is named is put into the batch, and the rule that is named gives the number then."""
    meant = changed("logits", (0, 0), 1.28)
    number = printed_number(f"{value_of('sum/class', **meant):.7f}")
    found = changes(Batch.build(**GIVEN), number)
    assert found
    for one in found:
        assert one.chance < 0.01
        field, _, rest = one.place.partition("[")
        place = tuple(int(index) for index in rest.rstrip("]").split("]["))
        pair = one.rule if "/" in one.rule else f"{one.rule}/class"
        to = int(one.changed) if field == "labels" else one.changed
        assert value_of(pair, **changed(field, place, to)) == pytest.approx(number.value, abs=number.tolerance * 1.001)


def test_a_digit_of_the_number_itself_may_be_wrong():
    value = value_of("batch-mean/class", **GIVEN)
    text = f"{value:.7f}"
    wrong = text[:-2] + str((int(text[-2]) + 3) % 10) + text[-1]
    first = changes(Batch.build(**GIVEN), printed_number(wrong))[0]
    assert (first.place, first.changed, first.rule) == ("the number", float(text), "batch-mean")


@pytest.mark.parametrize("eps", [0.05, 0.1, 0.2])
@pytest.mark.parametrize(("reduction", "pair"), [("mean", "weighted-mean"), ("none", "batch-mean"), ("sum", "sum")])
def test_a_number_of_torchs_with_a_smoothing_that_was_not_given_is_explained_by_it(eps, reduction, pair):
    torch = pytest.importorskip("torch")
    inputs = torch.tensor(GIVEN["logits"]), torch.tensor(GIVEN["labels"])
    call = torch.nn.functional.cross_entropy
    loss = call(*inputs, torch.tensor(GIVEN["weight"]), reduction=reduction, label_smoothing=eps).mean()
    for given in (0.0, 0.3):
        first = changes(Batch.build(**GIVEN, label_smoothing=given), printed_number(f"{loss.item():.5f}"))[0]
        assert (first.place, first.given, first.changed, first.rule) == ("label_smoothing", given, eps, pair)


def test_a_batch_too_large_for_slips_is_asked_for_its_smoothing():
    rng = np.random.default_rng(3)
    fields = {"logits": rng.normal(size=(400, 9)), "labels": rng.integers(0, 9, 400), "weight": rng.uniform(0.1, 3, 9)}
    number = printed_number(f"{value_of('batch-mean/class', **fields, label_smoothing=0.1):.6f}")
    (change,) = changes(Batch.build(**fields), number)
    assert (change.place, change.rule) == ("label_smoothing", "batch-mean")
    assert changes(Batch.build(**fields), printed_number("1.234567")) == ()


def test_keystrokes():
    assert {-0.31, 0.13, 0.3, 0.331, 0.41, 0.39} <= keystrokes(0.31)
    assert keystrokes(0.31).isdisjoint({0.31, 3.1, 0.031, 310.0})  # nobody moves a point by the slip of a finger
    assert keystrokes(-2.0) >= {2.0, -3.0, -22.0}
    assert keystrokes(-2.0).isdisjoint({-2.0, -0.2, -20.0})
    assert keystrokes(0.0) >= {5.0}
    assert keystrokes(0.123456789) == keystrokes(np.nan) == set()  # from a machine
    assert keystrokes(float(np.float32(0.31))) == keystrokes(0.31)


def rate(numbers, fields) -> float:
    """Of numbers that mean nothing, the part that is accused of a slip."""
    batch = Batch.build(**fields)
    return float(np.mean([any(one.is_slip for one in changes(batch, printed_number(text))) for text in numbers]))


@pytest.mark.parametrize("kind", ["logits", "probs", "log_probs"])
def test_of_numbers_that_mean_nothing_few_are_accused_and_no_short_ones(kind):
    """8 × 4 scores have some thousand keystrokes: they would fit about every second number of three decimals."""
    rng = np.random.default_rng(11)
    logits = rng.normal(size=(8, 4)).round(4)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores = {"logits": logits, "probs": p.round(3), "log_probs": np.log(p).round(3)}[kind]
    fields = {kind: scores.tolist(), "labels": rng.integers(0, 4, 8).tolist(), "weight": [0.5, 1.25, 2.0, 0.75]}
    drawn = rng.uniform(0.8, 2.5, 60)
    assert rate([f"{u:.3f}" for u in drawn], fields) == 0
    assert rate([f"{u:.5f}" for u in drawn], fields) <= 0.04
    assert rate([f"{u:.7f}" for u in drawn], fields) <= 0.04


@pytest.mark.parametrize("text", ["0.1466", "0.8123", "1.234", "2.919"])
def test_a_number_of_four_digits_has_no_slip(text):
    """Whatever its batch; `0.1466` was once said to be 0.6466 mistyped."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        fields = {"logits": rng.normal(size=(4, 3)).round(4).tolist(), "labels": [0, 1, 2, 1], "weight": [1, 2, 3]}
        assert not any(one.is_slip for one in changes(Batch.build(**fields), printed_number(text)))


@pytest.mark.parametrize("given", [0.9466, 0.8127, 0.7355, 0.9041])
def test_a_digit_more_makes_it_a_slip_that_is_said(given):
    """One sample of two classes: few rules, so that even a number of four digits would find hardly any change."""
    fields = {"logits": [[float(-np.log(np.expm1(given))), 0.0]], "labels": [0]}
    batch, value = Batch.build(**fields), value_of("batch-mean/class", **fields)
    wrong = [f"0.5{f'{value:.{decimals}f}'[3:]}" for decimals in (4, 7)]
    short, long = (changes(batch, printed_number(text)) for text in wrong)
    assert short == ()
    assert (long[0].place, long[0].changed) == ("the number", pytest.approx(given, abs=5e-8))


@pytest.mark.parametrize(
    ("kind", "rows", "place", "to"),
    [
        ("probs", [[0.3, 0.3, 0.4], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]], (0, 0), 0.8),  # its row would sum to 1.5
        ("probs", [[0.3, 0.3, 0.4], [0.2, 0.5, 0.3], [0.1, 0.1, 0.9]], (2, 2), 0.9999),
        ("log_probs", [[-1.2, -1.1, -1.0], [-0.5, -1.5, -1.7], [-2.0, -0.3, -2.1]], (1, 0), 0.5),
        ("log_probs", [[-1.2, -1.1, -1.0], [-0.5, -1.5, -1.7], [-2.0, -0.3, -2.1]], (0, 0), -9.2),
    ],
)
def test_what_no_score_can_be_is_not_proposed(kind, rows, place, to):
    """The number is right for the changed score, which is no probability, or leaves its row further from 1."""
    fields = {kind: rows, "labels": [0, 0, 2], "weight": [1.5, 0.7, 2.2]}
    changed_rows = np.array(rows)
    changed_rows[place] = to
    value = value_of("batch-mean/class", **{**fields, kind: changed_rows.tolist()})
    name = f"{kind}[{place[0]}][{place[1]}]"
    found = changes(Batch.build(**fields), printed_number(f"{value:.9f}", 1e-9))
    assert name not in [one.place for one in found]


def test_a_probability_that_brings_its_row_to_1_is_proposed():
    fields = {"probs": [[0.3, 0.3, 0.4], [0.7, 0.5, 0.3], [0.1, 0.1, 0.8]], "labels": [0, 0, 2]}
    meant = {**fields, "probs": [[0.3, 0.3, 0.4], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]}
    value = value_of("batch-mean/class", **meant)
    (one,) = changes(Batch.build(**fields), printed_number(f"{value:.9f}", 1e-9))
    assert (one.place, one.given, one.changed) == ("probs[1][0]", 0.7, 0.2)


@pytest.mark.parametrize("decimals", [3, 4, 6])
def test_other_peoples_numbers_are_not_accused(decimals):
    """The chance is that of any change: at most one in a hundred finds one, and it says so."""
    found, tried = 0, 0
    for seed in range(6):
        fields = batch_of(np.random.default_rng(seed))
        fields = {name: value[:8] if name != "weight" else value for name, value in fields.items()}
        texts = [f"{number_of(loss, fields):.{decimals}f}" for loss in OTHERS.values()]
        numbers = identify_batch(Batch.build(**fields), NumbersAsked(tuple(map(printed_number, texts)))).numbers
        tried += len(numbers)
        found += sum(bool(number.changes) for number in numbers)
        assert all(0 <= one.chance < 0.01 for number in numbers for one in number.changes)
    assert found <= 0.01 * tried + 3


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("placement", "below"), [("class", "w·q"), ("sample", "w·q"), ("class", "w[argmax q]")])
def test_an_implied_denominator_is_an_answer_and_silences_slips(seed, placement, below):
    """Probability labels, a sum of one placement over the weights of another."""
    rng = np.random.default_rng(seed)
    x, w, q = rng.normal(size=(3, 3)).round(2), rng.uniform(0.3, 3, 3).round(1), np.array(SOFT)
    losses = -(x - np.log(np.exp(x).sum(axis=1, keepdims=True)))
    by_label = w[q.argmax(axis=1)]
    above = (w * q * losses).sum() if placement == "class" else (by_label * (q * losses).sum(axis=1)).sum()
    divisor = (q @ w).sum() if below == "w·q" else by_label.sum()
    (number,) = identify_batch(
        Batch.build(logits=x, labels=SOFT, weight=w), NumbersAsked((printed_number(f"{above / divisor:.6f}"),))
    ).numbers
    assert f"Σt / Σ {below}" in number.simplest[0].title
    assert number.changes == ()


@pytest.mark.parametrize("divisor", ["N of class 1", "Σℓ over Σ w[y]"])
def test_a_denominator_that_no_rule_has_is_said_and_silences_slips(divisor, monkeypatch):
    slip = Change("logits[0][0]", 1.25, 1.35, "sum", True, 0.001)
    monkeypatch.setattr(matching, "changes", lambda *_: (slip,))
    (other,) = identify_batch(Batch.build(**GIVEN), NumbersAsked((printed_number("0.9137123"),))).numbers
    assert other.changes == (slip,)
    batch = Batch.build(**GIVEN)
    if divisor == "N of class 1":
        fields = {**GIVEN, "logits": GIVEN["logits"] * 2, "labels": [0, 1, 1, 1, 1, 1, 2, 0]}
        batch = Batch.build(**fields)
        value, name = value_of("sum/class", **fields) / 5, "N of class 1"
    else:
        value, name = value_of("unweighted-mean/class", **GIVEN) * 3 / (0.35 + 0.62 + 1.85), "Σ w[y]"
    (number,) = identify_batch(batch, NumbersAsked((printed_number(f"{value:.7f}"),))).numbers
    assert not number.matches
    (telling,) = [one for one in number.implied if one.is_telling]
    assert name in [one.name for one in telling.equals]
    assert number.changes == ()


def test_a_large_batch_has_too_many_places_for_a_slip():
    rng = np.random.default_rng(1)
    batch = Batch.build(logits=rng.normal(size=(100, 10)), labels=rng.integers(0, 10, 100))
    assert identify_batch(batch, NumbersAsked((printed_number("7.123456789"),))).numbers[0].changes == ()
