"""Where a loaded function comes from: its file and line, what it imported, and the frameworks that it names."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import sysconfig
from types import ModuleType
from typing import Any


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
    real = {one: _real(one) for one in found if isinstance(one, str)}
    return tuple(sorted(one for one, at in real.items() if at.startswith(folder) or not at.startswith(installed)))


def _real(file: str) -> str:
    """A path without links: a framework has a thousand files in a hundred folders, and each folder is followed once."""
    if not os.path.isabs(file) or os.path.islink(file):
        return os.path.realpath(file)
    folder, name = os.path.split(file)
    return os.path.join(_real_folder(folder), name)


_real_folder = functools.cache(os.path.realpath)


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
