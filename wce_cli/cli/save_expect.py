"""`wce check --save-expect`: a copy of a file that expects today's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from wce_cli.cli import options
from wce_cli.cli.destinations import Destination
from wce_cli.errors import Problem, WceError

if TYPE_CHECKING:
    from wce_cli.questions.check.batch_losses import BatchLosses


def saved_expect(losses: BatchLosses, expected: Sequence[str]) -> dict[str, Any]:
    """What the copy of a batch expects: the methods of one plain torch call each where they are defined, and whatever
    was expected already."""
    from wce_cli.digits import to_plain
    from wce_cli.loss.methods import TORCHS
    from wce_cli.questions.check.batch_losses import todays

    plain = to_plain(todays(losses, dict.fromkeys([*TORCHS, *expected])))
    assert isinstance(plain, dict)
    return plain


def check_saving(files: Sequence[str], out: str, typed: Sequence[str], answers: Sequence[Destination]) -> None:
    """Raise WceError unless there is one JSON file to copy, and nothing that would make its numbers another batch's."""
    from wce_cli.cli.files import same_file
    from wce_cli.inputs import is_typed
    from wce_cli.inputs.guard import guard
    from wce_cli.inputs.suffixes import NOT_READ, READERS, STDIN, has_wildcard, is_array_file, suffix_of

    if not out or out == STDIN:
        raise WceError(Problem("--save-expect names no file", "--save-expect OUT.json"))
    if len(files) != 1 or files[0] == STDIN or is_array_file(files[0]) or is_typed(files[0]) or has_wildcard(files[0]):
        raise WceError(Problem("--save-expect copies one JSON file, so exactly one must be given"))
    if suffix_of(files[0]) not in READERS:
        from wce_cli.inputs.text import is_print

        if is_print(files[0]):
            raise WceError(Problem(f"--save-expect copies a JSON file, and {files[0]} is a print"))
    ending = ".ndjson" if _is_of_lines(files[0]) else ".json"
    if _is_of_lines(out) != _is_of_lines(files[0]) or is_array_file(out) or suffix_of(out) in NOT_READ:
        written = "one batch a line" if ending == ".ndjson" else "one JSON document"
        hint = f"--save-expect {PurePath(out).with_suffix(ending)}"
        raise WceError(Problem(f"--save-expect is {out}, but a copy of {files[0]} is {written}", hint))
    if typed:
        given = options.flag(typed[0])
        raise WceError(Problem(f"{given} would make other numbers than the file gives", "leave it out to save them"))
    for answer in answers:
        if answer.file not in (None, STDIN) and same_file(answer.file, out):
            raise WceError(Problem(f"--save-expect and another answer are one file, {out}", "give each its own"))
    if not same_file(out, files[0]):  # that one alone is replaced on purpose
        guard([("--save-expect", out)])


def _is_of_lines(path: str) -> bool:
    """Whether a file of that name is read line by line, each a batch of its own."""
    from wce_cli.inputs.suffixes import READERS, suffix_of

    return READERS.get(suffix_of(path)) == READERS[".ndjson"]
