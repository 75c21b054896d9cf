"""A line of code → the loss that it holds: which one, with which settings, and what is done with its number.

`nn.CrossEntropyLoss(weight=torch.tensor([0.1, 1.0]))`, `F.cross_entropy(x, y, weight=w)`, `log_loss(y, p)`: the text
is parsed, and nothing in it is run. A value that does not stand there, `weight=w`, is left to who knows the batch.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from msgspec import structs

from wce_cli.criteria.arrays import ArrayFound, assign
from wce_cli.criteria.held import Held, held
from wce_cli.criteria.parsed import Line, parsed, too_deep
from wce_cli.criteria.settings import criterion_from
from wce_cli.criteria.unknown import foreign, unknown
from wce_cli.criteria.values import NotSaid, value_of
from wce_cli.loss.spec import Criterion

IN_A_BRANCH = "it stands in a branch of the code beside another one, and which of them is run is not known"
MUTABLE = (list, dict, np.ndarray)
"""What a value may be that is changed where it stands."""


def read(text: str) -> Criterion:
    """The criterion of a piece of code. Raises WceError if it holds none, or none that is known, or what its framework
    refuses.
    """
    values: dict[str, Any] = {}
    arrays: dict[str, ArrayFound] = {}
    criteria: dict[str, Held] = {}
    found: list[tuple[Held, Line]] = []
    code = parsed(text)
    try:
        for line in code.lines:
            one = None if line.value is None else held(line.value, criteria)
            if one is not None and one.values is None and (one.made or one.called):
                one = structs.replace(one, values=dict(values))
            if one is not None and one.arrays is None and one.called:
                one = structs.replace(one, arrays=dict(arrays))
            one = _assign(line, one, criteria, values)
            if one is not None:
                found.append((one, line))
            for name in line.names:
                _set_afterwards(name, criteria, found)
            assign(line.names, line.value, arrays)
        if not found:
            raise unknown(code)
        one = _meant(found)
        _refuse_foreign(one, code.imports)
        return criterion_from(one, values if one.values is None else one.values)
    except RecursionError as error:
        raise too_deep() from error


def _refuse_foreign(one: Held, imports: Mapping[str, str]) -> None:
    """Refuse `F.cross_entropy` where F was imported from another framework than the one whose loss is called so."""
    name = f"{one.home}{'.' * bool(one.home)}{one.row.name}"
    head, _, rest = name.partition(".")
    if head in imports:
        whole = f"{imports[head]}{'.' * bool(rest)}{rest}"
        if not whole.startswith((f"{one.row.package}.", f"tensorflow.{one.row.package}.")):
            raise foreign(whole)


def _meant(found: list[tuple[Held, Line]]) -> Held:
    """The criterion that a piece of code is about: the last that is called, and whose number stays what it is.

    `running_loss += loss.item()` may stand behind it; `loss = loss / 4` is another number under its name.
    """
    found = [(one, line) for one, line in found if one.called is not None] or found
    plain = [place for place, (one, _) in enumerate(found) if not one.changed]
    place = plain[-1] if plain else len(found) - 1
    one, line = found[place]
    again = [other for other, behind in found[place + 1 :] if set(behind.names) & set(line.names)]
    if again:
        return again[-1]
    if line.in_branch:
        others = {ast.unparse(other.node) for other, beside in found if beside.in_branch and not other.changed}
        if len(others) > 1:
            return structs.replace(one, unsure=IN_A_BRANCH)
    return one


def _assign(line: Line, one: Held | None, criteria: dict[str, Held], values: dict[str, Any]) -> Held | None:
    """Let the names of a line stand for what it computes; the criterion that it computes, with what is unsure of it."""
    value = None
    if line.names and line.value is not None and one is None:
        with suppress(NotSaid):
            value = value_of(line.value, values)
    if one is not None and line.in_branch and any(name in criteria for name in line.names):
        one = structs.replace(one, unsure=IN_A_BRANCH)
    if line.asks in values:
        _forget(line.asks, values)
    for name in line.names:
        criteria.pop(name, None)
        is_other = line.in_branch and name in values
        if line.value is None:
            _forget(name, values)
        values.pop(name, None)
        if one is not None:
            criteria[name] = one
        elif value is not None and not is_other:
            values[name] = value
    return one


def _forget(name: str, values: dict[str, Any]) -> None:
    """Leave out a value that was changed where it stands, under every name that it has."""
    changed = values.get(name)
    for other in [other for other, value in values.items() if value is changed and isinstance(value, MUTABLE)]:
        del values[other]


def _set_afterwards(name: str, criteria: dict[str, Held], found: list[tuple[Held, Line]]) -> None:
    """Take note that an attribute of a criterion is set where it has been made: `criterion.weight = w`."""
    whole, _, attribute = name.rpartition(".")
    before = criteria.get(whole)
    if before is None or not attribute:
        return
    marked = structs.replace(before, unsure=f"the code sets its {attribute} afterwards")
    for other in [other for other, one in criteria.items() if one is before]:
        criteria[other] = marked
    found[:] = [(marked if one is before else one, line) for one, line in found]
