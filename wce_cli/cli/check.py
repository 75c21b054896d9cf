"""`wce check`: is it still the number?"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import structs

from wce_cli.cli import completion, headings, options
from wce_cli.cli.groups import AnswerOptions, BatchOptions
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError, counted
from wce_cli.formats import formats_of

FORMATS = formats_of("check")
EXAMPLES = (
    "wce check samples/two-samples.json",
    "wce check samples/two-samples.json --expect sum=0.761507 --tolerance 1e-6",
    "wce check 'samples/*.json' --format github --save wce.xml",
)
CODES = ("0 every number is the expected one", "1 one is not, or cannot be compared", "2 something cannot be read")

Expect = Annotated[
    list[str] | None,
    headings.asked(
        "--expect",
        metavar="METHOD=VALUE",
        help="What METHOD or METHOD/PLACEMENT must give, or the list that loss or term must be; repeatable.",
        autocompletion=completion.expectations,
    ),
]
Tolerance = Annotated[
    str | None,
    headings.asked("--tolerance", metavar="T", help="How far a number may be off.  [default: half of the last digit]"),
]
SaveExpect = Annotated[
    str | None,
    headings.asked("--save-expect", metavar="OUT.json", help="Write a copy of FILE that expects today's numbers."),
]
ExitZero = Annotated[bool, headings.asked("--exit-zero", help="Exit 0 also where a number is not the expected one.")]


def check(
    files: options.Files = None,
    expect: Expect = None,
    tolerance: Tolerance = None,
    save_expect: SaveExpect = None,
    exit_zero: ExitZero = False,
    *,
    typed: BatchOptions,
    engine: options.Engines = None,
    how: AnswerOptions,
    format: Annotated[str | None, options.format_of(FORMATS)] = None,
    save: Annotated[list[str] | None, options.save_of(FORMATS)] = None,
) -> Outcome:
    """Check that each batch still gives the numbers it expects.

    A batch carries them under "expect": {"weighted-mean": 0.692279}; a number alone is what its criterion returns.
    Where one is not what it should be, the rule that does give it is named. A batch without any is an error, not a
    pass.
    """
    from wce_cli.cli.destinations import asked_answers
    from wce_cli.engines import NONE, engines_of

    engines = engines_of(engine or [NONE])
    near = None if tolerance is None else options.number("--tolerance", tolerance)
    if near is not None and not 0 <= near < float("inf"):
        raise WceError(Problem(f"--tolerance is {tolerance}, expected a number of 0 or more"))
    answers = asked_answers(FORMATS, how, format, save)
    if save_expect is not None:
        from wce_cli.cli.save_expect import check_saving

        given = [field for field, text in typed.fields.items() if text is not None]
        check_saving(files or [], save_expect, given, answers)

    from wce_cli.cli.batches import typed_fields
    from wce_cli.cli.checked_batches import BATCHES_SEARCHED, CheckAsked, Whole, checked_part, lines_of, typed_expect
    from wce_cli.cli.misplaced import refuse_misplaced
    from wce_cli.cli.one_by_one import each_batch
    from wce_cli.inputs.lines import Lines

    has_criterion = typed.fields["criterion"] is not None
    asked = CheckAsked(typed_expect(expect or [], has_criterion=has_criterion), near, engines)
    refuse_misplaced(files or [], typed.fields)
    fields = typed_fields(typed.fields, typed.label_column)
    notes: list[str] = []
    saved: list[dict[str, Any]] | None = None if save_expect is None else []
    whole = Whole(answers)
    for source in each_batch(files or [], fields, typed.label_column, notes, by_line=saved is None):
        if isinstance(source, Lines):
            from wce_cli.cli.check_lines import WrongLine, check_lines, read_line

            for found in check_lines(source, fields, asked, answers):
                if not isinstance(found, WrongLine):
                    whole.add(found)
                elif whole.summary.differ < BATCHES_SEARCHED:
                    whole.add(checked_part(read_line(found.line, fields), asked, 1, answers))
                else:
                    whole.add(found.part)
        else:
            depth = 1 if whole.summary.differ < BATCHES_SEARCHED else 0
            whole.add(checked_part(source, asked, depth, answers, saved))
    answer = whole.outcome()
    code = 2 if whole.errors else 0 if exit_zero or not whole.summary.differ else 1
    written, done = answer.files, tuple[str, ...]()
    if save_expect is not None and saved is not None and not whole.errors:
        from wce_cli.inputs.json_edit import with_members

        assert files is not None
        written = (*written, (save_expect, with_members(files[0], "expect", saved)))
        done = (f"{save_expect} expects today's numbers of {counted(len(saved), 'batch', 'batches')}",)
    said = tuple(dict.fromkeys([*notes, *whole.notes]))
    errors = tuple(lines_of(whole.errors))
    return structs.replace(answer, files=written, notes=said, saved=done, errors=errors, code=code)
