"""`wce explain --gradient`: what the loss pulls at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wce_cli.cli.answers import Answer, outcome
from wce_cli.cli.batches import read_batches
from wce_cli.cli.outcome import Outcome
from wce_cli.cli.progress import progress_bar
from wce_cli.questions.gradient import gradient_batch


def of_gradient(
    answers: Sequence[Answer],
    files: Sequence[str],
    typed: Mapping[str, str | None],
    label_column: str | None,
    methods: Sequence[str] | None,
) -> Outcome:
    """The answer for every batch of the files."""
    batches, notes = read_batches(files, typed, label_column)
    asked = [answer.look.rows for answer in answers if answer.look.rows is not None]
    lists_all = any(answer.format.rows and answer.look.rows is None for answer in answers)
    pairs = None if methods is None or "all" in methods else methods
    found = []
    with progress_bar() as progress:
        for batch in batches:
            rows = batch.n_samples if lists_all else max(asked) if asked else None
            found.append(gradient_batch(batch, rows, pairs, progress=progress))
    return outcome(answers, found, notes)
