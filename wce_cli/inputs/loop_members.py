"""Scores and labels in the file of a training loop, which by their names could be several things: the items of
`(logits, labels)`, `outputs`, `predictions`.

They are told apart by shape, dtype and numbers, never by their order. What a softmax may have made is not taken for
logits: it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import numpy as np
from msgspec import Struct

from wce_cli.batches.file_rows import StoredRows
from wce_cli.digits import UNITS
from wce_cli.field_hints import SCORES
from wce_cli.inputs.stored import Members, StoredArray, as_name, is_float
from wce_cli.loss.rows import floats

ITEM_OF_LIST = re.compile(r"(?P<k>\d{1,9})\.(?P<name>\w+)|(?P<by_name>\w+)\.(?P<n>\d{1,9})")
"""A member of a list: `0.logits` of a list of batches, `logits.0` of a list of logits."""
ITEM_BY_NUMBER = re.compile(r"(?P<name>\d{1,9})\.(?P<n>\d{1,9})")
"""`0.1` of a list of lists, by the outer one: `0` is a list of logits, and not a batch."""
NAMED = tuple(name for name in SCORES if name != "inputs")
"""Names that scores have, of whatever kind; what is called `inputs` is mostly the model's."""
LOSSES = ("loss", "train_loss", "val_loss", "valid_loss", "eval_loss", "test_loss", "mean_loss")
"""The names of a number that is the loss itself."""

LOOKED_AT = 1 << 16
"""Numbers that are looked at for one that is no probability; one row at least."""
OFF_ONE = 1e-3
"""How far from 1 rounding may bring a probability, or the sum of a row of them in 32 bits."""


class Role(Struct, frozen=True):
    """The members of one name: one, or an item of each batch of a list."""

    name: str
    arrays: tuple[StoredArray, ...]
    slots: tuple[str, ...]
    """The members' names with `{}` where that name stands: `{}`, or `0.{}` and `1.{}`."""

    @property
    def first(self) -> StoredArray:
        """What speaks for all of them."""
        return self.arrays[0]

    @property
    def where(self) -> str:
        """What an option takes for it: `run.pt:outputs`; the file, in which a list has many members."""
        source = self.first.source
        return source if len(self.arrays) == 1 else source.removesuffix(f":{as_name(self.first.name)}")

    def as_field(self, field: str) -> Iterator[tuple[str, str]]:
        """Each member, and what it is called once the field is known: `0.outputs`, `0.logits`."""
        for slot in self.slots:
            yield slot.format(self.name), slot.format(field)


class Told(Struct, frozen=True):
    """What is known of the scores and the labels of a file."""

    names: Mapping[str, str] = {}
    """By member: what it is called by its field, `0.logits`."""
    why: str = ""
    """What shows that the scores are logits: `outputs holds -2.3, which is no probability`."""
    hint: str = ""
    """What to ask for where the scores are found, and not what they are."""


def told_apart(members: Members, labels: Set[str], kind: str = "", wants_labels: bool = True) -> Told:
    """The scores among the members, and where no name says so the labels among the items of a tuple.

    `labels`: the members that are labels by their names; `kind`: what the scores are, where that is known. Nothing is
    told where several could be the scores.
    """
    for by_number in (False, True):
        roles = _roles(members, by_number)
        known = next((role for role in roles if not labels.isdisjoint(dict(role.as_field("labels")))), None)
        unnamed = [role for role in roles if role.name.isdecimal()]
        tables = [one for one in roles if one != known and (one.name in NAMED or one in unnamed) and _are_scores(one)]
        pairs = list(_pairs(tables, known, unnamed if wants_labels else []))
        if pairs:
            return _told(*pairs[0], kind) if len(pairs) == 1 else Told()
    return Told()


def _pairs(tables: Sequence[Role], known: Role | None, unnamed: Sequence[Role]) -> Iterable[tuple[Role, Role | None]]:
    """What could be the scores, each with its labels: those that are `known`, or among the items without a name."""
    if known is not None:
        as_many = [one for one in tables if len(one.arrays) == len(known.arrays)]
        return [(one, known) for one in as_many if _fit(one, known)] or [(one, known) for one in as_many]
    found = [(x, y) for x in tables for y in unnamed if x != y and _fit(x, y) and _told_by_numbers(x, y)]
    return found or [(one, None) for one in tables if one.name in NAMED or not unnamed]


