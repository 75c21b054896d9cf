"""Files of any name: JSON, or what a program printed."""

from __future__ import annotations

import json
import os
import re

from wce_cli.errors import Problem, WceError
from wce_cli.inputs.decoded import decoded_text
from wce_cli.inputs.documents import Document
from wce_cli.inputs.json import documents_in, read_bytes
from wce_cli.inputs.suffixes import STDIN

LARGEST = 4 << 20
"""Bytes of a print: it is read a word at a time, and takes some hundred times as much memory."""
LIKE_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\[|\{\s*["}])')
INSTEAD = "save the arrays themselves: numpy.save('x.npy', x), torch.save(x, 'x.pt'), or a table as .csv"


def read_text(path: str) -> list[Document]:
    """The batches of a file, or of stdin for `-`. Raises WceError if it is neither JSON nor a print of a batch."""
    return documents_of_text(content_of(path), "stdin" if path == STDIN else path)


def documents_of_text(content: bytes, shown: str) -> list[Document]:
    """The batches of JSON, or the one that was printed. Raises WceError, in JSON's words where it begins like that."""
    from wce_cli.inputs.record import document_of_record, parts_of

    at = {"stdin": "@-", "the argument": "…"}.get(shown, shown)

    try:
        return documents_in(content, shown)
    except WceError as error:
        if not is_no_json(error):
            raise
        parts = parts_of(printed(content, shown))
        if parts is None and LIKE_JSON.match(content):
            raise
        if parts is None:
            said = f"{shown} is no batch: neither JSON nor a print with the names logits and labels"
            hint = f"rows alone are the value of an option: --logits {at}"
            if shown.endswith(".py"):
                hint = f"wce audit {shown} says what a function in it computes"
            raise WceError(Problem(said, hint)) from error
    return [document_of_record(parts, shown)]


def is_print(path: str) -> bool:
    """Whether a file holds anything but JSON. Raises WceError if it cannot be read."""
    try:
        documents_in(content_of(path), path)
    except WceError as error:
        return is_no_json(error)
    return False


def is_no_json(error: WceError) -> bool:
    """Whether a text was refused because it is no JSON, and may be a print."""
    return isinstance(error.__cause__, json.JSONDecodeError)


def content_of(path: str) -> bytes:
    """The bytes of a file, or of stdin for `-`. Raises WceError before one is read that is too large for a print."""
    if path != STDIN and os.path.isfile(path) and (size := os.stat(path).st_size) > LARGEST:
        with open(path, "rb") as file:
            if not LIKE_JSON.match(file.read(64)):
                raise WceError(too_large(path, size))
    return read_bytes(path)


def printed(content: bytes, shown: str) -> str:
    """The text of a print. Raises WceError if it is too large to be one."""
    if len(content) > LARGEST:
        raise WceError(too_large(shown, len(content)))
    return decoded_text(content, shown)


def too_large(shown: str, size: int) -> Problem:
    """The error of a print of more bytes than anybody pastes."""
    return Problem(f"{shown} has {size} bytes of text, more than the {LARGEST} of a print", INSTEAD)
