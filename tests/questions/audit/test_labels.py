"""What a function does with labels: shifted, ignored, counted, taken for a class; each against the batch itself."""

from __future__ import annotations

import pytest

from tests.questions.audit.inside import audited_here
from wce_cli.answers.audit import IGNORED, verdict
from wce_cli.questions.audit.probes import PLAIN, Offers, steps
from wce_cli.questions.audit.rows.labelled import HIGH, LOW, PLACES, REVERSED, SHIFTED, of_classes, probes

torch = pytest.importorskip("torch")
F = torch.nn.functional


def said(answer, name: str) -> tuple[str, str] | None:
    row = answer.row(name)
    return None if row is None else (row.verdict, row.said)


def wrong(answer) -> dict[str, str]:
    return {row.name: row.said for row in answer.rows if row.verdict == "wrong"}


OWN_WAY = {
    "next_token": "computes weighted-mean; labels shifted by one",
    "next_token_of_a_sequence": "computes unweighted-mean; labels shifted by one",
    "next_token_each": "computes ℓ of each sample; labels shifted by one",
    "next_token_numpy": "computes unweighted-mean; labels shifted by one",
    "next_token_padded": "computes unweighted-mean; labels shifted by one; class 0 is ignored",
    "next_token_focal": "follows none of the known rules; labels shifted by one",
    "padded": "computes weighted-mean; class 0 is ignored",
    "padded_by_hand": "computes unweighted-mean; class 0 is ignored",
    "last_is_padding": "computes unweighted-mean; class 2 is ignored",
    "padded_over_all": "computes batch-mean; class 0 is ignored",
    "padded_focal": "follows none of the known rules; class 0 is ignored",
}


@pytest.mark.parametrize(("name", "expected"), OWN_WAY.items(), ids=list(OWN_WAY))
def test_a_way_of_its_own_is_named_and_not_accused(name, expected):
    answer = audited_here(f"labels.py:{name}")
    assert verdict(answer).partition("; nearest")[0] == expected
    assert {name: said_ for name, said_ in wrong(answer).items() if name not in ("label C", "ignore_index")} == {}
    for row in ("largest logit", "lowest logits", "largest gap"):
        assert answer.row(row).said.startswith("finite")
    assert not any("logsumexp" in line for line in answer.advice)
    assert [row for row in answer.rows if row.verdict == "ok" and "nan" in row.said] == []


@pytest.mark.parametrize("name", ["padded", "padded_over_all", "padded_by_hand"])
def test_what_is_said_of_an_ignored_class_is_what_the_batch_without_it_gives(name):
    answer = audited_here(f"labels.py:{name}")
    is_counted = name == "padded_over_all"
    assert said(answer, "class 0") == (
        "note",
        "is ignored: its rows " + ("add nothing, but are counted in N" if is_counted else "are left out"),
    )


@pytest.mark.parametrize(
    "name", ["a_constant", "worst_two_thirds", "best_half", "counted_in_n", "clamped", "zero_row", "focal_that_ignores"]
)
def test_no_way_of_its_own_is_seen_where_there_is_none(name):
    assert audited_here(f"labels.py:{name}").labels == ""


def test_a_function_of_shifted_labels_is_shown_the_batch_that_it_is_given():
    probe = audited_here("labels.py:next_token_focal").own.departs.probe
    assert len(probe["labels"]) == len(probe["logits"]) == 2
    answer = audited_here("labels.py:next_token", expect="weighted-mean")
    assert answer.is_expected
    assert answer.row("batch of one").probe["labels"] == [0, 0]


def test_what_needs_more_than_one_row_is_searched_with_more():
    answer = audited_here("labels.py:needs_two_rows")
    assert said(answer, "largest logit") == ("ok", "finite and right up to 1e6")
    assert said(answer, "batch of one") == ("wrong", "nan, not 1.85709")


