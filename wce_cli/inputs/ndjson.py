"""A JSON document a line, `.ndjson` or `.jsonl`: each line is a batch, and empty lines are none."""

from __future__ import annotations

from wce_cli.errors import Problem, WceError
from wce_cli.inputs import Document
from wce_cli.inputs.json import decoded, document_of, read_bytes


def read_ndjson(path: str) -> list[Document]:
    """The batches of a file, every broken line among its problems. Raises WceError if there is none."""
    documents = []
    content = read_bytes(path)
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            value = decoded(line, f"{path} {place}")
        except WceError as error:
            documents.append(Document({}, problems=error.problems))
            continue
        documents.append(document_of(value, f"{path} {place}", "$", place))
    if not documents:
        raise WceError(Problem(f"{path} has no line with a batch"))
    return documents
