"""A JSON document a line, `.ndjson` or `.jsonl`: each line is a batch, and empty lines are none."""

from __future__ import annotations

from msgspec import structs

from wce_cli.errors import Problem, WceError
from wce_cli.inputs import Document
from wce_cli.inputs.json import decoded, document_of, read_bytes
from wce_cli.inputs.written import written_expects


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
        has_expect = isinstance(value, dict) and value.get("expect") is not None
        expect = written_expects(line)[0] if has_expect else None
        document = document_of(value, f"{path} {place}", "$", place, expect)
        documents.append(structs.replace(document, origin=path))
    if not documents:
        raise WceError(Problem(f"{path} has no line with a batch"))
    return documents
