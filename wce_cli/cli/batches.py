"""The batches that a command is asked about: a document, options that override it, or options alone."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from glob import glob
from typing import Any

import numpy as np
from msgspec import Struct, structs

from wce_cli.cli.given import Given, read_given
from wce_cli.cli.options import QUOTE, flag
from wce_cli.errors import Problem, WceError
from wce_cli.inputs import STDIN, Document, is_array_file, is_saved, read_file
from wce_cli.inputs.columns import class_names
from wce_cli.inputs.file import tilde_hint
from wce_cli.inputs.lines import Lines, are_lines
from wce_cli.inputs.reference import has_wildcard
from wce_cli.inputs.stored import as_name
from wce_cli.loss.batch import Batch
from wce_cli.loss.readings import READINGS

LINES = 4
"""How many times as many lines are read at once where most of them are answered with a few words."""
VALUE = re.compile(r"[\[\](),;:{}\s\d.eE+-]+")


class Sources(Struct, frozen=True):
    """Where the batches are: files by name, stdin among them, and fields that were typed."""

    paths: tuple[str, ...]
    """Empty where the scores were typed."""
    fields: Mapping[str, Given]

    @property
    def notes(self) -> list[str]:
        """A line for each typed field that was taken for something else than what stands there."""
        return [given.note for given in self.fields.values() if given.note]


def read_sources(files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None = None) -> Sources:
    """The files that patterns name (stdin, where no scores are typed), and what was typed as values."""
    for file in files:
        if file != STDIN and VALUE.fullmatch(file) and not os.path.exists(file):
            raise WceError(Problem(f"{file} is taken for a file name, and does not exist", QUOTE))
    fields = typed_fields(typed, label_column)
    scores_typed = not files and any(kind in fields for kind in READINGS)
    return Sources(() if scores_typed else tuple(_paths(files, bool(fields))), fields)


def read_batches(
    files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None = None
) -> tuple[list[Batch], tuple[str, ...]]:
    """Every batch of the files (of stdin, where no scores are typed), each field overridden by what was typed.

    JSON documents are each their own batches, all files of arrays together are one.

    Beside the batches, a line for each thing that was taken for something else than what stands there.
    Raises WceError with the problems of all fields of all batches.
    """
    return batches_of(read_sources(files, typed, label_column), label_column)


def batches_of(
    sources: Sources, label_column: str | None = None, failed: Callable[[WceError], None] | None = None
) -> tuple[list[Batch], tuple[str, ...]]:
    """Every batch of some sources, as `read_batches` has them.

    `failed` is told what is wrong with a batch, and the others are answered without it.
    """
    fields = sources.fields
    documents, notes = _of_paths(sources.paths, fields, label_column) if sources.paths else ([Document({})], [])
    batches = _built(documents, fields, failed)
    notes = [*notes, *sources.notes]
    return batches, tuple(dict.fromkeys([*notes, *(note for batch in batches for note in batch.spec.notes)]))


def typed_fields(typed: Mapping[str, str | None], label_column: str | None) -> dict[str, Given]:
    """What was typed, read. Raises WceError with the problems of all fields."""
    fields: dict[str, Given] = {}
    problems: list[Problem] = []
    for field in sorted(typed, key=lambda field: field != "classes"):  # the columns of a table are found by them
        text = typed[field]
        if text is None:
            continue
        try:
            fields[field] = read_given(field, text, label_column, _class_names(fields))
        except WceError as error:
            problems.extend(error.problems)
    if problems:
        raise WceError(problems)
    return fields


def _class_names(fields: Mapping[str, Given]) -> Sequence[str]:
    """The classes that were typed; none if they are no list of names, which is refused with the batch."""
    names = fields["classes"].value if "classes" in fields else ()
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()


def _paths(files: Sequence[str], has_typed: bool) -> list[str]:
    """The files that patterns name; stdin where there are none, which must be there to be read."""
    if not files:
        if sys.stdin is None or sys.stdin.isatty():
            missing = "labels and weight alone are no batch: logits are missing" if has_typed else "no batch"
            raise WceError(Problem(missing, "give --logits and --labels, a file, or pipe a JSON batch in"))
        files = [STDIN]
    if STDIN in files and (sys.stdin is None or sys.stdin.isatty()):
        state = "closed" if sys.stdin is None else "a terminal"
        raise WceError(Problem(f"stdin is {state}", "pipe a JSON batch in, or name a file"))
    return [path for file in files for path in expanded(file)]


def _of_paths(
    paths: Sequence[str], fields: Mapping[str, Given], label_column: str | None
) -> tuple[list[Document], list[str]]:
    """The documents of some files in their order, and notes; all files of arrays are one, where the first stands."""
    documents: list[Document] = []
    notes: list[str] = []
    arrays = [path for path in paths if is_array_file(path)]
    if len(set(arrays)) < len(arrays):
        twice = next(path for path in arrays if arrays.count(path) > 1)
        raise WceError(Problem(f"{twice} is named twice", "files of arrays are parts of one batch, each named once"))
    for path in paths:
        if path not in arrays:
            documents += read_file(path)
        elif path == arrays[0]:
            from wce_cli.inputs.batch_files import read_batch_files

            document, said = read_batch_files(arrays, fields, label_column, _class_names(fields))
            documents.append(document)
            notes += said
    return documents, notes


def saved_files(files: Sequence[str]) -> list[str]:
    """The files, patterns expanded, if they hold saved totals; none if they hold batches. Raises if they hold both."""
    paths = [path for file in files for path in (sorted(glob(file)) if has_wildcard(file) else [file])]
    saved = [path for path in paths if is_saved(path)]
    if saved and len(saved) < len(paths):
        other = next(path for path in paths if path not in saved)
        hint = f"save the totals of {other} too: wce explain {other} --totals-out part.json"
        raise WceError(Problem(f"{saved[0]} holds saved totals, and {other} does not", hint))
    return saved


def expanded(file: str) -> list[str]:
    """The files that a pattern in quotes names, sorted by name; a file that is there is itself."""
    if not has_wildcard(file):
        return [file]
    found = sorted(glob(file))
    if not found:
        raise WceError(Problem(f"no file matches {file}", tilde_hint(file)))
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
    for kind in READINGS:
        if kind in typed and typed[kind].columns:
            _name_columns(typed[kind], merged, sources)
    if position is not None and not merged.get("name"):
        merged["name"] = f"batch {position}"
    half_units = {field: given.half_units for field, given in typed.items() if given.half_units is not None}
    return Batch.build(**merged, sources=sources, half_units=half_units, spelled=flag)


def _name_columns(scores: Given, fields: dict[str, Any], sources: dict[str, str]) -> None:
    """The classes are called as the columns of a table of scores are, if nobody said how. Raises WceError if they were
    called the same in another order.
    """
    labels = fields.get("labels")
    words = labels.tolist() if isinstance(labels, np.ndarray) else labels
    found = list(class_names(scores.columns, words if isinstance(words, list) else ()))
    known = fields.setdefault("classes", found) if found else found
    if known is found:
        sources["classes"] = scores.source
    elif isinstance(known, list) and found != known and sorted(found) == sorted(map(str, known)):
        said = f"{scores.source} has the columns {', '.join(found)}, but classes are {', '.join(known)}"
        raise WceError(Problem(said, f"say in which order they are meant: --classes {','.join(map(as_name, known))}"))


class Read(Struct, frozen=True):
    """One batch of the input: the batch, or why there is none."""

    document: Document
    batch: Batch | None
    error: WceError | None = None


def each_batch(
    files: Sequence[str],
    typed: Mapping[str, Given],
    label_column: str | None,
    notes: list[str],
    by_line: bool = False,
) -> Iterator[Read | Lines]:
    """Every batch of the files, as `read_batches` reads them, but one at a time, and past those that cannot be read.

    `by_line`: files of a batch a line are handed on as they are, and not read here. A line for each thing that was
    taken for something else is added to `notes`.
    """
    notes += [given.note for given in typed.values() if given.note]
    if not files and any(kind in typed for kind in READINGS):
        yield read(Document({}), typed, None)
        return
    arrays: list[str] = []
    paths: list[str] = []
    for file in files or _paths(files, bool(typed)):
        try:
            found = expanded(file)
        except WceError as error:
            yield Read(Document({}, origin=file), None, error)
            continue
        paths += found
        arrays += [path for path in found if is_array_file(path)]
    for path in paths:
        if path in arrays[1:]:
            continue
        try:
            if by_line and are_lines([path]):
                wrong: list[WceError] = []
                yield Lines([path], wrong.append, LINES)
                if wrong:
                    raise wrong[0]
                continue
            documents, said = _of_paths(arrays if path in arrays else [path], typed, label_column)
        except WceError as error:
            yield Read(Document({}, origin="stdin" if path == STDIN else path), None, error)
            continue
        notes += said
        yield from _reads([structs.replace(one, origin=one.origin or path) for one in documents], typed)


def _reads(documents: Sequence[Document], fields: Mapping[str, Given]) -> Iterator[Read]:
    for position, document in enumerate(documents):
        yield read(document, fields, position if len(documents) > 1 else None)


def read(document: Document, fields: Mapping[str, Given], position: int | None) -> Read:
    """The batch of a document, or why there is none."""
    try:
        if document.problems:
            raise WceError(document.problems)
        return Read(document, _batch(document, fields, position))
    except WceError as error:
        return Read(document, None, error)
