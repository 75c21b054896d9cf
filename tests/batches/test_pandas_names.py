"""What pandas names is taken by its name: the same numbers as the arrays that are meant."""

from __future__ import annotations

import numpy as np
import pytest

from wce_cli import explain
from wce_cli.errors import WceError

pd = pytest.importorskip("pandas")

LABELS = ["cat", "dog", "dog", "owl", "dog"]
INDEX = [0, 1, 1, 2, 1]
X = np.array([[0.1, 0.9, 0.3], [0, 0.1, 2], [1, 0, -1], [0.3, 0.2, 0.5], [2, 1, 0]])
WEIGHT = [1.0, 1 / 3, 1.0]
CLASSES = ["cat", "dog", "owl"]
MEANT = explain(logits=X, labels=INDEX, weight=WEIGHT, engines=()).value("weighted-mean")
BY_POSITION = explain(logits=X, labels=INDEX, weight=[1 / 3, 1, 1], engines=()).value("weighted-mean")


def value(**given):
    return explain(**{"logits": X, "labels": LABELS, "classes": CLASSES, **given}, engines=()).value("weighted-mean")


def test_a_series_of_weights_is_a_mapping_by_its_index():
    weight = 1 / pd.Series(LABELS).value_counts()
    assert weight.index[0] == "dog"
    assert MEANT != BY_POSITION
    assert value(weight=weight) == MEANT
    numbered = 1 / pd.Series(INDEX).value_counts()
    assert numbered.index[0] == 1
    assert value(weight=numbered, labels=INDEX, classes=None) == MEANT
    assert value(weight=numbered, labels=INDEX) == MEANT  # though the classes have names


def test_an_index_that_only_counts_says_nothing():
    assert value(weight=pd.Series(WEIGHT)) == MEANT
    assert value(labels=pd.Series(LABELS, index=[9, 7, 5, 3, 1]), weight=WEIGHT) == MEANT
    assert value(logits=pd.DataFrame(X), weight=pd.Series(WEIGHT)) == MEANT


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 0, 2], [0, 1, 2]])
def test_the_columns_of_a_frame_are_found_by_the_names_of_the_classes(order):
    frame = pd.DataFrame(X[:, order], columns=[CLASSES[c] for c in order])
    mapping = dict(zip(CLASSES, WEIGHT, strict=True))
    assert value(logits=frame, weight=WEIGHT) == MEANT
    assert value(logits=frame, weight=mapping, classes=None) == MEANT
    assert value(logits=frame, weight=pd.Series(mapping), classes=None, labels=pd.Series(LABELS)) == MEANT
    own = [WEIGHT[c] for c in order]
    assert value(logits=frame, weight=own, classes=None) == MEANT  # a vector is in the order of the columns
    numbered = pd.DataFrame(X[:, order], columns=order)
    assert value(logits=numbered, weight=WEIGHT, labels=INDEX, classes=None) == MEANT
    assert value(logits=numbered.rename(columns=str), weight=WEIGHT, labels=INDEX, classes=None) == MEANT


def test_columns_that_are_no_classes_are_taken_by_position():
    frame = pd.DataFrame(X, columns=["out_a", "out_b", "out_c"])
    assert value(logits=frame, weight=WEIGHT) == MEANT
    assert value(logits=frame, weight=WEIGHT, labels=INDEX, classes=None) == MEANT


def test_some_of_the_names_and_a_name_twice_are_refused():
    with pytest.raises(WceError, match="logits has a column 'cat' and none for 'cow', which classes name too"):
        value(logits=pd.DataFrame(X, columns=CLASSES), labels=INDEX, classes=["cat", "cow", "owl"])
    with pytest.raises(WceError, match="weight has 'dog' twice in its index"):
        value(weight=pd.Series([1.0, 2, 3], index=["cat", "dog", "dog"]))


def test_columns_behind_what_they_all_begin_with_and_numbered_from_1_are_found_as_those_of_a_file():
    order = [2, 0, 1]
    prefixed = pd.DataFrame(X[:, order], columns=[f"p_{CLASSES[c]}" for c in order])
    assert value(logits=prefixed, weight=WEIGHT) == MEANT
    counted = pd.DataFrame(X[:, order], columns=[f"class{c + 1}" for c in order])
    assert value(logits=counted, weight=WEIGHT, labels=INDEX, classes=None) == MEANT
    for wrong in (5, "cat"):
        with pytest.raises(WceError, match="classes must be a list of names"):
            value(logits=prefixed, labels=INDEX, classes=wrong)
