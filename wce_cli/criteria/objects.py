"""A criterion in hand, a function or an object: which known one it is, and what its call says of a batch.

Nothing is imported to know that, and nothing is called. A loss is a framework's if it stands there under its name: what
wears that name elsewhere is somebody's own.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from wce_cli.criteria.known import KNOWN, REQUIRED, KnownCriterion, Means
from wce_cli.criteria.object_text import text_of
from wce_cli.errors import Problem, WceError, counted
from wce_cli.field_hints import SCORES
from wce_cli.fields import FIELDS, SCORE_KINDS, field_of

PACKAGES = {one.package for one in KNOWN.values()}
"""What the modules of known losses begin with."""
CALLS = ("forward", "call", "__call__", "_wrapped_call_impl")
"""Methods by which a loss is called; the last is PyTorch's own name for __call__."""
SETTINGS: Mapping[str, Means] = {
    "labels": "labels",
    "weight": "weight",
    "sample_weight": "sample_weight",
    "ignore_index": "ignore_index",
    "label_smoothing": "label_smoothing",
}
"""The fields of a batch that a criterion is given beside the scores."""


class ObjectKind(Struct, frozen=True):
    """What a criterion is."""

    name: str
    known: KnownCriterion | None
    """The one that it is, or that it comes from."""
    is_own: bool
    """A function or a class of the user's own, which may compute something else than the one it comes from."""
    is_unknown: bool = False
    """One of a framework's that is not known here."""


class ObjectCall(Struct, frozen=True, eq=False):
    """A criterion and what it is called with."""

    kind: ObjectKind
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    said: Mapping[str, Any]
    """By what it means: every array and setting of the call, those that it was made with among them."""
    text: str
    """As it is written: `cross_entropy(x, y, weight=w)`."""


def subject_of(criterion: Any) -> Any:
    """The criterion that is called by way of a partial, of its own method, or of torch.compile."""
    while True:
        if isinstance(criterion, functools.partial):
            criterion = criterion.func
        elif inspect.ismethod(criterion) and criterion.__name__ in CALLS:
            criterion = criterion.__self__
        elif "_orig_mod" in (getattr(criterion, "__dict__", {}).get("_modules") or ()):
            criterion = criterion._orig_mod
        else:
            return criterion


def kind_of(criterion: Any) -> ObjectKind:
    """Which criterion it is; what is called by way of another, a partial or a bound method, is that other."""
    subject = subject_of(criterion)
    if not inspect.isroutine(subject):
        own = type(subject)
        for one in own.__mro__:
            if (known := _known(one)) is not None:
                return ObjectKind(own.__name__, known, own is not one and _package(own) != _package(one))
        return ObjectKind(own.__name__, None, True, _is_loss_of_framework(own))
    known = _known(subject)
    name = getattr(subject, "__name__", type(subject).__name__)
    return ObjectKind(
        "the lambda" if name == "<lambda>" else str(name),
        known,
        known is None,
        known is None and _is_loss_of_framework(subject),
    )


def call_of(criterion: Any, arrays: Sequence[Any], named: Mapping[str, Any]) -> tuple[ObjectCall, dict[str, Any]]:
    """The call of a criterion with some arrays, in its own order, and what else is given by name: what the call takes
    of that, and what is left beside it.

    Raises WceError for more arrays than it takes.
    """
    kind, (before, set_by_name) = kind_of(criterion), _partial(criterion)
    takes = _taken(criterion, kind)
    places = takes.places[len(before) :]
    if len(arrays) > len(places):
        hint = f"it is called with {', '.join(places)}" if takes.has_names else ""
        raise WceError(
            Problem(f"{kind.name} takes {counted(len(places), 'argument', 'arguments')}, and got {len(arrays)}", hint)
        )
    bound = dict(zip(takes.places, (*before, *arrays), strict=False))
    filled = {takes.means[place] for place in (*bound, *set_by_name) if place in takes.means}
    keywords: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    for name, value in named.items():
        place = _place_of(name, takes.means)
        if name in takes.means and not (place and place != name and takes.means[place] not in filled):
            keywords[name] = value
            if not takes.means[name] and field_of(name, FIELDS) in FIELDS:  # f(x, y, shift=True)
                beside[name] = value
        elif place and value is not None and takes.means[place] not in filled:  # explain(criterion, logits=x, labels=y)
            keywords[place] = value
            filled.add(takes.means[place])
            beside |= {name: value} if takes.means[place] == "scores" else {}
        else:
            beside[name] = value
    given = {**set_by_name, **bound, **keywords}
    said = _made(criterion, kind) | {takes.means[name]: value for name, value in given.items() if takes.means.get(name)}
    arguments = tuple(arrays)
    if not takes.has_names:
        arguments += tuple(keywords.pop(place) for place in places if place in keywords)
    text = text_of(kind.name, kind.known, subject_of(criterion), given)
    return ObjectCall(kind, criterion, arguments, keywords, said, text), beside


