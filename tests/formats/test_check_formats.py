"""What `check` found in every format: golden files, parsers that read it back, and names that mean harm."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from junitparser import Error, Failure, JUnitXml
from msgspec import structs

from wce_cli import __version__
from wce_cli.answers.check import SCHEMA, Checked, Checks, summary
from wce_cli.batches.batch import Batch
from wce_cli.digits import Written
from wce_cli.errors import Problem
from wce_cli.formats import formats_of, formatted
from wce_cli.formats.check.words import details
from wce_cli.formats.github import MOST
from wce_cli.formats.json import schema_of
from wce_cli.formats.look import Look
from wce_cli.questions.check.compare import check_batch
from wce_cli.questions.check.expected import read_expect

CHECKED = formats_of("check")
GOLDEN = Path(__file__).parents[1] / "data" / "check"
TWO = {"logits": [[0.1, 0.9], [0.0, 0.1]], "labels": [0, 1], "weight": [0.1, 1.0]}
HOSTILE = "[/x] a\nb ::error::c ]]> <b>&amp; 100% \0 \x1b[31m,|`x` @me"


def outcome(expect, name="a batch", file="runs/a.json", place="", **fields):
    comparisons = check_batch(Batch.build(**{**TWO, **fields}), read_expect(expect))
    agrees = all(one.verdict == "agrees" for one in comparisons)
    return Checked(file, place, name, "agrees" if agrees else "differs", comparisons)


def test_an_odd_part_that_all_rules_share_is_told_once():
    scores = {"logits": [[1.0, 2], [3, 1], [0, 1]], "labels": [0, 1, 1], "weight": None}
    (one,) = outcome({"batch-mean": Written("1.80503")}, **scores).failures
    assert one.rule == "weighted-mean; the log has base 2"
    assert one.also[0] == "batch-mean; the log has base 2"
    assert details(one).endswith("; here not to be told apart from batch-mean, kept-mean, nonzero-mean and 1 more")
    (plain,) = outcome({"sum": Written("1.25115")}, **scores).failures
    assert details(plain).endswith("; here the same as weighted-mean: batch-mean, kept-mean, nonzero-mean and 1 more")


OUTCOMES = (
    outcome({"weighted-mean": 0.692279, "loss": [1.1711, 0.6444]}, "what torch says"),
    outcome({"weighted-mean": 0.380753, "sum": 0.761507}, "what I say", "runs/b.ndjson", "line 7"),
    outcome({"weighted-mean": 0.5, "batch-mean": "NaN"}, "nothing kept", "runs/b.ndjson", "line 8", labels=[-100] * 2),
    outcome({"term": [1.1711, 0.6444]}, None, None),
    Checked(
        "runs/c.json", "$[1]", None, "unread", (), (Problem("labels are missing", "give one class index a sample"),)
    ),
)


def test_every_format_has_a_golden_file():
    assert {path.stem for path in GOLDEN.iterdir()} == set(CHECKED)


@pytest.mark.parametrize("name", CHECKED)
def test_a_format_is_what_it_was(name):
    (golden,) = GOLDEN.glob(f"{name}.*")
    text = formatted(CHECKED[name], OUTCOMES, Look(width=80))
    assert text.replace(f"wce {__version__}", "wce VERSION") == golden.read_text("utf-8")


@pytest.mark.parametrize("width", [40, 80, None])
def test_a_table_fits_and_loses_nothing(width):
    text = formatted(CHECKED["table"], OUTCOMES, Look(width=width))
    assert all(len(line) <= (width or 100) for line in text.splitlines())
    said = " ".join(text.split())
    assert "0.380753 is batch-mean: Σw·ℓ/N. Ratio 0.55 = Σw/N" in said
    assert said.endswith("1 of 5 batches as expected, 3 not, 1 not checked (4 of 9 numbers not as expected)")


def test_the_summary_counts_numbers():
    counted = summary(OUTCOMES)
    assert (counted.batches, counted.agree, counted.differ, counted.unread) == (5, 1, 3, 1)
    assert counted.numbers == 3 + 2 + 2 + 2
    assert counted.numbers_failed == 1 + 1 + 2


def test_json_fits_its_schema_and_says_everything():
    document = json.loads(formatted(CHECKED["json"], OUTCOMES, Look()))
    Draft202012Validator.check_schema(schema_of(Checks, SCHEMA))
    Draft202012Validator(schema_of(Checks, SCHEMA)).validate(document)
    lines = formatted(CHECKED["ndjson"], OUTCOMES, Look()).splitlines()
    assert [json.loads(line) for line in lines] == document["batches"]
    assert document["summary"] == {name: getattr(summary(OUTCOMES), name) for name in summary([]).__struct_fields__}
    assert document["batches"][2]["comparisons"][0]["got"] == "NaN"


def test_junit_is_read_back_by_two_parsers():
    text = formatted(CHECKED["junit"], OUTCOMES, Look())
    root = ET.fromstring(text)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("8", "4", "1")
    suites = list(JUnitXml.fromroot(ET.parse(io.BytesIO(text.encode())).getroot()))
    assert [suite.name for suite in suites] == ["runs/a.json", "runs/b.ndjson", "batch", "runs/c.json"]
    results = [(case.name, type(result)) for suite in suites for case in suite for result in case.result]
    assert results == [
        ("line 7 what I say: weighted-mean", Failure),
        ("line 8 nothing kept: weighted-mean", Failure),
        ("line 8 nothing kept: batch-mean", Failure),
        ("batch: term", Failure),
        ("$[1]", Error),
    ]
    for suite in suites:
        assert suite.tests == len(list(suite))
    assert root.find(".//failure").get("message") == OUTCOMES[1].failures[0].message


def test_junit_for_a_stream_of_few_letters_is_the_same_document():
    text = formatted(CHECKED["junit"], OUTCOMES, Look(ascii=True))
    assert text.isascii()
    assert ET.canonicalize(text) == ET.canonicalize(formatted(CHECKED["junit"], OUTCOMES, Look()))


COMMAND = re.compile(r"::error ((?:\w+=[^,:]*)(?:,\w+=[^,:]*)*)::([^\r\n]*)")


def annotations(text):
    """The commands as GitHub's runner reads them: properties up to ::, then the message, then unescaped."""

    def plain(escaped):
        for code, character in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            escaped = escaped.replace(code, character)
        return escaped

    found = []
    for line in text.split("\n"):
        if line.startswith("::"):
            match = COMMAND.fullmatch(line)
            assert match, line
            properties = dict(pair.split("=", 1) for pair in match[1].split(","))
            found.append(({key: plain(value) for key, value in properties.items()}, plain(match[2])))
    return found


