"""Members of a file of arrays that are the fields of a batch, by their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from msgspec import Struct, structs

from wce_cli.errors import Problem, WceError
from wce_cli.fields import BESIDE_SCORES, BY_SAMPLE, FLAGS, IN_FILES, SCORE_KINDS, SINGLE, field_of, given_twice
from wce_cli.fields import FIELDS as DECLARED
from wce_cli.inputs.loop_members import ITEM_OF_LIST, NAMED, Told, are_as_many, as_item, told_apart
from wce_cli.inputs.stored import Members, StoredArray, described, is_float, place

ARRAY_FIELDS = tuple(name for name in IN_FILES if DECLARED[name].kind not in ("names", "code"))
"""Fields that are numbers, as arrays are."""

INPUT_IDS = "input_ids"
"""The tokens that a language model is given, which are its labels one position later."""
OF_A_MODEL = re.compile(r"(?:^|[._])(?:bias|running_mean|running_var|[qkv]_proj\.weight|norm\d*\.weight)$")
"""Names that parameters have, and outputs have not."""


class Renamed(Struct, frozen=True):
    """The members of a file by the fields that they are."""

    members: Members
    note: str
    """What was taken for what; empty for nothing."""
    hint: str
    """What to ask for where the scores are there, and not what they are; else empty."""


def in_our_names(members: Members, path: str, given: Collection[str] = (), kind: str = "") -> Renamed:
    """The members by the fields that their names mean, or what they hold where a name could mean several.

    `input` means scores only where nothing else stands in the file that could be: it is mostly the model's input.
    `kind`: what scores of the file are, if that is known, whatever is given.
    Raises WceError if two members mean one field which is not among `given`.
    """
    meant = {name: _meant(name) for name in members}
    others = {
        name for name, field in meant.items() if _field(field) not in ARRAY_FIELDS or _field(field) in SCORE_KINDS
    }
    if others != {BESIDE_SCORES}:
        meant |= {name: name for name in others if name == BESIDE_SCORES}
    meant |= _nested(meant)
    told = _told(members, meant, given, kind)
    meant |= told.names
    found: dict[str, str] = {}
    for name, field in meant.items():
        before = found.setdefault(field, name)
        if before != name and field not in given:
            twice = given_twice(place(path, before), place(path, name))
            raise WceError(Problem(twice.message, f"name one: --{field.replace('_', '-')} {place(path, before)}"))
    read = [f"{as_item(name)} as {field}" for field, name in found.items() if field not in (name, *given)]
    why = f": {told.why}" if told.why else ""
    note = f"{path}: read {', '.join(read[:4])}{', …' if len(read) > 4 else ''}{why}" if read else ""
    return Renamed({field: members[name] for field, name in found.items()}, note, told.hint)


def _nested(meant: Mapping[str, str]) -> dict[str, str]:
    """What is in a dict of the file, `batch.logits`, by the field that its name there means.

    Of scores and labels that stand nowhere else, and in one such dict alone.
    """
    known = {_field(field) for field in meant.values()}
    found: dict[str, list[str]] = {}
    for name in meant:
        inner = name.rpartition(".")[2]
        field = field_of(inner, ARRAY_FIELDS)
        if inner != name and field in (*SCORE_KINDS, "labels") and inner != BESIDE_SCORES:
            found.setdefault("labels" if field == "labels" else "scores", []).append(name)
    is_there = {"labels": "labels" in known, "scores": not known.isdisjoint(SCORE_KINDS)}
    alone = [names[0] for what, names in found.items() if len(names) == 1 and not is_there[what]]
    return {name: field_of(name.rpartition(".")[2], ARRAY_FIELDS) for name in alone}


def _told(members: Members, meant: Mapping[str, str], given: Collection[str], kind: str) -> Told:
    """What the numbers of the members say, where no name means scores and no option gives others."""
    known = {_field(field) for field in meant.values()} | (set() if kind else set(given))
    if not known.isdisjoint(SCORE_KINDS):
        return Told()
    labels = {name for name, field in meant.items() if _field(field) == "labels"}
    within = _scores_within(members) if labels or "labels" in given else ""
    inner = within.rpartition(".")[2]
    by_inner = {inner if name == within else name: member for name, member in members.items()}
    told = told_apart(by_inner, labels, kind, wants_labels="labels" not in given)
    return structs.replace(told, names={within if name == inner else name: to for name, to in told.names.items()})


def _scores_within(members: Members) -> str:
    """The member of a dict of the file, `batch.outputs`, that is called as scores may be; empty where others are."""
    named = [name for name in members if name.rpartition(".")[2] in NAMED or _parts(name)[0] in NAMED]
    return named[0] if len(named) == 1 and "." in named[0] and not ITEM_OF_LIST.fullmatch(named[0]) else ""


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
    if not items or sorted(items) != list(range(len(items))) or any(field in rest for field in BY_SAMPLE):
        return [members]
    return [{**items[k], **rest} for k in range(len(items))]


def items_of_field(members: Members, field: str) -> list[Members]:
    """The member that is a field, or those of a list in its order, each alone."""
    items = items_of({name: member for name, member in members.items() if _field(name) == field})
    return [item for item in items if field in item]


def fields_of(members: Members, path: str, given: Collection[str], hint: str = "") -> tuple[Members, list[str]]:
    """The members that are fields, and the names of the others.

    `hint`: what to ask for where the scores are not known. Raises WceError if there are no scores, or no labels among
    other arrays.
    """
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
        message = f"{path} has no member logits, log_probs or probs: it holds {described(members) or 'nothing'}"
        raise WceError(Problem(message, hint or _hint(members, path, given)))
    unused = {name: member for name, member in members.items() if name not in ARRAY_FIELDS}
    labels = _could_be_labels(unused, next((chosen[kind] for kind in SCORE_KINDS if kind in chosen), None))
    if labels and "labels" not in chosen and "labels" not in given:
        message = f"{path} has no member labels: it holds {described(members)}"
        ahead = " --shift, as a causal language model is asked for the next token" if labels[0] == INPUT_IDS else ""
        raise WceError(Problem(message, f"name it: --labels {_where(members, path, labels[0])}{ahead}"))
    return chosen, list(unused)


def _hint(members: Members, path: str, given: Collection[str]) -> str:
    """The options that would name the members which look like scores and labels."""
    if any(OF_A_MODEL.search(name) for name in members):
        return "that looks like the parameters of a model: save the logits that it returns"
    arrays = {name: member for name, member in members.items() if isinstance(member, StoredArray)}
    floats = [name for name, one in arrays.items() if is_float(one)]
    tables = sorted((name for name in floats if len(arrays[name].shape) > 1), key=lambda name: name == BESIDE_SCORES)
    scores = next(iter([*tables, *members]), "MEMBER")
    named = f"--logits {_where(members, path, scores)}"
    if "labels" in given or "labels" in members:
        return f"name it: {named}"
    labels = [name for name in _could_be_labels(members, members.get(scores)) if name != scores]
    return f"name them: {named} --labels {_where(members, path, labels[0])}" if labels else f"name it: {named}"


def _where(members: Members, path: str, name: str) -> str:
    """A member as an option takes it: by its name in the file, whatever it was taken for."""
    member = members.get(name)
    return member.source if isinstance(member, StoredArray) else place(path, name)


def _could_be_labels(members: Members, scores: StoredArray | Problem | None) -> list[str]:
    """The members that are integers, those first that are as many as the scores have rows."""
    found = {
        name: one for name, one in members.items() if isinstance(one, StoredArray) and one.shape and not is_float(one)
    }
    fits = isinstance(scores, StoredArray) and {name for name, one in found.items() if are_as_many(scores, one)}
    return sorted(found, key=lambda name: not fits or name not in fits)