IGNORE = {
    "smooth": ("ok", "label −100 is left out"),
    "focal_that_ignores": ("ok", "label −100 is left out"),
    "next_token": ("ok", "label −100 is left out"),
    "HalfIgnored": ("wrong", "label −100 is not left out: 1.40758, and 1.40299 without its rows"),
    "half_ignored_by_default_not": (
        "wrong",
        "label −100 is left out, but not with label_smoothing 0.2: 1.38968, and 1.38049 without its rows",
    ),
    "counted_in_n": ("note", "label −100 adds nothing, but is counted in N"),
    "zero_row": ("note", "label −100 adds nothing, but is counted in N"),
    "clamped": ("wrong", "none: label −100 counts as class 0: 1.3964, no error"),
    "python_index": ("note", "none: label −100 is an error (IndexError)"),
    "next_token_each": ("ok", "label −100 is left out"),
    "padded": ("note", "label −100 is an error (IndexError)"),
}


@pytest.mark.parametrize(("name", "expected"), IGNORE.items(), ids=list(IGNORE))
def test_label_minus_100_is_judged_without_a_rule(name, expected):
    assert said(audited_here(f"labels.py:{name}"), "ignore_index") == expected


def test_the_numbers_beside_it_are_those_of_the_batches():
    probe = audited_here("labels.py:HalfIgnored").row("ignore_index").probe
    x, y = torch.tensor(probe["logits"], dtype=torch.float64), torch.tensor(probe["labels"])
    kept = y != IGNORED

    def loss(x, y, of_all):
        return 0.1 * -of_all.log_softmax(1).mean() + 0.9 * F.cross_entropy(x, y)

    values = [loss(x, y, x).item(), loss(x[kept], y[kept], x[kept]).item()]
    text = audited_here("labels.py:HalfIgnored").row("ignore_index").said
    assert [f"{value:.6g}" for value in values] == [word for word in text.replace(",", "").split() if "." in word]


NO_CLASS = {
    ("zero_row", "label C"): ("note", "adds nothing, no error"),
    ("clamped", "label C"): ("wrong", "counts as class 2: 1.31307, no error"),
    ("clamped", "label −1"): ("note", "counts as class 0: 1.3964, no error"),
    ("python_index", "label −1"): ("note", "counts as class 2: 1.31307, no error"),
    ("padded", "label C"): ("ok", "an error (IndexError)"),
    ("void_is_255", "label 255"): ("note", "is left out"),
    ("padded", "label 255"): None,
    ("clamped", "label 255"): None,
}


@pytest.mark.parametrize(("asked", "expected"), NO_CLASS.items(), ids=map(" ".join, NO_CLASS))
def test_a_label_that_is_no_class(asked, expected):
    assert said(audited_here(f"labels.py:{asked[0]}"), asked[1]) == expected


def test_the_batches_differ_in_what_they_are_for():
    for probe in of_classes(Offers()):
        if probe.name.endswith(("moved", "raised")):
            continue
        (moved,) = [one for one in of_classes(Offers()) if one.name == f"{probe.name}, moved"]
        assert moved.labels == probe.labels
        assert [n for n in range(6) if moved.logits[n] != probe.logits[n]] == list(PLACES)
        for n, score in zip(PLACES, (LOW, HIGH), strict=True):
            losses = F.cross_entropy(torch.tensor(moved.logits), torch.tensor(moved.labels), reduction="none")
            assert losses[n] == (losses.max() if score == LOW else losses.min())
        (raised,) = [one for one in of_classes(Offers()) if one.name == f"{probe.name}, raised"]
        assert [raised.logits[n].index(max(raised.logits[n])) for n in PLACES] == [raised.labels[n] for n in PLACES]
    pairs = [list(zip(one.logits, one.labels, strict=True)) for one in (PLAIN, REVERSED)]
    assert sorted(pairs[0]) == sorted(pairs[1])
    shifted = [list(zip(one.logits[:-1], one.labels[1:], strict=True)) for one in (PLAIN, SHIFTED)]
    assert sorted(shifted[0]) == sorted(shifted[1])
    assert SHIFTED.labels[0] != PLAIN.labels[0]
    offers = Offers(smoothing=True)
    names = [step.name for step in (*steps(offers), *probes(offers), *of_classes(offers))]
    assert len(set(names)) == len(names)
