"""`wce check`: is it still the number?"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from msgspec import structs

from wce_cli.cli import completion, options
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError, counted

EXAMPLES = (
    "wce check samples/two-samples.json",
    "wce check samples/two-samples.json --expect weighted-mean=0.692279 --tolerance 1e-6",
    "wce check 'samples/*.json' --format github --junit-out wce.xml",
)
CODES = ("0 every number is the expected one", "1 one is not, or cannot be compared", "2 something cannot be read")

Expect = Annotated[
    list[str] | None,
    typer.Option(
        "--expect",
        metavar="METHOD=VALUE",
        help="What METHOD or METHOD/PLACEMENT must give, or the list that loss or term must be; repeatable.",
        autocompletion=completion.expectations,
    ),
]
Tolerance = Annotated[
    str | None,
    typer.Option("--tolerance", metavar="T", help="How far a number may be off.  [default: half of the last digit]"),
]
SaveExpect = Annotated[
    str | None,
    typer.Option("--save-expect", metavar="OUT.json", help="Write a copy of FILE that expects today's numbers."),
]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit 0 also where a number is not the expected one.")]


def check(
    files: options.Files = None,
    expect: Expect = None,
    tolerance: Tolerance = None,
    save_expect: SaveExpect = None,
    logits: options.Logits = None,
    log_probs: options.LogProbs = None,
    probs: options.Probs = None,
    labels: options.Labels = None,
    weight: options.Weight = None,
    sample_weight: options.SampleWeight = None,
    classes: options.Classes = None,
    ignore_index: options.IgnoreIndex = None,
    label_base: options.LabelBase = None,
    label_smoothing: options.LabelSmoothing = None,
    label_column: options.LabelColumn = None,
    engine: options.Engines = None,
    format: options.CheckFormat = None,
    output: options.Output = None,
    json_out: options.JsonOut = None,
    junit_out: options.JunitOut = None,
    markdown_out: options.MarkdownOut = None,
    exit_zero: ExitZero = False,
    precision: options.Precision = None,
    width: options.Width = None,
    color: options.Color = "auto",
) -> Outcome:
    """Check that each batch still gives the numbers it expects.

    A batch carries them under "expect": {"weighted-mean": 0.692279}. Where one is not what it should be, the rule
    that does give it is named. A batch without any is an error, not a pass.
    """
    from wce_cli.cli.answers import asked_answers
    from wce_cli.engines import NONE, engines_of
    from wce_cli.formats import CHECKED

    engines = engines_of(engine or [NONE])
    near = None if tolerance is None else options.number("--tolerance", tolerance)
    if near is not None and not 0 <= near < float("inf"):
        raise WceError(Problem(f"--tolerance is {tolerance}, expected a number of 0 or more"))
    answers = asked_answers(
        format=format,
        output=output,
        only=None,
        beside={"json": json_out, "junit": junit_out, "markdown": markdown_out},
        rows=None,
        sort="index",
        findings=None,
        precision=precision,
        width=width,
        color=color,
        methods=None,
        known=CHECKED,
    )
    typed = {
        "logits": logits,
        "log_probs": log_probs,
        "probs": probs,
        "labels": labels,
        "weight": weight,
        "sample_weight": sample_weight,
        "classes": classes,
        "ignore_index": ignore_index,
        "label_base": label_base,
        "label_smoothing": label_smoothing,
    }
    if save_expect is not None:
        from wce_cli.cli.saving import check_saving

        check_saving(files or [], save_expect, [field for field, text in typed.items() if text is not None], answers)

    from wce_cli.cli.batches import typed_fields
    from wce_cli.cli.checking import SEARCHED, Asked, Whole, checked_part, lines_of, typed_expect
    from wce_cli.cli.each import each_batch
    from wce_cli.cli.misplaced import refuse_misplaced
    from wce_cli.inputs.lines import Lines

    asked = Asked(typed_expect(expect or []), near, engines)
    refuse_misplaced(files or [], typed)
    fields = typed_fields(typed, label_column)
    notes: list[str] = []
    saved: list[dict[str, Any]] | None = None if save_expect is None else []
    whole = Whole(answers)
    for source in each_batch(files or [], fields, label_column, notes, by_line=saved is None):
        if isinstance(source, Lines):
            from wce_cli.cli.check_lines import Wrong, check_lines, read_line

            for found in check_lines(source, fields, asked, answers):
                if not isinstance(found, Wrong):
                    whole.add(found)
                elif whole.summary.differ < SEARCHED:
                    whole.add(checked_part(read_line(found.line, fields), asked, 1, answers))
                else:
                    whole.add(found.part)
        else:
            depth = 1 if whole.summary.differ < SEARCHED else 0
            whole.add(checked_part(source, asked, depth, answers, saved))
    answer = whole.outcome()
    code = 2 if whole.errors else 0 if exit_zero or not whole.summary.differ else 1
    written = answer.files
    if save_expect is not None and saved is not None and not whole.errors:
        from wce_cli.inputs.member import with_members

        assert files is not None
        written = (*written, (save_expect, with_members(files[0], "expect", saved)))
        notes.append(f"{save_expect} expects today's numbers of {counted(len(saved), 'batch', 'batches')}")
    said = tuple(dict.fromkeys([*notes, *whole.notes]))
    return structs.replace(answer, files=written, notes=said, errors=tuple(lines_of(whole.errors)), code=code)
