"""The table of known losses, held to the signatures of the frameworks and to what their reductions return."""

from __future__ import annotations

import pytest

from tests.criteria.real import ARE_INSTALLED, signature
from wce_cli.criteria.known import KNOWN
from wce_cli.loss.methods import METHODS
from wce_cli.loss.placements import PLACEMENTS

DEPRECATED = "deprecated"
"""What scikit-learn has as the default of y_pred."""

needs_all = pytest.mark.skipif(not ARE_INSTALLED, reason="a framework is not installed")


@needs_all
@pytest.mark.parametrize("name", KNOWN)
def test_the_parameters_are_those_of_the_framework(name):
    row = KNOWN[name]
    own = row.called if row.is_function else row.made
    module, theirs = signature(name, row.package, "" if row.is_function else "__init__")
    assert module.partition(".")[0] == row.package
    assert [one.name for one in own] == [one for one, _, _ in theirs]
    assert [one.by_name_only for one in own] == [by_name_only for _, _, by_name_only in theirs]
    for one, (_, default, _) in zip(own, theirs, strict=True):
        if one.means and default != DEPRECATED:
            assert one.default == default, one.name


@needs_all
@pytest.mark.parametrize("name", [name for name, row in KNOWN.items() if not row.is_function])
def test_an_object_is_called_with_what_the_framework_calls_it_with(name):
    row = KNOWN[name]
    _, theirs = signature(name, row.package, "forward" if row.package == "torch" else "__call__")
    assert [one.name for one in row.called] == [one for one, _, _ in theirs]


@pytest.mark.parametrize("name", KNOWN)
def test_every_reduction_is_a_pair_that_there_is(name):
    row = KNOWN[name]
    assert row.reduction in row.reductions
    for reduction in row.reductions:
        for is_soft in (False, True):
            for is_ignoring in (False, True):
                pair = row.pair(reduction, is_soft=is_soft, is_ignoring=is_ignoring)
                method, _, placement = (pair or "sum").partition("/")
                assert method in METHODS
                assert (placement or "class") in PLACEMENTS
    assert set(row.soft) | set(row.ignoring) <= set(row.reductions)
