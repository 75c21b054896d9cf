"""`wce explain --split/--ranks/--shuffle`: what if the batch is cut?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wce_cli.cli import options
from wce_cli.cli.answers import Answer, outcome
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError

HIGHEST_SEED = (1 << 64) - 1


def sizes_of(text: str) -> int | tuple[int, ...]:
    """`4` as the size of every part, `3,5` as the sizes of all."""
    words = text.replace(" ", ",").split(",") if text.strip() else [text]
    sizes = tuple(options.whole_number("--split", word, 1) for word in words if word or len(words) == 1)
    return sizes[0] if len(sizes) == 1 else sizes


def refuse(where: str, needs: Mapping[str, bool]) -> None:
    """Say of the first option that has no meaning there that it is given."""
    for option, is_given in needs.items():
        if is_given:
            raise WceError(Problem(f"{option} has no meaning {where}", f"leave out {option}"))


def of_split(
    answers: Sequence[Answer],
    files: Sequence[str],
    typed: Mapping[str, str | None],
    label_column: str | None,
    *,
    size: str | None,
    ranks: str | None,
    shuffle: str | None,
) -> Outcome:
    """The answer for every batch of the files."""
    blocks = None if size is None else sizes_of(size)
    dealt = 1 if ranks is None else options.whole_number("--ranks", ranks, 1)
    seed = None if shuffle is None else options.whole_number("--shuffle", shuffle, 0, HIGHEST_SEED)
    if size is None and dealt == 1:
        given = "--shuffle" if shuffle is not None else "--ranks 1"
        raise WceError(Problem(f"{given} alone cuts the batch into no parts", "give --split or --ranks 2"))

    from wce_cli.cli.batches import read_batches
    from wce_cli.cli.progress import progress_bar
    from wce_cli.questions.split import Split, cut_of, split_batch

    batches, notes = read_batches(files, typed, label_column)
    cuts = [cut_of(batch, blocks, dealt, seed, ("--split", "--ranks")) for batch in batches]

    def each() -> Iterator[Split]:
        with progress_bar() as progress:
            for batch, cut in zip(batches, cuts, strict=True):
                yield split_batch(batch, cut, progress=progress)

    return outcome(answers, list(each()), notes)
