"""How findings name classes, and the denominator of weighted-mean, in a message."""

from __future__ import annotations

from collections.abc import Sequence

from wce_cli.loss.batch import Spec
from wce_cli.loss.facts import Rows
from wce_cli.loss.methods import METHODS

NAMED = 3
"""Classes that a message names; it counts the rest."""


def class_name(spec: Spec, c: int) -> str:
    """`class 1`, or `class "cat"` where the classes have names."""
    return f"class {c}" if spec.class_names is None else f'class "{spec.class_names[c]}"'


def class_names(spec: Spec, classes: Sequence[int]) -> str:
    """`class 1`, `classes 1 and 4`, `classes 1, 4, 5 and 12 more`."""
    if len(classes) == 1:
        return class_name(spec, classes[0])
    names = [class_name(spec, c).removeprefix("class ") for c in classes[:NAMED]]
    if len(classes) > NAMED:
        names.append(f"{len(classes) - NAMED} more")
    return f"classes {listed(names)}"


def counted_rows(rows: Rows) -> str:
    """`sample 1`, `2 samples, the first is sample 1`."""
    return f"sample {rows.first}" if rows.count == 1 else f"{rows.count} samples, the first is sample {rows.first}"


def all_of(n: int) -> str:
    """`both`, `all 3`."""
    return "both" if n == 2 else f"all {n}"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def weight_sum(spec: Spec) -> str:
    """D of weighted-mean for index labels, in letters."""
    return METHODS["weighted-mean"].formula_for("class", False, spec.has_sample_weight)
