"""Plain documents by stacks: the values of each, as it has them by itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wce_cli.batches.batch import Batch
from wce_cli.inputs.fast_lines import plain_documents
from wce_cli.loss.methods import METHODS
from wce_cli.questions.explain.of_batch import explain_batch
from wce_cli.questions.lines.values import plain_values

PAIRS = [(one.name, placement) for one in METHODS.values() if not one.by_item for placement in one.placements]
"""All of them are defined for index labels."""
FIELDS = ("logits", "log_probs", "probs", "labels", "weight", "sample_weight", "ignore_index")


def documents(rng: np.random.Generator, n: int) -> list[dict[str, object]]:
    """Documents of all plain kinds, and some that have something rare about them."""
    made: list[dict[str, object]] = []
    for k in range(n):
        c, rows = int(rng.choice([1, 2, 2, 3, 9, 20])), int(rng.choice([1, 2, 3, 9, 30]))
        kind = str(rng.choice(["logits", "logits", "logits", "log_probs", "probs"]))
        scores = rng.standard_normal((rows, c)) * rng.choice([0.1, 1, 1, 40, 900])
        if kind == "probs" or rng.random() < 0.1:
            scores = rng.dirichlet(np.ones(c), size=rows)
        if kind == "log_probs":
            totals = np.logaddexp.reduce(scores, axis=1, keepdims=True)
            scores = scores - totals if rng.random() < 0.9 else -np.abs(scores)
        labels = rng.integers(c, size=rows)
        labels[rng.random(rows) < rng.choice([0, 0, 0.3, 1])] = (ignored := int(rng.choice([-100, 255])))
        document: dict[str, object] = {kind: scores.tolist(), "labels": labels.tolist()}
        if (labels == 255).any() or rng.random() < 0.1:
            document["ignore_index"] = ignored
        if rng.random() < 0.7:
            document["weight"] = rng.choice([0, 1, 1, 0.1, 2.5, -1], size=c).tolist()
        if rng.random() < 0.3:
            document["sample_weight"] = rng.choice([0, 1, 0.5, -2.0], size=rows).tolist()
        if rng.random() < 0.3:
            document |= {"name": f"n{k}", "source": "here"}
        made.append(document)
    return made


def alone(document: dict[str, object], weight: list[float] | None) -> Batch:
    fields = {key: document[key] for key in FIELDS if key in document}
    return Batch.build(**fields if weight is None else {**fields, "weight": weight})


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_values_are_those_of_the_report(seed, n):
    made = documents(np.random.default_rng(seed), n)
    found = plain_values(plain_documents([json.dumps(document).encode() for document in made]), None, PAIRS)
    for document, values in zip(made, found, strict=True):
        report = explain_batch(alone(document, None))
        assert values is not None
        assert [repr(value) for value in values] == [repr(report.value("/".join(pair))) for pair in PAIRS]


def test_a_weight_that_was_typed_takes_the_place_of_each():
    made = [
        document for document in documents(np.random.default_rng(3), 80) if len(next(iter(document.values()))[0]) == 3
    ]
    plain = plain_documents([json.dumps(document).encode() for document in made])
    typed = [0.5, 2.0, 3.0]
    values = plain_values(plain, typed, [("weighted-mean", "class")])
    assert len(values) > 2
    for document, value in zip(made, values, strict=True):
        expected = explain_batch(alone(document, typed))
        assert value is not None
        assert repr(value[0]) == repr(expected.value("weighted-mean"))


@pytest.mark.parametrize(
    "odd",
    [
        '{"labels": [0]}',
        '{"logits": [[1, 2]]}',
        '{"logits": [[1, 2]], "probs": [[0.5, 0.5]], "labels": [0]}',
        '{"logits": [[1, 2], [1]], "labels": [0, 0]}',
        '{"logits": [], "labels": []}',
        '{"logits": [[]], "labels": [0]}',
        '{"logits": [[1, 2]], "labels": [2]}',
        '{"logits": [[1, 2]], "labels": [-1]}',
        '{"logits": [[1, 2]], "labels": [0, 1]}',
        '{"logits": [[1, 2]], "labels": [0], "weight": [1]}',
        '{"logits": [[1, 2]], "labels": [0], "sample_weight": [1, 2]}',
        '{"logits": [[1, 2]], "labels": [0], "label_smoothing": 0.1}',
        '{"logits": [[1, 2]], "labels": [99999999999999999999]}',
        '{"logits": [[1, 2]], "labels": [0], "ignore_index": 99999999999999999999}',
        '{"probs": [[1.5, 0.5]], "labels": [0]}',
        '{"logits": [[1e308, -1e308]], "labels": [1]}',
        '{"logits": [[1, 2]], "labels": [0], "reported": ["x"]}',
    ],
)
def test_what_is_wrong_or_odd_is_left_to_be_asked_by_itself(odd):
    good = b'{"logits": [[1, 2]], "labels": [0]}'
    plain = plain_documents([good, odd.encode(), good])
    values = plain_values(plain, None, [("sum", "class")])
    assert values[1] is None
    assert values[0] == values[2] == [explain_batch(Batch.build(logits=[[1, 2]], labels=[0])).value("sum")]


def test_weights_beyond_all_numbers_are_an_answer_and_no_warning():
    document = {"logits": [[1, 2], [2, 1]], "labels": [0, 1], "weight": [1e300, 2], "sample_weight": [1e10, 1]}
    (plain,) = plain_documents([json.dumps(document).encode()])
    assert plain_values([plain], None, [("sum", "class")]) == [[np.inf]]
    assert explain_batch(alone(document, None)).value("sum") == np.inf
