"""JUnit XML: a suite a file, a test case for each expected number, as CI systems show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal
from xml.sax.saxutils import escape

from msgspec import Struct

from wce_cli.formats import given
from wce_cli.formats.look import Look
from wce_cli.literal import as_line, literal


class SuiteCase(Struct, frozen=True):
    """One thing that was checked."""

    suite: str
    owner: str
    """What it belongs to: its file."""
    name: str
    outcome: Literal["", "failure", "error"] = ""
    """Empty where it passed."""
    type: str = ""
    message: str = ""
    body: str = ""


def write(question: str, answers: Sequence[Any], look: Look) -> str:
    """One document. A number that differs is a failure, a batch that cannot be read an error."""
    cases = given(question, "cases").cases
    suites: dict[str, list[SuiteCase]] = {}
    for one in (case for answer in answers for case in cases(answer)):
        suites.setdefault(one.suite, []).append(one)
    every = [one for suite in suites.values() for one in suite]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{_counted(f'wce {question}', every)}>"]
    for name, suite in suites.items():
        lines.append(f"  <testsuite{_counted(name, suite)}>")
        lines += [f"    {line}" for one in suite for line in _written(one)]
        lines.append("  </testsuite>")
    text = "\n".join([*lines, "</testsuites>"]) + "\n"
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii") if look.ascii else text


def _counted(name: str, cases: Sequence[SuiteCase]) -> str:
    """The attributes of a suite: test cases, not numbers, as a list is one case."""
    outcomes = [one.outcome for one in cases]
    failures, errors = outcomes.count("failure"), outcomes.count("error")
    return _attributes(name=name, tests=str(len(cases)), failures=str(failures), errors=str(errors))


def _written(one: SuiteCase) -> Iterator[str]:
    case = f"<testcase{_attributes(classname=one.owner, name=one.name)}"
    if not one.outcome:
        yield f"{case}/>"
        return
    said = _attributes(message=one.message, type=one.type)
    yield f"{case}>"
    yield f"  <{one.outcome}{said}>{_text(one.body)}</{one.outcome}>"
    yield "</testcase>"


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{_text(literal(value), quoted=True)}"' for name, value in values.items())


def _text(text: str, quoted: bool = False) -> str:
    """Text for XML 1.0, which forbids control characters even as references: they are spelled out."""
    lines = [as_line(literal(line)) for line in text.split("\n")]
    return escape("\n".join(lines), {'"': "&quot;"} if quoted else {})
