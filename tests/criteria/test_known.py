"""The table of known losses, held to the signatures of the frameworks and to what their reductions return."""

from __future__ import annotations

import inspect
import os
from importlib import import_module

import pytest

from wce_cli.criteria.known import KNOWN, REQUIRED
from wce_cli.loss.methods import METHODS
from wce_cli.loss.placements import PLACEMENTS

HOMES = {"torch": ("torch.nn", "torch.nn.functional"), "keras": ("keras.losses",), "sklearn": ("sklearn.metrics",)}
HOMES |= {"optax": ("optax",)}
DEPRECATED = "deprecated"
"""What scikit-learn has as the default of y_pred."""


def real(name: str):
    """The class or the function itself."""
    package = KNOWN[name].package
    pytest.importorskip(package)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return next(found for home in HOMES[package] if (found := getattr(import_module(home), name, None)) is not None)


@pytest.mark.parametrize("name", KNOWN)
def test_the_parameters_are_those_of_the_framework(name):
    row, found = KNOWN[name], real(name)
    own = row.called if row.is_function else row.made
    signature = inspect.signature(found if row.is_function else found.__init__)
    theirs = [one for one in signature.parameters.values() if one.name != "self"]
    assert [one.name for one in own] == [one.name for one in theirs]
    assert [one.by_name_only for one in own] == [one.kind is one.KEYWORD_ONLY for one in theirs]
    for one, other in zip(own, theirs, strict=True):
        if other.default is other.empty:
            assert one.default == REQUIRED
        elif one.means and other.default != DEPRECATED:
            assert one.default == other.default, one.name


@pytest.mark.parametrize("name", [name for name, row in KNOWN.items() if not row.is_function])
def test_an_object_is_called_with_what_the_framework_calls_it_with(name):
    row, found = KNOWN[name], real(name)
    call = inspect.signature(found.forward if row.package == "torch" else found.__call__)
    assert [one.name for one in row.called] == [one for one in call.parameters if one != "self"]


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


@pytest.mark.parametrize("name", KNOWN)
def test_its_module_begins_with_its_package(name):
    found = real(name)
    module = found.__module__ or type(found).__module__
    assert module.partition(".")[0] == KNOWN[name].package
