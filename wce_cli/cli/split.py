"""`wce split`: what if the batch is cut?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Struct

from wce_cli.cli import completion, headings, options
from wce_cli.cli.groups import AnswerOptions, BatchOptions
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError
from wce_cli.formats import formats_of

FORMATS = formats_of("split")
EXAMPLES = (
    "wce split samples/two-samples.json --size 1",
    "wce split -x '2 1 0; 0 1 2; 1 1 1; 0 3 1' -y 0,1,2,1 -w 1,0.25,3 --ranks 2",
    "wce split samples/two-samples.json --by sample --method weighted-mean",
)
CODES = ("0 answered", "2 cannot answer: the batch or an option is wrong")
HIGHEST_SEED = (1 << 64) - 1

Size = Annotated[
    str | None,
    headings.asked("--size", metavar="SIZE", help="Micro-batches of SIZE samples, or of 3,5,...: what is accumulated."),
]
Ranks = Annotated[
    str | None,
    headings.asked("--ranks", metavar="R", help="Deal the samples to R ranks in turn, as data parallel training does."),
]
By = Annotated[
    str | None,
    headings.asked(
        "--by",
        metavar="WHAT",
        help="What is cut: sample, a sequence or an image as a whole, or row. Alone, each a part.  [default: sample]",
        autocompletion=completion.offering(completion.cuts),
    ),
]
Shuffle = Annotated[
    str | None,
    headings.asked(
        "--shuffle",
        metavar="SEED",
        help="Take the N samples in the order numpy.random.default_rng(SEED).permutation(N).",
    ),
]


def split(
    files: options.Files = None,
    size: Size = None,
    ranks: Ranks = None,
    by: By = None,
    shuffle: Shuffle = None,
    *,
    typed: BatchOptions,
    method: options.Methods = None,
    rows: Annotated[str | None, options.rows_of("Parts", "20; in JSON up to 10000, in CSV all")] = None,
    findings: options.Findings = None,
    how: AnswerOptions,
    format: Annotated[str | None, options.format_of(FORMATS)] = None,
    save: Annotated[list[str] | None, options.save_of(FORMATS)] = None,
) -> Outcome:
    """Compare a batch's loss with the mean of the losses of its parts.

    By every method: what accumulating micro-batches or averaging over ranks makes of the loss and of the gradients,
    and what to do about it. Each part divides by its own denominator. A sample is what stands along the first axis.
    """
    from wce_cli.cli.destinations import asked_answers, outcome

    answers = asked_answers(FORMATS, how, format, save, rows=rows, findings=findings, methods=method)
    asked = _asked(size, by, ranks, shuffle)

    from wce_cli.cli.batches import read_whole
    from wce_cli.cli.progress import progress_bar
    from wce_cli.questions.split import cut_of, split_batch

    batches, notes = read_whole(files or [], typed.fields, typed.label_column, "cut into parts")
    spelled = "--size", "--ranks"
    cuts = [cut_of(batch, asked.size, asked.ranks, asked.seed, spelled, asked.by) for batch in batches]
    with progress_bar() as progress:
        found = [split_batch(batch, cut, progress=progress) for batch, cut in zip(batches, cuts, strict=True)]
    return outcome(answers, found, notes)


class _AskedSplit(Struct, frozen=True):
    """Into which parts."""

    size: int | Sequence[int] | None
    ranks: int
    seed: int | None
    by: str | None


def _asked(size: str | None, by: str | None, ranks: str | None, shuffle: str | None) -> _AskedSplit:
    """What was typed, read. Raises WceError if it cuts the batch into no parts."""
    if by is not None:
        options.one_of("--by", by, completion.cuts())
    blocks = _sizes(size) if size is not None else None
    dealt = 1 if ranks is None else options.whole_number("--ranks", ranks, 1)
    seed = None if shuffle is None else options.whole_number("--shuffle", shuffle, 0, HIGHEST_SEED)
    if blocks is None and dealt == 1 and by is None:
        given = "--shuffle" if shuffle is not None else "--ranks 1" if ranks is not None else ""
        problem = f"{given} alone cuts the batch into no parts" if given else "into which parts is the batch to be cut?"
        raise WceError(Problem(problem, "give one of --size 4, --by sample, --ranks 2"))
    return _AskedSplit(blocks, dealt, seed, by)


def _sizes(text: str) -> int | tuple[int, ...]:
    """`4` as the size of every part, `3,5` as the sizes of all."""
    words = text.replace(" ", ",").split(",") if text.strip() else [text]
    sizes = tuple(options.whole_number("--size", word, 1) for word in words if word or len(words) == 1)
    return sizes[0] if len(sizes) == 1 else sizes
