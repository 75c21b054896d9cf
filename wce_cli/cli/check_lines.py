"""`wce check` of a file of a batch a line: a piece of it at a time, on all cores.

Most lines of a long run give what they should, and are told so by stacks. A line that does not is answered by itself
where it stands; the first of a run are answered once more, to look for their numbers among the odd rules as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from wce_cli.answers.check import Checked, Comparison
from wce_cli.cli.checked_batches import CheckAsked, CheckedPart, checked, notes_of, outcome_of, part
from wce_cli.cli.destinations import Destination
from wce_cli.cli.field_option import OptionValue, plain_weight
from wce_cli.cli.one_by_one import Read, read
from wce_cli.errors import WceError
from wce_cli.inputs.fast_lines import plain_documents
from wce_cli.inputs.lines import Lines, Piece
from wce_cli.inputs.ndjson import document_of_line
from wce_cli.processes.pool import in_order
from wce_cli.processes.work import Work
from wce_cli.questions.check.plain import plain_comparisons


class WrongLine(Struct, frozen=True):
    """A line whose numbers are not all as expected."""

    line: Piece
    part: CheckedPart
    """What came of it without the odd rules."""


def check_lines(
    lines: Lines, fields: Mapping[str, OptionValue], asked: CheckAsked, answers: Sequence[Destination]
) -> Iterator[CheckedPart | WrongLine]:
    """The outcomes of all lines of a file, in their order: of several at once, or one line to be looked at again."""

    def work(piece: Piece) -> list[CheckedPart | WrongLine]:
        return list(_answered(piece, fields, asked, answers))

    for found in in_order(lambda: Work(work, lambda: None), lines.pieces(), comes_at_once=lines.comes_at_once):
        yield from found


def read_line(piece: Piece, fields: Mapping[str, OptionValue]) -> Read:
    """The batch of a piece of one line."""
    document = document_of_line(piece.shown, piece.first, piece.content)
    return read(document, fields, None if piece.is_alone else piece.position)


def _answered(
    piece: Piece, fields: Mapping[str, OptionValue], asked: CheckAsked, answers: Sequence[Destination]
) -> Iterator[CheckedPart | WrongLine]:
    lines = list(piece.lines())
    documents = plain_documents([line for _, line in lines])
    weight = plain_weight(fields)
    if weight is False or asked.engines:
        comparisons: list[tuple[Comparison, ...] | None] = [None] * len(lines)
    else:
        comparisons = plain_comparisons(documents, weight, asked.expect, asked.tolerance)
    outcomes: list[Checked] = []
    errors: list[WceError] = []
    notes: list[str] = []
    for k, (number, content) in enumerate(lines):
        document, plain = documents[k], comparisons[k]
        if plain is not None and document is not None:
            name = document.get("name") or (None if piece.is_alone else f"batch {piece.position + k}")
            outcomes.append(outcome_of(piece.shown, f"line {number}", name, plain))
            continue
        line = Piece(piece.shown, number, content, piece.position + k, piece.is_alone)
        alone = read_line(line, fields)
        notes += notes_of(alone)
        outcome, error = checked(alone, asked, depth=0)
        if outcome.verdict != "differs":
            outcomes.append(outcome)
            errors += [error] if error is not None else []
            continue
        yield part(outcomes, errors, notes, answers)
        yield WrongLine(line, part([outcome], [], notes_of(alone), answers))
        outcomes, errors, notes = [], [], []
    yield part(outcomes, errors, notes, answers)
