"""The batches of some files one at a time, past those that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from wce_cli.batches.batch import Batch
from wce_cli.cli.batches import documents_of, expanded, paths_of
from wce_cli.cli.field_option import OptionValue
from wce_cli.cli.overrides import overridden
from wce_cli.errors import WceError
from wce_cli.inputs.documents import Document
from wce_cli.inputs.lines import Lines, are_lines
from wce_cli.inputs.suffixes import STDIN, is_array_file
from wce_cli.loss.readings import READINGS

LINES = 4
"""How many times as many lines are read at once where most of them are answered with a few words."""


class Read(Struct, frozen=True):
    """One batch of the input: the batch, or why there is none."""

    document: Document
    batch: Batch | None
    error: WceError | None = None


def each_batch(
    files: Sequence[str],
    typed: Mapping[str, OptionValue],
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
    for file in files or paths_of(files, bool(typed)):
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
            documents, said = documents_of(arrays if path in arrays else [path], typed, label_column)
        except WceError as error:
            yield Read(Document({}, origin="stdin" if path == STDIN else path), None, error)
            continue
        notes += said
        yield from _reads([structs.replace(one, origin=one.origin or path) for one in documents], typed)


def _reads(documents: Sequence[Document], fields: Mapping[str, OptionValue]) -> Iterator[Read]:
    for position, document in enumerate(documents):
        yield read(document, fields, position if len(documents) > 1 else None)


def read(document: Document, fields: Mapping[str, OptionValue], position: int | None) -> Read:
    """The batch of a document, or why there is none."""
    try:
        if document.problems:
            raise WceError(document.problems)
        return Read(document, overridden(document, fields, position))
    except WceError as error:
        return Read(document, None, error)
