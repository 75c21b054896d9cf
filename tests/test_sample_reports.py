"""Real reports: the number that each reporter saw is in the answer, or it is listed here why it is not yet."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.run import ROOT, run

pytest.importorskip("torch")

REPORTS = ROOT / "samples" / "reports"
NAMES = sorted(path.name for path in REPORTS.iterdir())
NEEDS_IDENTIFY = {
    ("pytorch-forum-78256.json", "0.6662"): "a sum of probabilities that were rounded to four digits by hand",
    ("paddle-47813.json", "1.5991"): "no rule gives it: 1.5997 typed wrongly",
    ("pytorch-forum-0.9048.json", "-1"): "-x[y]: NLLLoss of scores that are no log-probabilities",
    ("aprender-2199.json", "2.383988"): "a smoothing that puts (1-ε)/C on every other class",
    ("keras-7563.json", "8.05904786964"): "the softmax clipped to 1e-7 before the logarithm",
    ("keras-backend-categorical-crossentropy.json", "0.80467"): "rows that Keras divides by their sum",
}
"""Numbers that no method of the batch gives as it stands: another rule, another reading, or a slip."""
SEEN_OTHERWISE = {
    ("cross-validated-0.5514.json", "0.0"): "probabilities-as-logits",
}
"""Numbers that a finding names."""


def answers(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each batch of a file with its report."""
    ran = run("explain", str(REPORTS / name), "--format", "json")
    assert ran.code == 0, ran.err
    documents, reports = json.loads((REPORTS / name).read_text("utf-8")), json.loads(ran.out)
    if isinstance(documents, dict):
        documents, reports = [documents], [reports]
    return list(zip(documents, reports, strict=True))


def printed_numbers(document: dict[str, Any]) -> list[tuple[str, float]]:
    """Every number that was seen, as it was printed and as a value; lists are taken apart."""
    found: list[tuple[str, float]] = []
    for one in document["reported"]:
        values = one["value"] if isinstance(one["value"], list) else [one["value"]]
        printed = one["printed"] if isinstance(one["printed"], list) else [one["printed"]]
        assert one["by"]
        found += zip(printed, map(float, values), strict=True)
    return found


def numbers_of(report: dict[str, Any]) -> list[float]:
    """The losses, the sums, and the losses and terms of the samples."""
    found = [row[key] for row in report["methods"] for key in ("value", "numerator")]
    found += [term[key] for term in report["terms"] for key in ("loss", "term") if term[key] is not None]
    return [float(number) for number in found]


def half_unit(printed: str) -> float:
    mantissa, _, exponent = printed.lower().partition("e")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def is_among(printed: str, value: float, numbers: list[float]) -> bool:
    """Within half a unit of the last printed digit, and a float32's rounding of it."""
    if math.isnan(value):
        return any(map(math.isnan, numbers))
    return any(abs(number - value) <= half_unit(printed) * 1.02 + 1e-7 * abs(value) for number in numbers)


@pytest.mark.parametrize("name", NAMES)
def test_the_number_that_was_seen_is_in_the_answer(name):
    for document, report in answers(name):
        for printed, value in printed_numbers(document):
            found = is_among(printed, value, numbers_of(report))
            if (name, printed) in NEEDS_IDENTIFY:
                assert not found, (printed, "is found after all")
            elif (name, printed) in SEEN_OTHERWISE:
                code = SEEN_OTHERWISE[name, printed]
                messages = {finding["code"]: finding["message"] for finding in report["findings"]}
                assert format(value, ".6g") in messages[code].replace(",", " ").split()
            else:
                assert found, printed


@pytest.mark.parametrize("name", NAMES)
def test_a_report_has_a_question_and_a_source(name):
    for document, _ in answers(name):
        assert document["question"].endswith("?")
        assert document["source"].startswith("https://")
        assert document["name"]


def test_what_is_listed_as_missing_was_reported():
    reported = {
        (name, printed) for name in NAMES for document, _ in answers(name) for printed, _ in printed_numbers(document)
    }
    assert set(NEEDS_IDENTIFY) | set(SEEN_OTHERWISE) <= reported


FINDINGS = json.loads((ROOT / "tests" / "data" / "sample_findings.json").read_text("utf-8"))
"""The codes that each sample raises, in the order they are shown; for a list of batches a list each."""


@pytest.mark.parametrize("path", [*sorted(REPORTS.glob("*.json")), *sorted(REPORTS.parent.glob("*.json"))], ids=str)
def test_the_findings_of_a_sample_are_these_and_no_others(path):
    name = path.relative_to(REPORTS.parent).as_posix()
    ran = run("explain", str(path), "--format", "json")
    reports = json.loads(ran.out)
    codes = [
        [finding["code"] for finding in report["findings"]]
        for report in (reports if isinstance(reports, list) else [reports])
    ]
    assert codes == (FINDINGS[name] if isinstance(reports, list) else [FINDINGS[name]])


def test_no_sample_is_without_its_findings():
    paths = [*REPORTS.glob("*.json"), *REPORTS.parent.glob("*.json")]
    assert set(FINDINGS) == {path.relative_to(REPORTS.parent).as_posix() for path in paths}
