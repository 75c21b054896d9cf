"""`wce gradient`: what the loss pulls at."""

from __future__ import annotations

from typing import Annotated

from wce_cli.cli import options
from wce_cli.cli.groups import AnswerOptions, BatchOptions
from wce_cli.cli.outcome import Outcome
from wce_cli.formats import EVERY, formats_of

FORMATS = formats_of("gradient")
EXAMPLES = (
    "wce gradient samples/two-samples.json",
    "wce gradient -x '2 1 0; 0 1 2; 0 3 1' -y 0,1,1 -w 1,0.25,3 --rows 2",
    "wce gradient samples/two-samples.json --label-smoothing 0.1 --method all",
)
CODES = ("0 answered", "2 cannot answer: the batch or an option is wrong")


def gradient(
    files: options.Files = None,
    *,
    typed: BatchOptions,
    method: options.Methods = None,
    rows: Annotated[str | None, options.rows_of("Samples", "20, then none; in CSV all")] = None,
    how: AnswerOptions,
    format: Annotated[str | None, options.format_of(FORMATS)] = None,
    save: Annotated[list[str] | None, options.save_of(FORMATS)] = None,
) -> Outcome:
    """Show what each method multiplies a sample's gradient by.

    Whether the gap between two losses is one factor, which a learning rate makes up for, or another direction; with
    smoothing or probability labels the norms and cosines; and each class's share of the gradient.
    """
    from wce_cli.cli.destinations import asked_answers, outcome

    answers = asked_answers(FORMATS, how, format, save, rows=rows, methods=method)

    from wce_cli.cli.batches import read_whole
    from wce_cli.cli.progress import progress_bar
    from wce_cli.questions.gradient import gradient_batch

    batches, notes = read_whole(files or [], typed.fields, typed.label_column, "have a gradient")
    asked = [answer.look.rows for answer in answers if answer.look.rows is not None]
    lists_all = any(answer.format.writer.rows == EVERY and answer.look.rows is None for answer in answers)
    pairs = None if method is None or "all" in method else method
    found = []
    with progress_bar() as progress:
        for batch in batches:
            listed = batch.n_samples if lists_all else max(asked) if asked else None
            found.append(gradient_batch(batch, listed, pairs, progress=progress))
    return outcome(answers, found, notes)
