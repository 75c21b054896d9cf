"""A class is named or counted; what is no range is refused."""

from __future__ import annotations

import pytest

from tests.questions.batches import GIVEN
from wce_cli import WceError, sweep


def test_a_class_is_named_or_counted():
    named = {**GIVEN, "classes": ["a", "b", "7"]}
    assert sweep("b", **named).axis.index == sweep(1, **named).axis.index == 1
    assert sweep("7", **named).axis.index == 2
    for wrong, message in (("c", 'there is no class "c"'), (3, "there is no class 3"), (-1, "there is no class -1")):
        with pytest.raises(WceError) as error:
            sweep(wrong, **named)
        assert error.value.args[0] == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give exactly one of class_, smoothing and scale"),
        ({"class_": 0, "scale": True}, "give exactly one of class_, smoothing and scale"),
        ({"class_": 0, "start": 2}, "from 2 to 2 is no range, expected one that rises"),
        ({"class_": 0, "points": 1}, "1 points, expected 2 to 100000"),
        ({"class_": 0, "values": []}, "0 values, expected 1 to 100000"),
        ({"class_": 0, "values": [1, float("nan")]}, "the values hold nan or inf, expected numbers"),
        ({"smoothing": True, "stop": 1.5}, "a label smoothing of 1.0125, expected 0 to 1"),
    ],
)
def test_what_is_no_range_is_refused(arguments, message):
    with pytest.raises(WceError) as error:
        sweep(**arguments, **GIVEN)
    assert error.value.args[0] == message


def test_a_class_is_counted_as_labels_are():
    given = {"logits": [[1.0, 2, 0], [0, 1, 3], [2, 1, 0]], "weight": [1, 2, 3]}
    counted = sweep(2, labels=[1, 2, 3], label_base=1, **given)
    assert counted.axis.index == 1
    assert (
        counted.values("weighted-mean").tolist() == sweep(1, labels=[0, 1, 2], **given).values("weighted-mean").tolist()
    )
    for wrong in (0, 4):
        with pytest.raises(WceError, match=f"there is no class {wrong}") as caught:
            sweep(wrong, labels=[1, 2, 3], label_base=1, **given)
        assert caught.value.problems[0].hint == "classes are 1 to 3"
