"""Parts of one batch: saved totals that are added up, and the shares of several processes under torchrun."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from glob import glob

from msgspec import structs

from wce_cli.cli.answers import Answer, outcome
from wce_cli.cli.batches import expanded, read_batches
from wce_cli.cli.given import read_given
from wce_cli.cli.options import flag
from wce_cli.cli.outcome import Outcome
from wce_cli.errors import Problem, WceError, counted
from wce_cli.inputs import is_array_file
from wce_cli.inputs.reference import has_wildcard
from wce_cli.inputs.totals import as_text, is_saved, read_saved
from wce_cli.loss.batch import Batch
from wce_cli.loss.saved import Saved, saved_of
from wce_cli.loss.stream import group_bounds, one_pass
from wce_cli.questions.parts import added_up, explain_saved
from wce_cli.ranks import Rank, gathered
from wce_cli.report import Report

ASKED = ("weight", "classes", "label_smoothing")
"""What saved totals can still be asked with."""


def saved_files(files: Sequence[str]) -> list[str]:
    """The files, patterns expanded, if they hold saved totals; none if they hold batches. Raises if they hold both."""
    paths = [path for file in files for path in (sorted(glob(file)) if has_wildcard(file) else [file])]
    saved = [path for path in paths if is_saved(path)]
    if saved and len(saved) < len(paths):
        other = next(path for path in paths if path not in saved)
        hint = f"save the totals of {other} too: wce explain {other} --totals-out part.json"
        raise WceError(Problem(f"{saved[0]} holds saved totals, and {other} does not", hint))
    return saved


def read_parts(paths: Sequence[str]) -> Saved:
    """All of the saved parts as one."""
    whole = added_up([read_saved(paths[0])])
    for path in paths[1:]:
        try:
            whole = whole + read_saved(path)
        except WceError as error:
            raise WceError(error.problems, (*error.context, f"in {path}")) from error
    return whole


def explain_parts(saved: Saved, typed: Mapping[str, str | None], name: str | None = None) -> tuple[Report, list[str]]:
    """The report of saved totals with what was typed, and notes."""
    for field, text in typed.items():
        if text is not None and field not in ASKED:
            hint = f"they can be asked with another {', '.join(map(flag, ASKED))}"
            raise WceError(Problem(f"{flag(field)} needs the samples, and saved totals hold none", hint))
    given = {field: read_given(field, text) for field, text in typed.items() if text is not None}
    report = explain_saved(saved, **{field: one.value for field, one in given.items()}, name=name, spelled=flag)
    return report, [one.note for one in given.values() if one.note]


def of_all_ranks(
    rank: Rank, files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None, top: int
) -> Saved | None:
    """The parts of all ranks as one, on rank 0; None on the others."""
    own: Mapping[str, str | None] = typed
    if typed.get("weight") == "balanced":  # counts the labels of all ranks
        own = {**typed, "weight": None}
    parts = gathered(rank, lambda: _share(rank, files, own, label_column, top))
    if parts is None:
        return None
    return added_up([saved_of(json.loads(part), f"rank {number}") for number, part in enumerate(parts) if part])


def _share(
    rank: Rank, files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None, top: int
) -> bytes:
    """What this rank makes of its share: whole files where there are several, else some of the rows."""
    paths = [path for file in files for path in expanded(file)]
    if not paths and not any(typed.get(kind) for kind in ("logits", "log_probs", "probs")):
        raise WceError(Problem("stdin is no batch of several processes", "name files of arrays"))
    documents = [path for path in paths if not is_array_file(path)]
    if documents:
        raise WceError(Problem(f"{documents[0]} is no file of arrays", "run JSON documents without torchrun"))
    if len(paths) > 1:
        mine = paths[rank.share(len(paths))]
        return _part(_batch(mine, typed, label_column), None, top) if mine else b""
    batch = _batch(paths, typed, label_column)
    groups = group_bounds(batch, 0, batch.n_samples)[rank.share(len(group_bounds(batch, 0, batch.n_samples)))]
    return _part(batch, (groups[0][0], groups[-1][1]), top) if groups else b""


def _batch(files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None) -> Batch:
    batches, _ = read_batches(files, typed, label_column)
    return batches[0]


def _part(batch: Batch, rows: tuple[int, int] | None, top: int) -> bytes:
    totals, facts = one_pass(batch, rows=rows, top=top)
    shape = batch.scores.shape
    if rows is not None and len(shape) > 1:
        facts = facts.shifted(-rows[0])  # rows of a part count from its own first
        shape = (rows[1] - rows[0], batch.spec.n_classes)
    return as_text(Saved.of(batch.spec, shape, totals, facts)).encode()


def of_parts(
    answers: Sequence[Answer],
    files: Sequence[str],
    typed: Mapping[str, str | None],
    label_column: str | None,
    rank: Rank | None,
    top: int,
    rows: str | None,
    totals_out: str | None,
) -> Outcome | None:
    """The answer for saved totals, or for the shares of all ranks; None where the files hold neither."""
    if rank is None:
        paths = saved_files(files)
        if not paths:
            return None
        if rows is not None:
            raise WceError(Problem("--rows needs the samples, and saved totals hold none", "leave it out"))
        saved, notes = read_parts(paths), [f"{counted(len(paths), 'part', 'parts')} of saved totals"]
    else:
        if rows is not None and rank.number == 0:
            raise WceError(Problem("--rows needs all samples in one process, and under torchrun they are in several"))
        gathered = of_all_ranks(rank, files, typed, label_column, top)
        if gathered is None:
            return Outcome("")  # rank 0 answers for all
        saved, notes = gathered, [f"the shares of {rank.size} ranks; no framework is measured, as none has all samples"]
        typed = {field: typed[field] for field in ("weight", "classes", "label_smoothing")}
    report, said = explain_parts(saved, typed)
    answer = outcome(answers, [report], (*notes, *said, *report.batch.notes))
    files_beside = () if totals_out is None else ((totals_out, as_text(saved)),)
    return structs.replace(answer, files=(*answer.files, *files_beside))
