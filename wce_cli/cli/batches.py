"""The batches that a command is asked about: a document, options that override it, or options alone."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from wce_cli.cli.given import Given, read_given
from wce_cli.cli.options import QUOTE, flag
from wce_cli.errors import Problem, WceError
from wce_cli.inputs import STDIN, Document, is_array_file, read_file
from wce_cli.inputs.reference import has_wildcard
from wce_cli.loss.batch import Batch
from wce_cli.loss.readings import READINGS

VALUE = re.compile(r"[\[\](),;:{}\s\d.eE+-]+")


class Sources(Struct, frozen=True):
    """Where the batches are: files by name, stdin among them, and fields that were typed."""

    paths: tuple[str, ...]
    """Empty where the scores were typed."""
    fields: Mapping[str, Given]


def read_sources(files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None = None) -> Sources:
    """The files that patterns name (stdin, where no scores are typed), and what was typed as values."""
    for file in files:
        if file != STDIN and VALUE.fullmatch(file) and not os.path.exists(file):
            raise WceError(Problem(f"{file} is taken for a file name, and does not exist", QUOTE))
    fields, problems = _typed_fields(typed, label_column)
    if problems:
        raise WceError(problems)
    if not files and any(kind in fields for kind in READINGS):
        return Sources((), fields)
    if not files:
        if sys.stdin is None or sys.stdin.isatty():
            missing = "labels and weight alone are no batch: logits are missing" if any(typed.values()) else "no batch"
            raise WceError(Problem(missing, "give --logits and --labels, a file, or pipe a JSON batch in"))
        files = [STDIN]
    if STDIN in files and (sys.stdin is None or sys.stdin.isatty()):
        state = "closed" if sys.stdin is None else "a terminal"
        raise WceError(Problem(f"stdin is {state}", "pipe a JSON batch in, or name a file"))
    return Sources(tuple(path for file in files for path in _expanded(file)), fields)


def read_batches(
    sources: Sources, label_column: str | None = None, failed: Callable[[WceError], None] | None = None
) -> tuple[list[Batch], tuple[str, ...]]:
    """Every batch of the files, each field overridden by what was typed.

    JSON documents are each their own batches, all files of arrays together are one. `failed` is told what is wrong
    with a batch, and the others are answered without it.

    Beside the batches, a line for each thing that was taken for something else than what stands there.
    Raises WceError with the problems of all fields of all batches.
    """
    fields = sources.fields
    documents, notes = _documents(sources.paths, fields, label_column) if sources.paths else ([Document({})], [])
    batches = _built(documents, fields, failed)
    notes = [*notes, *notes_of(fields)]
    return batches, tuple(dict.fromkeys([*notes, *(note for batch in batches for note in batch.spec.notes)]))


def notes_of(fields: Mapping[str, Given]) -> list[str]:
    """A line for each typed field that was taken for something else than what stands there."""
    return [given.note for given in fields.values() if given.note]


def _typed_fields(typed: Mapping[str, str | None], label_column: str | None) -> tuple[dict[str, Given], list[Problem]]:
    fields: dict[str, Given] = {}
    problems: list[Problem] = []
    for field, text in typed.items():
        if text is None:
            continue
        try:
            fields[field] = read_given(field, text, label_column)
        except WceError as error:
            problems.extend(error.problems)
    return fields, problems


def _documents(
    paths: Sequence[str], fields: Mapping[str, Given], label_column: str | None
) -> tuple[list[Document], list[str]]:
    """The documents of the files in their order, and notes; all files of arrays are one, where the first stands."""
    documents: list[Document] = []
    notes: list[str] = []
    arrays = [path for path in paths if is_array_file(path)]
    for path in paths:
        if path not in arrays:
            documents += read_file(path)
        elif path == arrays[0]:
            from wce_cli.inputs.batch_files import read_batch_files

            document, said = read_batch_files(arrays, fields, label_column)
            documents.append(document)
            notes += said
    return documents, notes


def _expanded(file: str) -> list[str]:
    """The files that a pattern in quotes names, sorted by name; a file that is there is itself."""
    if not has_wildcard(file):
        return [file]
    from glob import glob

    found = sorted(glob(file))
    if not found:
        raise WceError(Problem(f"no file matches {file}"))
    return found


def _built(
    documents: list[Document], fields: Mapping[str, Given], failed: Callable[[WceError], None] | None
) -> list[Batch]:
    batches: list[Batch] = []
    problems: list[Problem] = []
    context: dict[str, None] = {}
    for position, document in enumerate(documents):
        try:
            batches.append(batch_of(document, fields, position if len(documents) > 1 else None))
        except WceError as error:
            if failed is not None:
                failed(error)
                continue
            problems += error.problems
            context |= dict.fromkeys(error.context)
    if problems:
        files = {line for line in context if line.startswith("in ")}
        named = {file for file in files if any(file[3:] in line for line in context if line not in files)}
        raise WceError(problems, [line for line in context if line not in named])
    return batches


def batch_of(document: Document, typed: Mapping[str, Given], position: int | None) -> Batch:
    """The batch of a document; one without a name is called by its position among the others.

    Raises WceError with all its problems, each with its place.
    """
    found, context = list(document.problems), list[str]()
    try:
        if document.fields or not found:
            batch = _batch(document, typed, position)
    except WceError as error:
        found += error.problems
        context += error.context
    if not found:
        return batch
    known = document.origin in ("", document.place) or any(document.origin in line for line in context)
    place = f"{document.place}: " if document.place else ""
    raise WceError(
        [Problem(f"{place}{one.message}", one.hint, one.field) for one in found],
        context if known else [*context, f"in {document.origin}"],
    )


def _batch(document: Document, typed: Mapping[str, Given], position: int | None) -> Batch:
    merged = dict(document.fields)
    sources = dict(document.sources)
    if any(kind in typed for kind in READINGS):  # typed logits replace a file's log_probs, not join them
        for kind in READINGS:
            merged.pop(kind, None)
            sources.pop(kind, None)
    for field, given in typed.items():
        merged[field] = given.value
        sources[field] = given.source
    if position is not None and not merged.get("name"):
        merged["name"] = f"batch {position}"
    half_units = {field: given.half_unit for field, given in typed.items() if given.half_unit}
    return Batch.build(**merged, sources=sources, half_units=half_units, spelled=flag)
