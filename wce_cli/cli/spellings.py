"""A command that knows its options by the names that other tools have for them: `--target`, `--label_smoothing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typer.core import TyperCommand

from wce_cli.cli.headings import write_options
from wce_cli.errors import WceError
from wce_cli.fields import field_of, given_twice

LONG_DASHES = "\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"


class Command(TyperCommand):
    """What Typer makes of a function, its options by every name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Typer's own way, after every option has got the name that is declared."""
        declared = {option: str(one.name) for one in self.params for option in one.opts if option.startswith("-")}
        return super().parse_args(ctx, as_declared(args, declared))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Typer's own lists, under our headings."""
        write_options(self.get_params(ctx), ctx, formatter)


def as_declared(arguments: Sequence[str], declared: Mapping[str, str]) -> list[str]:
    """The command line with its options by the names in `declared`, which are `--logits` → logits.

    Raises WceError if an option is given by two names that mean the same.
    """
    kept: list[str] = []
    seen: dict[str, str] = {}
    for position, word in enumerate(arguments):
        if word == "--":
            return [*kept, *arguments[position:]]
        written, equals, value = word.partition("=")
        option = written if written in declared else _declared(written, declared)
        kept.append(f"{option}{equals}{value}")
        field = declared.get(option) or declared.get(word[:2], "")
        before = seen.setdefault(field, written) if field else written
        if written != before and (_is_alias(written, field) or _is_alias(before, field)):
            raise WceError(given_twice(before, written))
    return kept


def _declared(written: str, declared: Mapping[str, str]) -> str:
    """`--target` → `--labels`, `--label_base` → `--label-base`; what is neither stays as it is."""
    if written.startswith(tuple(LONG_DASHES)):  # –x and —logits, as chats and documents make them
        bare = written.lstrip("-" + LONG_DASHES)
        return next((option for option in (f"-{bare}", f"--{bare}") if option in declared), written)
    if not written.startswith("--"):
        return written
    name = written[2:].replace("-", "_")
    options = (f"--{meant.replace('_', '-')}" for meant in (name, field_of(name)))
    return next((option for option in options if option in declared), written)


def _is_alias(written: str, field: str) -> bool:
    return written.startswith("--") and written[2:].replace("-", "_") != field