def _partial(criterion: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What stands in a partial already, by position and by name."""
    if isinstance(criterion, functools.partial):
        return criterion.args, dict(criterion.keywords)
    return (), {}


def _known(subject: Any) -> KnownCriterion | None:
    """The row of a function or a class of a framework's."""
    known = KNOWN.get(getattr(subject, "__name__", ""))
    return known if known and _is_of_framework(subject) and _package(subject) == known.package else None


def _is_of_framework(subject: Any) -> bool:
    """Whether it stands in a framework under its name; what merely wears that name does not."""
    module = sys.modules.get(str(getattr(subject, "__module__", "")))
    if module is None or _package(subject) not in PACKAGES:
        return False
    return getattr(module, str(getattr(subject, "__name__", "")), None) is subject


def _is_loss_of_framework(subject: Any) -> bool:
    """The same of what stands among its losses, and not of what may hold one: nn.DataParallel."""
    module = str(getattr(subject, "__module__", ""))
    return _is_of_framework(subject) and ("loss" in module or module == "torch.nn.functional")


def _package(subject: Any) -> str:
    return str(subject.__module__).partition(".")[0]


class _Signature(Struct, frozen=True):
    """What the call of a criterion takes."""

    means: Mapping[str, Means]
    """By parameter: what it is to us."""
    places: tuple[str, ...]
    """Those that may stand by position, in their order."""
    has_names: bool = True
    """Whether the parameters have these names; else nobody knows theirs."""


def _taken(criterion: Any, kind: ObjectKind) -> _Signature:
    if kind.known is not None and not kind.is_own:
        called = kind.known.called
        places = tuple(one.name for one in called if not one.by_name_only)
        return _Signature({one.name: one.means for one in called}, places)
    try:
        listed = list(_signature(criterion).parameters.values())
    except (TypeError, ValueError):  # of what is compiled
        listed = []
    places = tuple(one.name for one in listed if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD))
    alone = [one.name for one in listed if one.kind is one.KEYWORD_ONLY]
    if len(places) + len(alone) < 2:  # f(*args)
        return _Signature({"scores": "scores", "labels": "labels"}, ("scores", "labels"), False)
    return _Signature(_roles([*places, *alone]), places)


def _signature(criterion: Any) -> inspect.Signature:
    """The signature of what is called: a module of PyTorch's is called by way of its forward."""
    subject = subject_of(criterion)
    if inspect.isroutine(subject):
        return inspect.signature(subject)
    return inspect.signature(subject.forward if hasattr(subject, "forward") else subject.__call__)


def _roles(names: Sequence[str]) -> dict[str, Means]:
    """What each parameter of somebody's own function means: by its name, else the first are the scores, then labels."""
    roles = {name: _means(name) for name in names}
    for wanted in ("scores", "labels"):
        mine = [name for name, meaning in roles.items() if meaning == wanted]
        if mine:
            roles |= dict.fromkeys(mine[1:], "")
        elif free := next((name for name, meaning in roles.items() if not meaning), None):
            roles[free] = wanted
    return roles


def _means(name: str) -> Means:
    """What a parameter of that name is to us."""
    field = field_of(name, FIELDS)
    if field in SCORE_KINDS or name in SCORES:
        return "scores"
    return SETTINGS.get(field, "")


def _place_of(name: str, means: Mapping[str, Means]) -> str:
    """The parameter that takes the scores, or the labels, which are given by a name of ours."""
    field = field_of(name, FIELDS)
    wanted = "scores" if field in SCORE_KINDS else field if field == "labels" else ""
    return next((place for place, meaning in means.items() if meaning and meaning == wanted), "")


def _made(criterion: Any, kind: ObjectKind) -> dict[str, Any]:
    """What a known loss was made with, its defaults among it."""
    if kind.known is None:
        return {}
    subject = subject_of(criterion)
    parameters = kind.known.made or kind.known.called
    found: dict[str, Any] = {}
    for one in parameters:
        if one.means and one.default != REQUIRED:
            found[one.means] = getattr(subject, one.name, one.default) if kind.known.made else one.default
    return found