def test_github_annotates_the_file_and_its_line():
    found = annotations(formatted(CHECKED["github"], OUTCOMES, Look()))
    assert [(properties.get("file"), properties.get("line")) for properties, _ in found] == [
        ("runs/b.ndjson", "7"),
        ("runs/b.ndjson", "8"),
        ("runs/b.ndjson", "8"),
        (None, None),
        ("runs/c.json", None),
    ]
    assert found[0][0]["title"] == "wce check: line 7 what I say"
    assert found[0][1].split("\n")[0] == OUTCOMES[1].failures[0].message


def test_a_name_that_looks_escaped_stays_as_it_is():
    one = structs.replace(OUTCOMES[1], name="100%0A %25, a:b", file="a%2Cb.json")
    ((properties, _),) = annotations(formatted(CHECKED["github"], [one], Look()))
    assert properties == {"file": "a%2Cb.json", "line": "7", "title": "wce check: line 7 100%0A %25, a:b"}


def test_github_gets_ten_annotations_and_the_count_of_the_others():
    text = formatted(CHECKED["github"], [OUTCOMES[1]] * 13, Look())
    assert len(annotations(text)) == MOST == 10
    assert "\n... and 3 more, not annotated: GitHub shows 10 for each step\n" in text
    assert "more" not in formatted(CHECKED["github"], [OUTCOMES[1]] * 10, Look())


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.parametrize("ascii", [False, True])
def test_a_name_that_means_harm_is_only_a_name(name, ascii):
    broken = Checked(HOSTILE, "", HOSTILE, "unread", (), (Problem(HOSTILE, HOSTILE),))
    outcomes = [structs.replace(one, name=HOSTILE, file=HOSTILE) for one in OUTCOMES[:4]] + [broken]
    text = formatted(CHECKED[name], outcomes, Look(ascii=ascii))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert not re.search("^::(?!error )", text, re.MULTILINE)
    if name == "junit":
        root = ET.fromstring(text)
        assert root.find("testsuite").get("name") == HOSTILE.replace("\n", "\\n").replace("\0", "\\x00").replace(
            "\x1b", "\\x1b"
        )
        assert len(root.findall(".//testcase")) == 8
    elif name == "github":
        found = annotations(text)
        assert len(found) == 5
        assert all("[/x] a\nb ::error::c ]]> <b>&amp; 100% \\x00" in properties["file"] for properties, _ in found)
    elif name in ("json", "ndjson"):
        read = json.loads(text)["batches"] if name == "json" else [json.loads(line) for line in text.splitlines()]
        assert {one["name"] for one in read} == {HOSTILE}
    elif name == "table":
        assert "[/x]" in text
        assert "\\x00" in text
    elif name == "html":
        assert "<b>&" not in text
        assert "&lt;b&gt;&amp;amp;" in text
    else:
        assert "\n::" not in text
        assert "<b>" not in text.replace("\\<b>", "")


def test_markdown_of_very_many_lists_what_is_wrong():
    text = formatted(CHECKED["markdown"], [OUTCOMES[0]] * 1000 + [OUTCOMES[1]], Look())
    assert "1000 batches that are as expected are not listed" in text
    assert text.count("what torch says") == 0
    assert text.count("| runs/b.ndjson") == 1
