import numpy as np
import pytest

from wce_cli.loss.batch import Batch
from wce_cli.loss.methods import loss_values
from wce_cli.loss.stream import one_pass
from wce_cli.questions.identify import Asked, identify_batch
from wce_cli.questions.identify.number import seen
from wce_cli.questions.identify.slips import changes, keystrokes

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
        ("logits", (2, 1), 2.9),  # the decimal point
        ("weight", (1,), 1.35),  # one digit
        ("labels", (1,), 0),
    ],
)
def test_one_slip_of_the_hand_is_found_and_what_it_should_be(field, place, to, pair, smoothing):
    """The number comes from a batch with one input otherwise: that input is named, with its value there."""
    number = seen(f"{value_of(pair, **changed(field, place, to), label_smoothing=smoothing):.8f}", 1e-7)
    batch = Batch.build(**GIVEN, label_smoothing=smoothing)
    found = changes(batch, number)
    name = field + "".join(f"[{index}]" for index in place)
    assert (name, to, True) in [(one.place, one.changed, one.is_slip) for one in found]


def test_a_change_gives_the_number():
    """Every change that is named is put into the batch, and the rule that is named gives the number then."""
    number = seen("0.9137")
    found = changes(Batch.build(**GIVEN), number)
    assert found
    for one in found:
        field, _, rest = one.place.partition("[")
        if field == "the number":
            continue
        place = tuple(int(index) for index in rest.rstrip("]").split("]["))
        pair = one.rule if "/" in one.rule else f"{one.rule}/class"
        to = int(one.changed) if field == "labels" else one.changed
        assert value_of(pair, **changed(field, place, to)) == pytest.approx(number.value, abs=number.tolerance * 1.001)


def test_a_digit_of_the_number_itself_may_be_wrong():
    value = value_of("batch-mean/class", **GIVEN)
    text = f"{value:.4f}"
    wrong = text[:-2] + str((int(text[-2]) + 3) % 10) + text[-1]
    first = changes(Batch.build(**GIVEN), seen(wrong))[0]
    assert (first.place, first.changed, first.rule) == ("the number", float(text), "batch-mean")


@pytest.mark.parametrize("eps", [0.05, 0.1, 0.2])
@pytest.mark.parametrize(("reduction", "pair"), [("mean", "weighted-mean"), ("none", "batch-mean"), ("sum", "sum")])
def test_a_number_of_torchs_with_a_smoothing_that_was_not_given_is_explained_by_it(eps, reduction, pair):
    torch = pytest.importorskip("torch")
    inputs = torch.tensor(GIVEN["logits"]), torch.tensor(GIVEN["labels"])
    call = torch.nn.functional.cross_entropy
    loss = call(*inputs, torch.tensor(GIVEN["weight"]), reduction=reduction, label_smoothing=eps).mean()
    for given in (0.0, 0.3):
        first = changes(Batch.build(**GIVEN, label_smoothing=given), seen(f"{loss.item():.5f}"))[0]
        assert (first.place, first.given, first.changed, first.rule) == ("label_smoothing", given, eps, pair)


def test_a_batch_too_large_for_slips_is_asked_for_its_smoothing():
    rng = np.random.default_rng(3)
    fields = {"logits": rng.normal(size=(400, 9)), "labels": rng.integers(0, 9, 400), "weight": rng.uniform(0.1, 3, 9)}
    number = seen(f"{value_of('batch-mean/class', **fields, label_smoothing=0.1):.6f}")
    (change,) = changes(Batch.build(**fields), number)
    assert (change.place, change.rule) == ("label_smoothing", "batch-mean")
    assert changes(Batch.build(**fields), seen("1.234567")) == ()


def test_keystrokes():
    assert {-0.31, 3.1, 0.13, 0.3, 0.331, 0.41, 0.39} <= set(keystrokes(0.31))
    assert 0.31 not in set(keystrokes(0.31))
    assert set(keystrokes(-2.0)) >= {2.0, -3.0, -0.2, -20.0}


def test_a_large_batch_has_too_many_places_for_a_slip():
    rng = np.random.default_rng(1)
    batch = Batch.build(logits=rng.normal(size=(100, 10)), labels=rng.integers(0, 10, 100))
    assert identify_batch(batch, Asked((seen("7.123456789"),))).numbers[0].changes == ()
