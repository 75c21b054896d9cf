"""Finding the function that is audited: a name in a file or in a module. Only the process of its own imports it."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import stat
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from wce_cli.errors import Problem, WceError, did_you_mean
from wce_cli.inputs.guard import reads
from wce_cli.inputs.json import unreadable

EXAMPLE = "wce audit path/to/losses.py:weighted_loss, or wce audit package.losses:weighted_loss"


SHORT = {"nn": "torch.nn", "F": "torch.nn.functional"}
"""What people import modules as."""


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


def _called(target: str) -> str:
    """A hint for a call: `losses.py:f()`."""
    name, opened, inside = target.partition("(")
    if not (opened and inside.endswith(")")):
        return ""
    beside = "" if inside == ")" else ", with what stands in them as --kwargs"
    return f"without the brackets: wce audit {name}{beside}"


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
    for part in found.name.split("."):
        if not hasattr(value, part):
            names = [name for name in vars(value) if not name.startswith("_")]
            raise WceError(Problem(f"{found.where} has no {found.name}", did_you_mean(part, names)))
        value = getattr(value, part)
    if not callable(value):
        raise WceError(Problem(f"{found.name} of {found.where} is no function, but {type(value).__name__}"))
    return value


def _module(found: Place) -> ModuleType:
    if not found.is_file:
        sys.path.insert(0, "")
        try:
            return importlib.import_module(found.where)
        except ModuleNotFoundError as error:
            if error.name == found.where and not found.name:
                _refuse_dots(found.where)
            first, _, rest = found.where.partition(".")
            if error.name == first and first in SHORT:
                name = ":".join(part for part in (f"{SHORT[first]}", rest or found.name) if part)
                raise WceError(Problem(f"there is no module {first}", f"its whole name: wce audit {name}")) from error
            raise
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
    if module and hasattr(importlib.import_module(module), name):
        raise WceError(
            Problem(f"{where} is no module, but {name} of {module}", f"a colon stands before it: {module}:{name}")
        )


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
        listed = ", ".join(public) or "none"
        hint = f"wce audit {found.where}:{next(iter(public), 'name')}"
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
