"""Members of a file of arrays that are the fields of a batch, by their names."""

from __future__ import annotations

import re
from collections.abc import Collection

from wce_cli.errors import Problem, WceError
from wce_cli.fields import BESIDE_SCORES, BY_SAMPLE, FLAGS, IN_FILES, SCORE_KINDS, SINGLE, field_of, given_twice
from wce_cli.fields import FIELDS as DECLARED
from wce_cli.inputs.stored import DTYPES, Members, StoredArray, as_name, place

ARRAY_FIELDS = tuple(name for name in IN_FILES if DECLARED[name].kind != "names")
"""Fields that are numbers, as arrays are."""

ITEM_OF_LIST = re.compile(r"(?P<k>\d{1,9})\.(?P<name>\w+)|(?P<by_name>\w+)\.(?P<n>\d{1,9})")
"""A member of a list: `0.logits` of a list of batches, `logits.0` of a list of logits."""
OF_A_MODEL = re.compile(r"(?:^|[._])(?:bias|running_mean|running_var|[qkv]_proj\.weight|norm\d*\.weight)$")
"""Names that parameters have, and outputs have not."""


def in_our_names(members: Members, path: str, given: Collection[str] = ()) -> tuple[Members, str]:
    """The members by the fields that their names mean, and a note of what was taken for what; empty for nothing.

    `input` means scores only where nothing else stands in the file that could be: it is mostly the model's input.
    Raises WceError if two members mean one field which is not among `given`.
    """
    meant = {name: _meant(name) for name in members}
    others = {
        name for name, field in meant.items() if _field(field) not in ARRAY_FIELDS or _field(field) in SCORE_KINDS
    }
    if others != {BESIDE_SCORES}:
        meant |= {name: name for name in others if name == BESIDE_SCORES}
    found: dict[str, str] = {}
    for name, field in meant.items():
        before = found.setdefault(field, name)
        if before != name and field not in given:
            twice = given_twice(place(path, before), place(path, name))
            raise WceError(Problem(twice.message, f"name one: --{field.replace('_', '-')} {place(path, before)}"))
    told = [f"{as_name(name)} as {field}" for field, name in found.items() if field not in (name, *given)]
    note = f"{path}: read {', '.join(told[:4])}{', …' if len(told) > 4 else ''}" if told else ""
    return {field: members[name] for field, name in found.items()}, note


def _meant(member: str) -> str:
    """`target` → `labels`, `0.target` → `0.labels`; what means no field stays as it is."""
    for part in _parts(member):
        field = field_of(part, ARRAY_FIELDS)
        if field != part and field in ARRAY_FIELDS:
            return member.replace(part, field)
    return member


def _field(member: str) -> str:
    """`0.labels` → `labels`; a name that is not of a list is itself."""
    return next((part for part in _parts(member) if part in ARRAY_FIELDS), member)


def _parts(member: str) -> tuple[str, ...]:
    found = ITEM_OF_LIST.fullmatch(member)
    return (found["name"] or found["by_name"],) if found else (member,)


def items_of(members: Members) -> list[Members]:
    """The batches of a list of them, as a loop over a loader leaves them, in order; else all members as one."""
    items: dict[int, dict[str, StoredArray | Problem]] = {}
    rest: dict[str, StoredArray | Problem] = {}
    for member, value in members.items():
        found = ITEM_OF_LIST.fullmatch(member)
        name = found and (found["name"] or found["by_name"])
        if found and name in BY_SAMPLE:
            items.setdefault(int(found["k"] or found["n"]), {})[name] = value
        else:
            rest[member] = value
    if not items or sorted(items) != list(range(len(items))) or any(kind in rest for kind in SCORE_KINDS):
        return [members]
    return [{**items[k], **rest} for k in range(len(items))]


def fields_of(members: Members, path: str, given: Collection[str]) -> tuple[Members, list[str]]:
    """The members that are fields, and the names of the others. Raises WceError if there are no scores."""
    chosen = {name: members[name] for name in ARRAY_FIELDS if name in members}
    scores_given = any(kind in given for kind in SCORE_KINDS)
    for name, member in chosen.items():
        if name in given or (scores_given and name in SCORE_KINDS):
            continue
        if isinstance(member, Problem):
            raise WceError(member)
        if name in (*SINGLE, *FLAGS) and member.size != 1:
            raise WceError(
                Problem(
                    f"{member.source} has shape {member.shape}, expected one {'number' if name in SINGLE else 'bool'}"
                )
            )
    if not scores_given and not any(kind in chosen for kind in SCORE_KINDS):
        named = [
            member.name if isinstance(member, StoredArray) else name for name, member in list(members.items())[:12]
        ]
        listed = ", ".join(map(as_name, named)) or "nothing"
        more = ", …" if len(members) > 12 else ""
        message = f"{path} has no member logits, log_probs or probs: it holds {listed}{more}"
        raise WceError(Problem(message, _hint(members, path, given)))
    return chosen, [name for name in members if name not in ARRAY_FIELDS]


def _hint(members: Members, path: str, given: Collection[str]) -> str:
    """The options that would name the members which look like scores and labels."""
    if any(OF_A_MODEL.search(name) for name in members):
        return "that looks like the parameters of a model: save the logits that it returns"
    arrays = {name: member for name, member in members.items() if isinstance(member, StoredArray)}
    floats = [name for name, one in arrays.items() if DTYPES[one.dtype].kind == "f" or one.dtype == "bfloat16"]
    tables = sorted((name for name in floats if len(arrays[name].shape) > 1), key=lambda name: name == BESIDE_SCORES)
    scores = next(iter([*tables, *members]), "MEMBER")
    named = f"--logits {place(path, scores)}"
    if "labels" in given or "labels" in members:
        return f"name it: {named}"
    labels = [name for name in arrays if name not in floats and name != scores]
    return f"name them: {named} --labels {place(path, labels[0])}" if labels else f"name it: {named}"
