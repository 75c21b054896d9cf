"""JUnit XML: a suite a file, a test case for each expected number, as CI systems show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from wce_cli.answers.check import Checked, Comparison
from wce_cli.formats.check.lines import details, told
from wce_cli.formats.look import Look
from wce_cli.literal import as_line, literal


def to_junit(outcomes: Sequence[Checked], look: Look | None = None) -> str:
    """One document. A number that differs is a failure, a batch that cannot be read an error."""
    suites: dict[str, list[Checked]] = {}
    for one in outcomes:
        suites.setdefault(one.file or one.where, []).append(one)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{_counted('wce check', outcomes)}>"]
    for name, batches in suites.items():
        lines.append(f"  <testsuite{_counted(name, batches)}>")
        lines += [f"    {line}" for one in batches for line in _cases(one)]
        lines.append("  </testsuite>")
    text = "\n".join([*lines, "</testsuites>"]) + "\n"
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii") if look and look.ascii else text


def _counted(name: str, batches: Sequence[Checked]) -> str:
    """The attributes of a suite: test cases, not numbers, as a list is one case."""
    unread = sum(one.verdict == "unread" for one in batches)
    tests = unread + sum(len(one.comparisons) for one in batches)
    failures = sum(len(one.failures) for one in batches)
    return _attributes(name=name, tests=str(tests), failures=str(failures), errors=str(unread))


def _cases(one: Checked) -> Iterator[str]:
    owner = one.file or "wce"
    batch = " ".join(part for part in (one.place, one.name or "") if part) or "batch"
    if one.verdict == "unread":
        said = "; ".join(problem.message for problem in one.problems)
        hints = "\n".join(problem.hint for problem in one.problems if problem.hint)
        yield f"<testcase{_attributes(classname=owner, name=batch)}>"
        yield f"  <error{_attributes(message=said, type='unread')}>{_text(hints)}</error>"
        yield "</testcase>"
    for comparison in one.comparisons:
        name = f"{batch}: {comparison.what or comparison.by}"
        name += "" if comparison.by in ("wce", "") or not comparison.what else f" by {comparison.by}"
        case = f"<testcase{_attributes(classname=owner, name=name)}"
        if comparison.verdict == "agrees":
            yield f"{case}/>"
            continue
        yield f"{case}>"
        said = _attributes(message=comparison.message, type=comparison.verdict)
        yield f"  <failure{said}>{_text(_body(one, comparison))}</failure>"
        yield "</testcase>"


def _body(batch: Checked, one: Comparison) -> str:
    """Expected and got below each other, every digit of what there is; and what may be wrong with the batch."""
    lines = [f"expected {one.expected}", f"got {one.got!r}"] if one.got is not None else []
    return "\n".join(filter(None, [*lines, details(one), *map(told, batch.findings)]))


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{_text(literal(value), quoted=True)}"' for name, value in values.items())


def _text(text: str, quoted: bool = False) -> str:
    """Text for XML 1.0, which forbids control characters even as references: they are spelled out."""
    lines = [as_line(literal(line)) for line in text.split("\n")]
    return escape("\n".join(lines), {'"': "&quot;"} if quoted else {})
