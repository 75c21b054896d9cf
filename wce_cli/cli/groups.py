"""The options that commands have in common, as one parameter: what says the batch, and how an answer looks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct, structs

from wce_cli.cli import options
from wce_cli.cli.outcome import Outcome


class BatchOptions(Struct, frozen=True):
    """The fields of a batch, as they were typed."""

    logits: options.Logits = None
    log_probs: options.LogProbs = None
    probs: options.Probs = None
    labels: options.Labels = None
    weight: options.Weight = None
    sample_weight: options.SampleWeight = None
    classes: options.Classes = None
    ignore_index: options.IgnoreIndex = None
    label_base: options.LabelBase = None
    label_smoothing: options.LabelSmoothing = None
    label_column: options.LabelColumn = None

    @property
    def fields(self) -> Mapping[str, str | None]:
        """Each field of the batch, None for one that was not typed."""
        given: dict[str, str | None] = structs.asdict(self)
        del given["label_column"]  # says how a file is read, and is no field
        return given


class AnswerOptions(Struct, frozen=True):
    """How the answer looks, and the file it goes to."""

    precision: options.Precision = None
    width: options.Width = None
    color: options.Color = "auto"
    output: options.Output = None


GROUPS: tuple[type[Struct], ...] = (BatchOptions, AnswerOptions)


def spread(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """The command as Typer takes it: in the place of a group of options stand the options."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if hint in GROUPS}

    @wraps(command)
    def spread_out(**given: Any) -> Outcome:
        for name, group in groups.items():
            given[name] = group(**{field: given.pop(field) for field in group.__struct_fields__})
        return command(**given)

    parameters = list(_parameters(command, hints))
    spread_out.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread_out.__annotations__ = {one.name: one.annotation for one in parameters}
    return spread_out


def _parameters(command: Callable[..., Outcome], hints: Mapping[str, Any]) -> Iterator[inspect.Parameter]:
    for name, parameter in inspect.signature(command).parameters.items():
        if hints[name] not in GROUPS:
            yield parameter.replace(annotation=hints[name], kind=parameter.KEYWORD_ONLY)
            continue
        own = get_type_hints(hints[name], include_extras=True)
        for field in structs.fields(hints[name]):
            default = parameter.empty if field.default is msgspec.NODEFAULT else field.default
            yield parameter.replace(
                name=field.name, annotation=own[field.name], default=default, kind=parameter.KEYWORD_ONLY
            )
