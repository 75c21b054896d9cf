"""Every refusal, word for word: tests/data/refusals_*.txt hold the command, the document, and what stderr says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.run import run

DATA = Path(__file__).parent / "data"


class Refusal(NamedTuple):
    """One block of a transcript."""

    title: str
    document: str | None
    arguments: list[str]
    said: str


def refusals(name: str) -> list[Refusal]:
    """The blocks `## TITLE`, `< DOCUMENT` (if any), `$ wce ARGUMENTS`, and the lines on stderr."""
    found = []
    for block in re.split(r"^## ", (DATA / name).read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, *lines = block.rstrip("\n").split("\n")
        document = lines.pop(0).removeprefix("< ") if lines[0].startswith("< ") else None
        assert lines[0].startswith("$ wce "), title
        said = "".join(f"{line}\n" for line in lines[1:])
        found.append(Refusal(title, document, shlex.split(lines[0])[2:], said))
    return found


ALL = [*refusals("refusals_typed.txt"), *refusals("refusals_documents.txt")]


@pytest.mark.parametrize("refusal", ALL, ids=[refusal.title for refusal in ALL])
def test_it_is_refused_with_these_words_and_exit_code_2(refusal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if refusal.document is not None:
        Path("batch.json").write_text(refusal.document, "utf-8")
    ran = run(*refusal.arguments)
    assert ran.err == refusal.said
    assert ran.out == ""
    assert ran.code == 2


@pytest.mark.parametrize("refusal", ALL, ids=[refusal.title for refusal in ALL])
def test_the_words_keep_to_one_form(refusal):
    first, *rest = refusal.said.splitlines()
    assert first.startswith("error: ")
    kinds = ["error", *(line.partition(": ")[0] if not line.startswith("  ") else "context" for line in rest)]
    assert kinds == sorted(kinds, key=["error", "context", "hint"].index)
    for line in refusal.said.splitlines():
        assert not line.endswith("."), line
        assert not re.search(r"\bplease\b|\binvalid\b", line, re.IGNORECASE), line


def test_an_answer_that_is_refused_leaves_the_old_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("answer.txt").write_text("old", "utf-8")
    ran = run("explain", "-x", "1 2; 3 4", "-y", "0,9", "--output", "answer.txt")
    assert ran.code == 2
    assert Path("answer.txt").read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["answer.txt"]


def test_the_same_mistake_in_python_is_an_exception_with_the_same_words():
    from wce_cli import WceError, explain

    with pytest.raises(WceError) as caught:
        explain(logits=[[1, 2], [3, 4]], labels=[0, 7], weight=[1, 2, 3], engines=())
    assert caught.value.lines() == [
        "error: labels[1] is 7, but logits has 2 classes (0..1)",
        "error: 3 weights for 2 classes",
        "  logits  (2, 2)",
        "  labels  (2,)",
        "  weight  (3,)",
        'hint: use ignore_index=7 if this label means "skip"',
    ]
    assert caught.value.args[0] == "labels[1] is 7, but logits has 2 classes (0..1); 3 weights for 2 classes"
