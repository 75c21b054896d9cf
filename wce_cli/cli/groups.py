"""The options that commands have in common, as one parameter: what says the batch, and how an answer looks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, get_type_hints

from msgspec import Struct, structs

from wce_cli.cli import options
from wce_cli.cli.outcome import Outcome
from wce_cli.fields import FIELDS


class BatchOptions(Struct, frozen=True):
    """The batch, as it was typed."""

    fields: Mapping[str, str | None]
    """Each field, None for one that was not typed."""
    label_column: options.LabelColumn = None
    """Says how a file is read, and is no field."""


class AnswerOptions(Struct, frozen=True):
    """How the answer looks, and the file it goes to."""

    precision: options.Precision = None
    width: options.Width = None
    color: options.Color = "auto"
    output: options.Output = None


def _declared(group: type[Struct]) -> dict[str, tuple[Any, Any]]:
    """The options of a group by name: the type of each, which says how it is typed, and its default."""
    hints = get_type_hints(group, include_extras=True)
    return {one.name: (hints[one.name], one.default) for one in structs.fields(group) if one.name != "fields"}


GROUPS: dict[type[Struct], dict[str, tuple[Any, Any]]] = {
    BatchOptions: {**{name: (options.of_field(name), None) for name in FIELDS}, **_declared(BatchOptions)},
    AnswerOptions: _declared(AnswerOptions),
}
"""What each group is as options: the type of each, which says how it is typed, and its default."""


def spread(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """The command as Typer takes it: in the place of a group of options stand the options."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if hint in GROUPS}

    @wraps(command)
    def spread_out(**given: Any) -> Outcome:
        for name, group in groups.items():
            own = {option: given.pop(option) for option in GROUPS[group]}
            if group is BatchOptions:
                own["fields"] = {field: _typed(own.pop(field)) for field in FIELDS}
            given[name] = group(**own)
        return command(**given)

    parameters = list(_parameters(command, hints))
    spread_out.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread_out.__annotations__ = {one.name: one.annotation for one in parameters}
    return spread_out


def _typed(value: str | bool | None) -> str | None:
    """What was typed for a field; of `--shift` and `--no-shift` the word that says it."""
    return str(value).lower() if isinstance(value, bool) else value


def _parameters(command: Callable[..., Outcome], hints: Mapping[str, Any]) -> Iterator[inspect.Parameter]:
    for name, parameter in inspect.signature(command).parameters.items():
        own = GROUPS.get(hints[name], {name: (hints[name], parameter.default)})
        for option, (hint, default) in own.items():
            yield parameter.replace(name=option, annotation=hint, default=default, kind=parameter.KEYWORD_ONLY)
