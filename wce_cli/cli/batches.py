"""The batches that a command is asked about: a document, options that override it, or options alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from glob import glob

from msgspec import Struct

from wce_cli.batches.batch import Batch
from wce_cli.cli.field_option import OptionValue, read_given
from wce_cli.cli.overrides import batch_of
from wce_cli.errors import Problem, WceError
from wce_cli.inputs import is_saved, is_typed, read_file
from wce_cli.inputs.documents import Document
from wce_cli.inputs.suffixes import STDIN, has_wildcard, is_array_file
from wce_cli.loss.readings import READINGS


class Sources(Struct, frozen=True):
    """Where the batches are: files by name, stdin among them, and fields that were typed."""

    paths: tuple[str, ...]
    """Empty where the scores were typed."""
    fields: Mapping[str, OptionValue]

    @property
    def notes(self) -> list[str]:
        """A line for each typed field that was taken for something else than what stands there."""
        return [given.note for given in self.fields.values() if given.note]


def read_sources(files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None = None) -> Sources:
    """The files that patterns name (stdin, where no scores are typed), and what was typed as values."""
    if not all(map(os.path.exists, files)):
        from wce_cli.cli.misplaced import refuse_misplaced

        refuse_misplaced(files, typed)
    fields = typed_fields(typed, label_column)
    scores_typed = not files and any(kind in fields for kind in READINGS)
    return Sources(() if scores_typed else tuple(paths_of(files, bool(fields))), fields)


def read_batches(
    files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None = None
) -> tuple[list[Batch], tuple[str, ...]]:
    """Every batch of the files (of stdin, where no scores are typed), each field overridden by what was typed.

    JSON documents are each their own batches, all files of arrays together are one.

    Beside the batches, a line for each thing that was taken for something else than what stands there.
    Raises WceError with the problems of all fields of all batches.
    """
    return batches_of(read_sources(files, typed, label_column), label_column)


def read_whole(
    files: Sequence[str], typed: Mapping[str, str | None], label_column: str | None, purpose: str
) -> tuple[list[Batch], tuple[str, ...]]:
    """Every batch of the files with its samples, as `read_batches` has them; saved totals are refused."""
    if saved_files(files):
        raise WceError(Problem(f"saved totals hold no samples to {purpose}", "give the batch itself"))
    return read_batches(files, typed, label_column)


def batches_of(
    sources: Sources, label_column: str | None = None, failed: Callable[[WceError], None] | None = None
) -> tuple[list[Batch], tuple[str, ...]]:
    """Every batch of some sources, as `read_batches` has them.

    `failed` is told what is wrong with a batch, and the others are answered without it.
    """
    fields = sources.fields
    documents, notes = documents_of(sources.paths, fields, label_column) if sources.paths else ([Document({})], [])
    batches = _built(documents, fields, failed)
    notes = [*notes, *sources.notes]
    return batches, tuple(dict.fromkeys([*notes, *(note for batch in batches for note in batch.spec.notes)]))


def typed_fields(typed: Mapping[str, str | None], label_column: str | None) -> dict[str, OptionValue]:
    """The values of the fields that were typed. Raises WceError with the problems of all fields."""
    fields: dict[str, OptionValue] = {}
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
    return _with_criterion(fields)


def _with_criterion(fields: dict[str, OptionValue]) -> dict[str, OptionValue]:
    """The fields with those that a criterion sets which was typed: they override a document's as any option does."""
    typed = fields.get("criterion")
    if typed is None:
        return fields
    return {field: OptionValue(value, typed.source) for field, value in typed.value.fields.items()} | fields


def _class_names(fields: Mapping[str, OptionValue]) -> Sequence[str]:
    """The classes that were typed; none if they are no list of names, which is refused with the batch."""
    names = fields["classes"].value if "classes" in fields else ()
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()


def paths_of(files: Sequence[str], has_typed: bool) -> list[str]:
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


def documents_of(
    paths: Sequence[str], fields: Mapping[str, OptionValue], label_column: str | None
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
            found = read_file(path)
            documents += found
            notes += [note for document in found for note in document.notes]
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
    if not has_wildcard(file) or is_typed(file):
        return [file]
    found = sorted(glob(file))
    if not found:
        from wce_cli.inputs.file import tilde_hint

        raise WceError(Problem(f"no file matches {file}", tilde_hint(file)))
    return found


def _built(
    documents: list[Document], fields: Mapping[str, OptionValue], failed: Callable[[WceError], None] | None
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
