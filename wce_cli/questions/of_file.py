"""The one batch of a file, asked for in Python; the command line has more to say about files, and says it itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from wce_cli.errors import Problem, WceError
from wce_cli.questions.given_batch import GivenBatch, replaced


def batch_of_file(path: str, given: Mapping[str, Any]) -> GivenBatch:
    """The batch, of which the fields that are given override the file's; its notes say what was taken for what.

    Raises WceError if the file holds several.
    """
    from wce_cli.inputs import is_saved, read_file
    from wce_cli.inputs.batch_files import read_batch_files
    from wce_cli.inputs.suffixes import is_array_file

    asked = {field: value for field, value in given.items() if value is not None}
    if is_saved(path):
        raise WceError(Problem(f"{path} holds saved totals, no batch", "wce explain FILE... adds them up"))
    if is_array_file(path):
        document, notes = read_batch_files([path], asked, None)
        documents = [structs.replace(document, notes=tuple(notes))]
    else:
        documents = read_file(path)
    if len(documents) != 1:
        hint = "for each of them: explain(logits=…, labels=…); or wce explain FILE"
        raise WceError(Problem(f"{path} holds {len(documents)} batches, expected one", hint))
    (document,) = documents
    if document.problems:
        raise WceError(document.problems, [f"in {path}"])
    found = replaced(given, document.fields, document.sources, document.half_units)
    spec = structs.replace(found.batch.spec, notes=(*document.notes, *found.batch.spec.notes))
    return structs.replace(found, batch=structs.replace(found.batch, spec=spec))
