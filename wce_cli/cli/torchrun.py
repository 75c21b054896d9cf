"""`wce explain` under torchrun: each rank walks a share of the rows, and rank 0 answers for all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from wce_cli.answers.report import Measured, Report
from wce_cli.batches.batch import Batch, WrongRows, learn, prove, ranges_of
from wce_cli.batches.number_checks import RowProblems
from wce_cli.cli.batches import expanded, read_batches
from wce_cli.cli.destinations import Destination, outcome
from wce_cli.cli.outcome import Outcome
from wce_cli.cli.ranks import Rank, together
from wce_cli.errors import Problem, WceError
from wce_cli.fields import SCORE_KINDS
from wce_cli.formats.cells import rounding_note
from wce_cli.inputs.suffixes import STDIN
from wce_cli.inputs.totals import as_text
from wce_cli.passes.one_pass import group_bounds, one_pass
from wce_cli.passes.workers import WORTH_WORKERS
from wce_cli.processes.pool import cores
from wce_cli.questions.explain.from_saved import added_up
from wce_cli.questions.explain.of_batch import explain_pass
from wce_cli.saved.document import document_of, saved_of
from wce_cli.saved.part import Saved


class _Message(Struct, frozen=True):
    """What a rank says of its rows: their totals, or what is wrong with them."""

    seen: str
    """A digest of the files and the shapes that it sees."""
    part: dict[str, Any] | None = None
    """The document of its totals."""
    read: list[Any] = []
    """The ranges of the files that it has read, with their checksums."""
    wrong: RowProblems | None = None
    has_zero: bool = False


class _Share:
    """The share of one rank: the whole batch as all ranks see it, and what it sends of its rows."""

    def __init__(
        self, rank: Rank, files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None, top: int
    ) -> None:
        self.rank, self.files, self.typed, self.label_column, self.top = rank, files, typed, label_column, top
        self.batch: Batch
        self.notes: tuple[str, ...] = ()

    def find(self) -> bytes:
        """The message of this rank: what it sees, and the totals of its rows, or what is wrong with them."""
        paths = [path for file in self.files for path in expanded(file)]
        if STDIN in paths or not (paths or any(self.typed.get(kind) for kind in SCORE_KINDS)):
            raise WceError(Problem("stdin is one, and under torchrun several processes read", "name files"))
        batches, self.notes = read_batches(paths, self.typed, self.label_column)
        if len(batches) != 1:
            hint = "run several batches without torchrun"
            raise WceError(Problem(f"torchrun shares one batch among its ranks, and there are {len(batches)}", hint))
        (self.batch,) = batches
        looked_at = [[[path, os.path.getsize(path)] for path in paths], [field.shape for field in self.batch.fields]]
        digest = hashlib.sha256(json.dumps(looked_at).encode()).hexdigest()
        try:
            part = document_of(self._part())
            message = _Message(digest, part, ranges_of(self.batch))
        except WrongRows as wrong:
            message = _Message(digest, wrong=wrong.checks, has_zero=wrong.has_zero)
        return msgspec.msgpack.encode(message)

    def _part(self) -> Saved:
        """The totals of this rank's rows, which count from their own first."""
        batch, rank = self.batch, self.rank
        groups = group_bounds(batch, 0, batch.n_samples)
        mine = groups[rank.share(len(groups))]
        start, stop = (mine[0][0], mine[-1][1]) if mine else (0, 0)
        is_large = (stop - start) * batch.spec.n_classes >= WORTH_WORKERS
        workers = max(1, cores() // rank.local_size) if is_large else None
        totals, facts = one_pass(batch, workers=workers, rows=(start, stop), top=self.top)
        return Saved.of(batch.spec, (stop - start, batch.spec.n_classes), totals, facts.shifted(-start))

    def whole(self, messages: Sequence[bytes]) -> Saved:
        """What all ranks have sent, as the one pass would have left it."""
        said = [msgspec.msgpack.decode(message, type=_Message) for message in messages]
        for number, message in enumerate(said):
            if message.seen != said[0].seen:
                hint = "name the same files on all machines, or save the totals of each: --totals-out"
                raise WceError(Problem(f"rank {number} sees other files than rank 0", hint))
        wrong = [message.wrong for message in said if message.wrong is not None]
        if wrong:
            has_zero = any(message.has_zero for message in said)
            raise WrongRows(self.batch, sum(wrong, RowProblems()), has_zero)
        for message in said:
            learn(self.batch, message.read)
        prove(self.batch)
        whole = added_up([saved_of(message.part, f"rank {number}") for number, message in enumerate(said)])
        return Saved.of(self.batch.spec, self.batch.scores.shape, whole.totals, whole.facts)


def of_ranks(
    rank: Rank,
    answers: Sequence[Destination],
    files: Sequence[str],
    typed: Mapping[str, str | None],
    label_column: str | None,
    *,
    sort: str,
    top: int,
    totals_out: str | None,
    has_engines: bool,
) -> Outcome:
    """The answer of all ranks, on rank 0; the others print nothing."""
    share = _Share(rank, files, typed, label_column, top)

    def answer(messages: Sequence[bytes]) -> tuple[Report, Saved]:
        saved, batch = share.whole(messages), share.batch
        rows = max(one.rows(batch.n_samples) for one in answers)
        report = explain_pass(batch, saved.totals, saved.facts, rows, sort)
        reason = f"not measured under torchrun, whose {rank.size} ranks have a share of the samples each"
        measured = (Measured("PyTorch", "", "", "", None, (), reason=reason),) if has_engines else ()
        return structs.replace(report, measurements=measured), saved

    done = together(rank, share.find, answer)
    if isinstance(done, int):
        return Outcome("", code=done)
    report, saved = done
    notes = (*share.notes, f"{rank.size} ranks walked a share of the samples each", *rounding_note(report))
    answered = outcome(answers, [report], notes)
    beside = () if totals_out is None else ((totals_out, as_text(saved)),)
    return structs.replace(answered, files=(*answered.files, *beside))
