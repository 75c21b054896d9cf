"""A call of the user's function: what is handed over for each of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from wce_cli.questions.audit.child.roles import SCORES


class Argument(Struct, frozen=True):
    """One thing that is handed over: what a role stands for, or a constant."""

    keyword: str | None
    """None: by position."""
    role: str | None
    constant: Any = None
    name: str = ""
    """The parameter that takes it; empty in a template."""


class Call(Struct, frozen=True):
    """How a function is called; a class is made first."""

    arguments: tuple[Argument, ...]
    make: tuple[Argument, ...] | None = None
    """Not None: a class, and what it is made with."""
    optional: frozenset[str] = frozenset()
    """Roles that may be left out."""
    guessed: str = ""
    """What was taken for what, where no usual name said so."""

    @property
    def roles(self) -> set[str]:
        """All that is handed over."""
        return {one.role for one in (*self.arguments, *(self.make or ())) if one.role is not None}

    def text(self, name: str) -> str:
        """`f(logits, labels, weight=weight)`"""
        made = "" if self.make is None else f"({_listed(self.make)})"
        return f"{name}{made}({_listed(self.arguments)})"

    def run(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        """Call it; a role that has no value is left out."""
        return self.once_made(self.made(function, values), values)

    def made(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Callable[..., Any]:
        """What is called: a function itself, of a class an instance."""
        return function if self.make is None else called(function, self.make, values)

    def once_made(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        """Call what was made."""
        return called(function, self.arguments, values)

    @property
    def scores_name(self) -> str:
        """The parameter that takes the scores; empty where a template says how it is called."""
        return next((one.name for one in self.arguments if one.role in SCORES), "")

    @property
    def lists(self) -> dict[str, list[float]]:
        """The constants that are lists of numbers, by keyword."""
        handed = (*self.arguments, *(self.make or ()))
        return {
            one.keyword: one.constant
            for one in handed
            if one.keyword and isinstance(one.constant, list) and all(isinstance(x, int | float) for x in one.constant)
        }

    def name_of(self, role: str) -> str:
        """The parameter that takes a role; where it goes by position, the role itself."""
        handed = (*self.arguments, *(self.make or ()))
        return next((one.keyword for one in handed if one.role == role and one.keyword), role)


def _listed(arguments: tuple[Argument, ...]) -> str:
    def written(one: Argument) -> str:
        value = one.role if one.role is not None else repr(one.constant)
        return f"{one.keyword}={value}" if one.keyword else str(value)

    return ", ".join(map(written, arguments))


def called(function: Callable[..., Any], arguments: tuple[Argument, ...], values: Mapping[str, Any]) -> Any:
    """The call, with what the roles stand for; `weight=` is what stands in place of a constant of that keyword."""
    given = [
        (one.keyword, values.get(f"{one.keyword}=", one.constant) if one.role is None else values[one.role])
        for one in arguments
        if one.role is None or one.role in values
    ]
    return function(*(value for keyword, value in given if not keyword), **{k: v for k, v in given if k})
