"""What the engines share: a call, run, and what came of it as a row of the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from msgspec import Struct

from wce_cli.answers.report import Measured
from wce_cli.digits import NON_FINITE, to_plain


class EngineCall(Struct, frozen=True):
    """One way to ask a framework for the loss."""

    text: str
    """As a user would type it: x scores, y labels, w class weight, s sample weight."""
    run: Callable[[], Any]
    expresses: tuple[str, ...]
    """The methods that the call is the framework's way to write."""


class Framework(Struct, frozen=True):
    """A framework that is measured."""

    name: str
    """As it is written: PyTorch."""
    version: str

    def returned(self, call: EngineCall, dtype: str) -> Measured:
        """What a call returned; a reason instead of a value where it raised."""
        try:
            value = float(call.run())
        except Exception as error:  # what a framework refuses is a row of the answer
            return Measured(self.name, self.version, call.text, dtype, None, call.expresses, reason=first_line(error))
        return Measured(self.name, self.version, call.text, dtype, value, call.expresses)

    def all_returned(self, calls: Iterator[EngineCall], dtype: str) -> Iterator[Measured]:
        """What each call returned, as it returns."""
        for call in calls:
            yield self.returned(call, dtype)

    def nothing(self, reason: str) -> Measured:
        """A row that says why there is no value at all."""
        return Measured(self.name, self.version, "", "", None, (), reason=reason)


def installed_version(package: str) -> str:
    """The version of an installed package, without its build; empty where it says none."""
    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        return ""


def first_line(error: Exception) -> str:
    """What an exception says, without line ends and control characters; its name where it says nothing."""
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return "".join(c if c.isprintable() else " " for c in first)


def line_of(measured: Measured) -> str:
    """A row as a line of JSON."""
    return msgspec.json.encode(to_plain(measured)).decode() + "\n"


def read_line(line: bytes) -> Measured:
    """The row that `line_of` wrote."""
    plain: dict[str, Any] = msgspec.json.decode(line)
    plain["value"] = NON_FINITE.get(plain["value"], plain["value"])
    return msgspec.convert(plain, Measured)
