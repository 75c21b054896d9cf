"""The function that is audited, imported from its file or module: this runs the user's code."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from wce_cli.errors import Problem, WceError, did_you_mean, near
from wce_cli.questions.audit.target import EXAMPLE, HOMES, SHORT, Place, whole_name

LISTED = 10
"""Names of a module that are listed."""


def load(found: Place) -> Any:
    """The function of a place; of a file without a name, the only one that it defines."""
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
                hint = f"its whole name: wce audit {whole_name(name)}"
            elif close := near(name.rpartition(".")[2], HOMES):
                hint = f"its whole name: wce audit {whole_name(close[0])}"
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
