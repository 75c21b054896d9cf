"""`wce sweep`: what the weight does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from wce_cli.cli import headings, options
from wce_cli.cli.groups import AnswerOptions, BatchOptions
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError
from wce_cli.formats import formats_of

if TYPE_CHECKING:
    from wce_cli.loss.sums import Floats
    from wce_cli.questions.sweep import Sweep

FORMATS = formats_of("sweep")
EXAMPLES = (
    "wce sweep samples/two-samples.json --class 0 --to 1",
    "wce sweep -x '2 1 0; 0 1 2; 0 3 1' -y 0,1,1 -w 1,0.25,3 --smoothing",
    "wce sweep samples/two-samples.json --scale --values 0.5,1,2 --method sum",
)
CODES = ("0 answered", "2 cannot answer: the batch or an option is wrong")

Class = Annotated[
    str | None,
    headings.asked("--class", metavar="CLASS", help="Sweep the weight of this class: its index or its name."),
]
Smoothing = Annotated[bool, headings.asked("--smoothing", help="Sweep the label smoothing instead.")]
Scale = Annotated[bool, headings.asked("--scale", help="Sweep a number that multiplies all weights instead.")]
From = Annotated[str, headings.asked("--from", metavar="X", help="Where the range begins.")]
To = Annotated[
    str | None, headings.asked("--to", metavar="X", help="Where the range ends.  [default: 2; of the smoothing 1]")
]
Points = Annotated[str, headings.asked("--points", metavar="N", help="Points of the range, both ends among them.")]
Values = Annotated[
    str | None, headings.asked("--values", metavar="LIST", help="These values instead of a range: 0,0.1,1.")
]


def sweep(
    files: options.Files = None,
    class_: Class = None,
    smoothing: Smoothing = False,
    scale: Scale = False,
    start: From = "0",
    stop: To = None,
    points: Points = "41",
    values: Values = None,
    *,
    typed: BatchOptions,
    method: options.Methods = None,
    rows: Annotated[str | None, options.rows_of("Points", "11")] = None,
    how: AnswerOptions,
    format: Annotated[str | None, options.format_of(FORMATS)] = None,
    save: Annotated[list[str] | None, options.save_of(FORMATS)] = None,
) -> Outcome:
    """Show every method's loss as a class weight goes through a range.

    Or the label smoothing, or the scale of all weights. The batch is read once, however many points there are.
    """
    from wce_cli.cli.destinations import asked_answers, outcome

    asked = [class_ is not None, smoothing, scale]
    if sum(asked) != 1:
        problem = "what is to be swept?" if not any(asked) else "--class, --smoothing and --scale exclude each other"
        raise WceError(Problem(problem, "give one of --class 0, --smoothing, --scale"))
    kind: Literal["class", "smoothing", "scale"] = "class" if asked[0] else "smoothing" if smoothing else "scale"
    answers = asked_answers(FORMATS, how, format, save, rows=rows, methods=method)

    from wce_cli.cli.batches import read_batches, saved_files
    from wce_cli.cli.progress import progress_bar
    from wce_cli.questions.sweep import MOST_POINTS, class_index, places_of, sweep_batch
    from wce_cli.questions.sweep.curves import Axis

    if values is not None and (start != "0" or stop is not None or points != "41"):
        raise WceError(Problem("--values takes the place of --from, --to and --points", "leave out one or the other"))
    places = places_of(
        kind,
        options.number("--from", start),
        None if stop is None else options.number("--to", stop),
        options.whole_number("--points", points, 2, MOST_POINTS),
        None if values is None else _listed(values),
    )
    pairs = None if method is None or "all" in method else method
    parts = saved_files(files or [])
    if parts:
        return outcome(answers, [_of_parts(parts, typed.fields, kind, class_, places, pairs)], ())
    batches, notes = read_batches(files or [], typed.fields, typed.label_column)
    axes = [Axis(kind, 0 if class_ is None else class_index(batch.spec, class_)) for batch in batches]
    with progress_bar() as progress:
        found = [
            sweep_batch(batch, axis, places, pairs, progress=progress)
            for batch, axis in zip(batches, axes, strict=True)
        ]
    return outcome(answers, found, notes)


def _of_parts(
    paths: Sequence[str],
    typed: Mapping[str, str | None],
    kind: Literal["class", "smoothing", "scale"],
    class_: str | None,
    places: Floats,
    pairs: Sequence[str] | None,
) -> Sweep:
    """The answer of saved totals, which need no pass at all."""
    from wce_cli.cli.field_option import read_given
    from wce_cli.cli.saved_totals import STILL_OPEN, read_parts
    from wce_cli.questions.explain.from_saved import spec_of
    from wce_cli.questions.sweep import class_index, sweep_totals
    from wce_cli.questions.sweep.curves import Axis

    for field, text in typed.items():
        if text is not None and field not in STILL_OPEN:
            hint = f"take the totals anew: wce explain … {options.flag(field)} … --totals-out"
            raise WceError(Problem(f"{options.flag(field)} is fixed in saved totals", hint))
    saved = read_parts(paths)
    given = {field: read_given(field, text).value for field, text in typed.items() if text is not None}
    spec = spec_of(saved, given.get("weight"), given.get("label_smoothing"), given.get("classes"), None, options.flag)
    if kind == "smoothing" and saved.totals.every is None:
        hint = "save them with --label-smoothing 0.1, then every smoothing is answered"
        raise WceError(Problem("these totals were saved without smoothing, which needs sums over all classes", hint))
    axis = Axis(kind, 0 if class_ is None else class_index(spec, class_))
    return sweep_totals(spec, saved.header.shape, saved.totals, saved.facts, axis, places, pairs)


def _listed(text: str) -> list[float]:
    """The numbers of --values: typed, pasted, or in a file."""
    from wce_cli.inputs.numbers import read_numbers
    from wce_cli.inputs.reference import reference_in

    if reference_in(text) is not None or any(bracket in text for bracket in "[("):
        return [float(number) for number in read_numbers("--values", text).values]
    return [options.number("--values", word) for word in text.replace(",", " ").split()]