def _told(scores: Role, labels: Role | None, kind: str) -> Told:
    odd = None if kind else _no_probability(scores.first)
    if kind or odd is not None:
        names = {} if labels is None else dict(labels.as_field("labels"))
        why = "" if odd is None else f"{as_item(scores.name)} holds {odd:.4g}, which is no probability"
        return Told(dict(scores.as_field(kind or "logits")) | names, why)
    named = [scores.where] + ([f"--labels {labels.where}"] if labels and labels.name.isdecimal() else [])
    as_probs, as_logits = (f"--{kind} {' '.join(named)}" for kind in ("probs", "logits"))
    said = f"{as_item(scores.name)} holds numbers from 0 to 1{_in_rows(scores.first)}"
    return Told(
        hint=f"{said}: {as_probs} for the loss of probabilities, {as_logits} if the loss took a softmax of them"
    )


def as_item(name: str) -> str:
    """A member in a sentence: `outputs`, `item 0` of a tuple."""
    return f"item {name}" if name.isdecimal() else as_name(name)


def _roles(members: Members, by_number: bool) -> list[Role]:
    """The arrays by the names that they have, in lists by those of their items."""
    found: dict[str, list[tuple[StoredArray, str]]] = {}
    for member, value in members.items():
        if not isinstance(value, StoredArray):
            continue
        item = (by_number and ITEM_BY_NUMBER.fullmatch(member)) or ITEM_OF_LIST.fullmatch(member)
        name, slot = member, "{}"
        if item:
            name, slot = next(
                (item[group], f"{member[: item.start(group)]}{{}}{member[item.end(group) :]}")
                for group in ("name", "by_name")
                if group in item.re.groupindex and item[group]
            )
        found.setdefault(name, []).append((value, slot))
    return [
        Role(name, tuple(value for value, _ in having), tuple(slot for _, slot in having))
        for name, having in found.items()
    ]


def _are_scores(role: Role) -> bool:
    """Whether all members are tables of floats."""
    return all(is_float(one) and len(one.shape) > 1 for one in role.arrays)


def _fit(scores: Role, labels: Role) -> bool:
    """Whether each array of labels has a label for each row of its scores, or a row."""
    return len(scores.arrays) == len(labels.arrays) and all(
        y.shape == x.shape or are_as_many(x, y) for x, y in zip(scores.arrays, labels.arrays, strict=True)
    )


def are_as_many(scores: StoredArray, labels: StoredArray) -> bool:
    """Whether there is a label for each row of scores, whose classes are axis 1 or the last one."""
    return labels.shape in (scores.shape[:1] + scores.shape[2:], scores.shape[:-1])


def _told_by_numbers(scores: Role, labels: Role) -> bool:
    """Whether labels without a name are no scores: integers, or rows of probabilities beside rows of others."""
    if not any(map(is_float, labels.arrays)):
        return True
    same = all(x.shape == y.shape for x, y in zip(scores.arrays, labels.arrays, strict=True))
    return same and _no_probability(scores.first) is not None and _no_probability(labels.first) is None


def _no_probability(array: StoredArray) -> float | None:
    """A number among the first that is below 0 or above 1; None where there is none."""
    numbers = floats(array.read(0, min(array.size, LOOKED_AT)), array.dtype)
    odd = numbers[(numbers < 0) | (numbers > 1 + OFF_ONE)]
    return float(odd[0]) if odd.size else None


def _in_rows(array: StoredArray) -> str:
    """` in rows that sum to 1`, where the first do along axis 1 or the last; else nothing."""
    if array.fortran and len(array.shape) > 2:
        return ""
    c = array.shape[-1]
    tables = [StoredRows(array, 1).rows(0, max(1, LOOKED_AT // max(array.shape[1], 1)))]
    if not array.fortran and c:
        tables.append(array.read(0, min(array.size, max(1, LOOKED_AT // c) * c)).reshape(-1, c))
    sums = [floats(table, array.dtype).sum(axis=1) for table in tables]
    off = max(OFF_ONE, 4 * UNITS.get(array.dtype, 0.0))
    return " in rows that sum to 1" if any((np.abs(one - 1) < off).all() for one in sums) else ""


def loss_beside(members: Members) -> tuple[str, str] | None:
    """The name of a member that is one loss, and its number in the digits of its dtype; None where there is none."""
    for name, member in members.items():
        if not isinstance(member, StoredArray) or member.size != 1 or not is_float(member):
            continue
        if name.rpartition(".")[2] in LOSSES:
            number = floats(member.read(0, 1), member.dtype)[0]
            return name, f"{number:.3g}" if member.dtype == "bfloat16" else str(number.astype(member.dtype))
    return None
