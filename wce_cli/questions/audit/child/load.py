"""Finding the function that is audited: a name in a file or in a module. Only the process of its own imports it."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import re
import stat
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from wce_cli.errors import Problem, WceError, did_you_mean, near
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
LISTED = 10
"""Names of a module that are listed."""


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
    return f"without the brackets: wce audit {name if ':' in name else _whole(name)}{beside}"


def _whole(name: str) -> str:
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


def load(found: Place) -> Any:
    """Import the function: this runs the user's code."""
    module = _module(found)
    if not found.name:
        return _only(module, found)
    value: Any = module
    holder: Any = module
    for part in found.name.split("."):
        if not hasattr(value, part):
            names = [name for name, one in vars(value).items() if callable(one) and not name.startswith("_")]
            raise WceError(Problem(f"{found.where} has no {found.name}", did_you_mean(part, names)))
        holder, value = value, getattr(value, part)
    if inspect.isclass(holder) and inspect.isfunction(vars(holder).get(part)):
        hint = f"name the class: wce audit {found.where}:{found.name.rpartition('.')[0]}"
        raise WceError(Problem(f"{found.name} of {found.where} is a method", hint))
    if not callable(value):
        raise WceError(Problem(f"{found.name} of {found.where} is no function, but {type(value).__name__}"))
    return value


def _module(found: Place) -> ModuleType:
    if not found.is_file:
        sys.path.insert(0, "")
        try:
            return importlib.import_module(found.where)
        except ModuleNotFoundError as error:
            if not f"{found.where}.".startswith(f"{error.name}."):  # one that it imports
                raise
            if error.name == found.where and not found.name:
                _refuse_dots(found.where)
            hint = EXAMPLE
            name = ".".join(filter(None, (found.where, found.name)))
            if error.name in SHORT and name != error.name:
                hint = f"its whole name: wce audit {_whole(name)}"
            elif close := near(name.rpartition(".")[2], HOMES):
                hint = f"its whole name: wce audit {_whole(close[0])}"
            raise WceError(Problem(f"there is no module {error.name}", hint)) from error
    path = Path(found.where).resolve()
    if (path.parent / "__init__.py").exists():
        return _of_package(path)
    sys.path.insert(0, str(path.parent))
    name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else "audited"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _refuse_dots(where: str) -> None:
    """Raise WceError if a dotted name is that of a function or class of a module: `torch.nn.CrossEntropyLoss`."""
    module, _, name = where.rpartition(".")
    if not module:
        return
    found = importlib.import_module(module)
    if hasattr(found, name):
        hint = f"a colon stands before it: wce audit {module}:{name}"
        raise WceError(Problem(f"{where} is no module, but {name} of {module}", hint))
    if close := near(name, [one for one in vars(found) if not one.startswith("_")]):
        raise WceError(Problem(f"{module} has no {name}", f"did you mean {module}:{close[0]}?"))


def _of_package(path: Path) -> ModuleType:
    """A file of a package under its own name there, so that its relative imports find what is beside it."""
    parts = [] if path.stem == "__init__" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    sys.path.insert(0, str(folder))
    return importlib.import_module(".".join(parts))


def _only(module: ModuleType, found: Place) -> Any:
    """The one function or class that a module defines itself."""
    own = {
        name: value
        for name, value in vars(module).items()
        if (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == module.__name__
    }
    public = {name: value for name, value in own.items() if not name.startswith("_")}
    if len(public) != 1:
        listed = ", ".join(list(public)[:LISTED]) + (", …" if len(public) > LISTED else "") or "none"
        hint = f"wce audit {found.where}:{next(iter(public))}" if 0 < len(public) <= LISTED else EXAMPLE
        raise WceError(Problem(f"{found.where} has not one function but {len(public)} ({listed}): name one", hint))
    return next(iter(public.values()))


def source(function: Any) -> tuple[str | None, int | None]:
    """The file and the line where it is written, if there is one."""
    try:
        inner = inspect.unwrap(function)
        while isinstance(inner, functools.partial):
            inner = inspect.unwrap(inner.func)
        inner = inner if inspect.isroutine(inner) or inspect.isclass(inner) else type(inner)
        file = inspect.getsourcefile(inner)
        return file, inspect.getsourcelines(inner)[1]
    except (OSError, TypeError):
        return None, None


def imported(file: str | None) -> tuple[str, ...]:
    """The files of all modules so far that are somebody's own: from the folder of a file, or not installed."""
    if file is None:
        return ()
    folder = os.path.dirname(os.path.realpath(file)) + os.sep
    installed = tuple(os.path.realpath(path) + os.sep for path in sysconfig.get_paths().values())
    found = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    real = {one: os.path.realpath(one) for one in found if isinstance(one, str)}
    return tuple(sorted(one for one, at in real.items() if at.startswith(folder) or not at.startswith(installed)))


def frameworks(function: Any) -> list[str]:
    """The array frameworks that a function names, then those of its module: what it may take, likeliest first."""
    module = sys.modules.get(getattr(function, "__module__", None) or type(function).__module__)
    names = vars(module) if module is not None else {}
    codes = (
        [getattr(one, "__code__", None) for one in (function, *vars(function).values())] if _has_vars(function) else []
    )
    used = {name for code in codes if code is not None for name in code.co_names}
    by_code = _homes([names[name] for name in used if name in names])
    return list(dict.fromkeys([*by_code, *_homes(list(names.values()))]))


def _has_vars(function: Any) -> bool:
    return hasattr(function, "__dict__")


def _homes(values: list[Any]) -> list[str]:
    """The frameworks that modules and functions come from."""
    homes = {
        str(value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "")).partition(".")[0]
        for value in values
    }
    return [name for name in ("torch", "jax", "numpy") if name in homes]
