"""A JSON document a line, `.ndjson` or `.jsonl`: each line is a batch, and empty lines are none."""

from __future__ import annotations

from msgspec import structs

from wce_cli.errors import WceError
from wce_cli.inputs.decoded import decoded
from wce_cli.inputs.documents import Document
from wce_cli.inputs.expect_digits import written_expects
from wce_cli.inputs.json import document_of
from wce_cli.inputs.lines import Lines


def read_ndjson(path: str) -> list[Document]:
    """The batches of a file, every broken line among its problems. Raises WceError if there is none."""

    def failed(error: WceError) -> None:
        raise error

    return [
        document_of_line(piece.shown, number, line)
        for piece in Lines([path], failed).pieces()
        for number, line in piece.lines()
    ]


def document_of_line(shown: str, number: int, line: bytes) -> Document:
    """The batch of one line; what is wrong with the line is among its problems."""
    place = f"{shown}:{number}"
    try:
        value = decoded(line, place, is_line=True)
        has_expect = isinstance(value, dict) and value.get("expect") is not None
        document = document_of(value, place, "$", place, written_expects(line)[0] if has_expect else None)
    except WceError as error:
        return Document({}, problems=error.problems, origin=shown, line=number)
    return structs.replace(document, origin=shown, line=number)
