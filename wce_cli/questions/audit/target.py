"""What is to be audited, as it is named, `losses.py:f` or `package.losses:f`, or at hand; nothing is imported."""

from __future__ import annotations

import inspect
import os
import re
import stat
from pathlib import Path
from typing import Any

from msgspec import Struct

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.guard import reads
from wce_cli.inputs.unreadable import unreadable

EXAMPLE = "wce audit path/to/losses.py:weighted_loss, or wce audit package.losses:weighted_loss"
SHORT = {"nn": "torch.nn", "F": "torch.nn.functional"}
"""What people import modules as."""
HOMES = {
    **dict.fromkeys(("CrossEntropyLoss", "NLLLoss"), "torch.nn"),
    **dict.fromkeys(("cross_entropy", "nll_loss"), "torch.nn.functional"),
    **dict.fromkeys(("softmax_cross_entropy", "softmax_cross_entropy_with_integer_labels"), "optax"),
}
"""The modules of losses that people know by their bare name."""
IN_A_FILE = re.compile(r"(?P<file>.+\.py)(?:::|[.#/@ ])(?P<name>[A-Za-z_][\w.]*)")
"""A function of a file as other tools write it: `losses.py::f` of pytest."""


class Place(Struct, frozen=True):
    """Where a function is: a file or a module, and its name in there."""

    where: str
    name: str
    """Empty: the only function there is."""

    @property
    def is_file(self) -> bool:
        """Whether `where` is a path and no module."""
        return self.where.endswith(".py") or "/" in self.where or "\\" in self.where


def place(target: str) -> Place:
    """`losses.py:f` or `package.losses:f`, taken apart; WceError where that cannot be one."""
    where, colon, name = target.rpartition(":")
    if not colon or (len(where) == 1 and name[:1] in "/\\"):  # C:\losses.py
        where, name = target, ""
    found = Place(where, name)
    _refuse_spelling(target, found)
    if not where or any(not part.isidentifier() for part in name.split(".") if name):
        raise WceError(Problem(f"{target!r} names no function", _called(target) or EXAMPLE))
    if not found.is_file and Path(target).is_file():
        raise WceError(Problem(f"{target} is no Python file", EXAMPLE))
    if found.is_file:
        try:
            seen = os.stat(where)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise WceError(Problem(f"{where} does not exist", EXAMPLE)) from error
        except (OSError, ValueError) as error:
            raise unreadable(where, error) from error
        kind = stat.S_IFMT(seen.st_mode)
        if kind != stat.S_IFREG:
            raise WceError(Problem(f"{where} is a folder" if kind == stat.S_IFDIR else f"{where} is no file", EXAMPLE))
        reads(where, seen)
    elif not all(part.isidentifier() for part in where.split(".")):
        raise WceError(Problem(f"{target!r} names no function", _called(target) or EXAMPLE))
    return found


def _refuse_spelling(target: str, found: Place) -> None:
    """Raise WceError for a file that is there, and is named or followed by the function in another way."""
    spelled = IN_A_FILE.fullmatch(target)
    if spelled is not None and os.path.isfile(spelled["file"]):
        hint = f"a colon stands before it: wce audit {spelled['file']}:{spelled['name']}"
        raise WceError(Problem(f"{target!r} names no function", hint))
    file = f"{found.where}.py"
    if found.is_file and not os.path.isfile(found.where) and os.path.isfile(file):
        hint = f"a file is named with its end: wce audit {file}{f':{found.name}' if found.name else ''}"
        raise WceError(Problem(f"{found.where} does not exist", hint))


def _called(target: str) -> str:
    """A hint for a call: `losses.py:f()`."""
    name, opened, inside = target.partition("(")
    if not (opened and inside.endswith(")")):
        return ""
    beside = "" if inside == ")" else ", with what stands in them as --kwargs"
    return f"without the brackets: wce audit {name if ':' in name else whole_name(name)}{beside}"


def whole_name(name: str) -> str:
    """A dotted or bare name with its module: `torch.nn:CrossEntropyLoss` for `nn.CrossEntropyLoss`."""
    module, _, last = name.rpartition(".")
    first, dot, rest = module.partition(".")
    home = HOMES.get(name, "") if not module else f"{SHORT.get(first, first)}{dot}{rest}"
    return f"{home}:{last}" if home else name


def of_object(function: Any) -> str:
    """The target that names a function or class which is at hand; WceError where a new process could not find it."""
    name = getattr(function, "__qualname__", "")
    file = None
    if name and "<" not in name:
        try:
            file = inspect.getsourcefile(function)
        except TypeError:  # built in
            file = None
    if file is None or not Path(file).is_file():
        hint = "write it into a file, and audit 'file.py:name'"
        if not name and callable(function):  # nn.CrossEntropyLoss(weight=w)
            made = f"{type(function).__module__}:{type(function).__qualname__}"
            hint = f"audit its class, and what it was made with: audit({made!r}, kwargs={{…}})"
        raise WceError(Problem(f"{name or function!r} is no function at the top of a file", hint))
    return f"{file}:{name}"
