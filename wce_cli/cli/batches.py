"""The batches that a command is asked about: a document, options that override it, or options alone."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

from wce_cli.cli.given import Given, read_given
from wce_cli.cli.options import QUOTE, flag
from wce_cli.errors import Problem, WceError
from wce_cli.inputs import STDIN, Document, read_file
from wce_cli.loss.batch import Batch
from wce_cli.loss.readings import READINGS

VALUE = re.compile(r"[\[\](),;:{}\s\d.eE+-]+")


def read_batches(file: str | None, typed: Mapping[str, str | None]) -> tuple[list[Batch], tuple[str, ...]]:
    """Every batch of FILE (of stdin, where no scores are typed), each field overridden by what was typed.

    Beside the batches, a line for each thing that was taken for something else than what stands there.
    Raises WceError with the problems of all fields of all batches.
    """
    fields, problems = _typed_fields(typed)
    if problems:
        raise WceError(problems)
    scores_typed = file is None and any(kind in fields for kind in READINGS)
    batches = _built([Document({})] if scores_typed else _documents(file, typed), fields)
    notes = [given.note for given in fields.values() if given.note]
    return batches, tuple(dict.fromkeys([*notes, *(note for batch in batches for note in batch.spec.notes)]))


def _typed_fields(typed: Mapping[str, str | None]) -> tuple[dict[str, Given], list[Problem]]:
    fields: dict[str, Given] = {}
    problems: list[Problem] = []
    for field, text in typed.items():
        if text is None:
            continue
        try:
            fields[field] = read_given(field, text)
        except WceError as error:
            problems.extend(error.problems)
    return fields, problems


def _documents(file: str | None, typed: Mapping[str, str | None]) -> list[Document]:
    if file is None:
        if sys.stdin is None or sys.stdin.isatty():
            missing = "labels and weight alone are no batch: logits are missing" if any(typed.values()) else "no batch"
            raise WceError(Problem(missing, "give --logits and --labels, a JSON file, or pipe one in"))
        file = STDIN
    elif file == STDIN and (sys.stdin is None or sys.stdin.isatty()):
        state = "closed" if sys.stdin is None else "a terminal"
        raise WceError(Problem(f"stdin is {state}", "pipe a JSON batch in, or name a file"))
    if file != STDIN and VALUE.fullmatch(file) and not os.path.exists(file):
        raise WceError(Problem(f"{file} is taken for a file name, and does not exist", QUOTE))
    return read_file(file)


def _built(documents: list[Document], fields: Mapping[str, Given]) -> list[Batch]:
    batches: list[Batch] = []
    problems: list[Problem] = []
    context: dict[str, None] = {}
    for position, document in enumerate(documents):
        found = list(document.problems)
        try:
            if document.fields or not found:
                batches.append(_batch(document, fields, position if len(documents) > 1 else None))
        except WceError as error:
            found += error.problems
            context |= dict.fromkeys(error.context)
        if found and document.origin and not any(document.origin in line for line in context):
            context[f"in {document.origin}"] = None
        place = f"{document.place}: " if document.place else ""
        problems += [Problem(f"{place}{one.message}", one.hint, one.field) for one in found]
    if problems:
        raise WceError(problems, context)
    return batches


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
