"""`wce identify`: which rule gave this number."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from glob import glob
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from wce_cli.cli import headings, options
from wce_cli.cli.groups import AnswerOptions, BatchOptions
from wce_cli.cli.outcome import Outcome
from wce_cli.formats import formats_of

if TYPE_CHECKING:
    from wce_cli.questions.identify.number import PrintedNumber

FORMATS = formats_of("identify")
EXAMPLES = (
    "wce identify 1.7529 0.6662 -x '3 4; 6 9' -y 1,0 -w 0.4,0.36",
    "wce identify 0.6923 samples/two-samples.json --weight 0.1,1 --separate",
    "wce identify --loss-values 5.6390,4.9593 samples/reports/pytorch-25571.json",
)
CODES = ("0 every number has a rule", "1 a number has none", "2 cannot answer: the batch or an option is wrong")

NUMBER = re.compile(r"[-+−]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|nan|inf(?:inity)?)", re.IGNORECASE)
NEGATIVE_BEGUN = re.compile(r"-\.?\d")
"""How a negative number begins, whatever stands behind it, and no option does."""
MINUS = "−"
"""Stands for the - of a negative number among the arguments, which would else begin an option."""
DEEPEST_SEARCH = 3

Words = Annotated[
    list[str] | None,
    typer.Argument(
        rich_help_panel=headings.ASKED,
        metavar="VALUE... [FILE]",
        help="The numbers to explain, as they were printed, tensor(0.98) too; any other word is a FILE.",
        show_default=False,
    ),
]
Depth = Annotated[
    str, headings.asked("--depth", metavar="N", help="Departures from a standard rule that are tried, 0 to 3.")
]
Tolerance = Annotated[
    str | None,
    headings.asked("--tolerance", metavar="T", help="How far a rule may be off.  [default: half of the last digit]"),
]
Separate = Annotated[
    bool, headings.asked("--separate", help="Print a small batch on which the tied rules give different numbers.")
]
Verbose = Annotated[bool, headings.shown("--verbose", help="Print the odder rules, all ties and what was tried, too.")]
LossValues = Annotated[
    str | None,
    headings.asked(
        "--loss-values",
        metavar="LIST",
        help="A list of losses to explain: one a sample, a sequence or image, or a score.",
    ),
]
GradientValues = Annotated[
    str | None,
    headings.asked("--gradient-values", metavar="ROWS", help="Gradients of the logits to explain, one a logit."),
]


def protected(arguments: Sequence[str]) -> list[str]:
    """The command line with each negative number that is an argument of its own marked as no option.

    What follows an option that takes a value is that value, whatever it looks like.
    """
    flags = {"-", "--separate", "--verbose", "--help", "-h"}
    kept: list[str] = []
    takes_value = False
    for position, word in enumerate(arguments):
        if word == "--":
            return [*kept, *arguments[position:]]
        if not takes_value and word.startswith("-") and (NUMBER.fullmatch(word) or NEGATIVE_BEGUN.match(word)):
            word = MINUS + word[1:]
            takes_value = False
        else:
            is_option = word.startswith("-") and word not in flags and "=" not in word
            takes_value = is_option and not takes_value
        kept.append(word)
    return kept


def _saved(word: str) -> str | None:
    """The text of a file of prints, `@loss.txt` or `loss.txt`; None for what is no such file, and may hold a batch."""
    from wce_cli.inputs.suffixes import TEXTS, suffix_of
    from wce_cli.inputs.text import content_of, printed

    path = word.removeprefix("@")
    if not (word.startswith("@") or suffix_of(path) in TEXTS):
        return None
    return printed(content_of(path), path)


def _may_be_file(word: str) -> bool:
    """Whether a word is stdin, a file that is there or is named like one, a pattern of some, or a batch itself."""
    from wce_cli.inputs import is_typed
    from wce_cli.inputs.suffixes import STDIN
    from wce_cli.questions.identify.pasted import A_FILE

    return word == STDIN or os.path.exists(word) or bool(A_FILE.fullmatch(word) or glob(word)) or is_typed(word)


def _loss_in(files: Sequence[str]) -> str:
    """The loss that is saved beside the batch in the first file; empty where none is."""
    from wce_cli.inputs import read_arrays
    from wce_cli.inputs.loop_members import loss_beside
    from wce_cli.inputs.suffixes import ARRAY_READERS, suffix_of

    is_read = bool(files) and os.path.isfile(files[0]) and suffix_of(files[0]) in ARRAY_READERS
    found = loss_beside(read_arrays(files[0])) if is_read else None
    return found[1] if found else ""


def _told_apart(words: Sequence[str], near: float | None) -> tuple[list[PrintedNumber], list[str]]:
    """The numbers among the words, as they were typed or printed, and the files: what is there, and all other words."""
    from wce_cli.errors import Problem, WceError
    from wce_cli.inputs.pasted_noise import plain
    from wce_cli.questions.identify.pasted import almost, numbers_in

    numbers: list[PrintedNumber] = []
    files: list[str] = []
    for word in words:
        is_file = os.path.exists(word) and not NUMBER.fullmatch(word)
        text = _saved(word) if is_file or word.startswith("@") else word
        found = None if text is None else numbers_in(text, near)
        if found is None and text == word and not is_file and (hint := almost(word)):
            raise WceError(Problem(f"{plain(word)} is not a number", hint))
        if found is None:
            files.append(word)
        else:
            numbers += found
    return numbers, files


def identify(
    words: Words = None,
    *,
    typed: BatchOptions,
    loss_values: LossValues = None,
    gradient_values: GradientValues = None,
    depth: Depth = "1",
    tolerance: Tolerance = None,
    separate: Separate = False,
    verbose: Verbose = False,
    how: AnswerOptions,
    format: Annotated[str | None, options.format_of(FORMATS)] = None,
    save: Annotated[list[str] | None, options.save_of(FORMATS)] = None,
) -> Outcome:
    """Name the rule behind a number: how it is weighted and divided.

    The simplest rule that gives the number within its digits, what ties with it, and the chance that a number which
    means nothing would have been explained as well.
    """
    from wce_cli.cli.destinations import asked_answers, outcome
    from wce_cli.errors import Problem, WceError
    from wce_cli.questions.identify.pasted import A_NUMBER, loss_in

    deepest = options.whole_number("--depth", depth, 0, DEEPEST_SEARCH)
    near = None if tolerance is None else options.number("--tolerance", tolerance)
    if near is not None and not 0 <= near < float("inf"):
        raise WceError(Problem(f"--tolerance is {tolerance}, expected a number of 0 or more"))
    answers = asked_answers(FORMATS, how, format, save)
    answers = [structs.replace(one, look=structs.replace(one.look, verbose=verbose)) for one in answers]
    numbers, files = _told_apart(words or [], near)
    if not numbers and loss_values is None and gradient_values is None:
        strange = next((file for file in files if not _may_be_file(file)), None)
        if strange is not None:
            others = [file for file in files if file != strange]
            hint = f"wce identify {loss_in(strange) or A_NUMBER} {' '.join(others[:1]) or 'FILE'}"
            raise WceError(Problem(f"{strange} is no number, and no file has that name", hint))
        hint = f"wce identify {_loss_in(files) or A_NUMBER} {' '.join(files[:1]) or 'FILE'}"
        raise WceError(Problem("there is no number to identify", hint))

    from wce_cli.cli.batches import read_batches
    from wce_cli.inputs.numbers import read_numbers
    from wce_cli.questions.identify import NumbersAsked, identify_batch
    from wce_cli.questions.identify.number import held_to, printed_number

    batches, notes = read_batches(files, typed.fields, typed.label_column)

    def listed(option: str, text: str | None) -> tuple[PrintedNumber, ...]:
        if text is None:
            return ()
        values, dtype = read_numbers(option, text)
        return tuple(held_to(printed_number(one, near), dtype) for one in values)

    asked = NumbersAsked(
        tuple(numbers),
        listed("--loss-values", loss_values),
        listed("--gradient-values", gradient_values),
    )
    found = [identify_batch(batch, asked, deepest, separate=separate) for batch in batches]
    answer = outcome(answers, found, notes)
    return answer if all(one.is_complete for one in found) else structs.replace(answer, code=1)
