"""Values that stand in a file."""

from __future__ import annotations

import json

import pytest

from wce_cli.errors import WceError
from wce_cli.inputs.reference import Reference, read_reference, reference_in

RUN = {
    "batch": {"logits": [[0.1, 0.9]], "labels": [0]},
    "runs": [{"labels": [1]}, {"labels": [2]}],
    "dotted.key": {"a.b": [3]},
    "weight": [0.1, 1],
    "n": 1,
}


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(RUN), "utf-8")
    (tmp_path / "w.json").write_text('{"cat": 0.1, "dog": 1}', "utf-8")
    (tmp_path / "list.json").write_text("[[1, 2], [3, 4]]", "utf-8")
    (tmp_path / "a:b.json").write_text("[5]", "utf-8")
    (tmp_path / "balanced").write_text("[1]", "utf-8")


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("@run.json", Reference("run.json", "")),
        ("run.json", Reference("run.json", "")),
        ("./run.json", Reference("./run.json", "")),
        ("@run.json:batch.logits", Reference("run.json", "batch.logits")),
        ("run.json:batch.logits", Reference("run.json", "batch.logits")),
        ("@a:b.json", Reference("a:b.json", "")),
        ("@a:b.json:key", Reference("a:b.json", "key")),
        ("@nowhere.json:key", Reference("nowhere.json", "key")),
        ("@nowhere.txt", Reference("nowhere.txt", "")),
        ("@-", Reference("-", "")),
        ("nowhere.json", Reference("nowhere.json", "")),
        ("nowhere.json:logits", Reference("nowhere.json", "logits")),
        ("-", Reference("-", "")),
        ("a.json, b.json", None),
        ("balanced", None),  # a file of that name, but none of ours
        ("0.1 0.9; 0 0.1", None),
        ("", None),
    ],
)
def test_a_file_is_named_after_an_at_or_by_its_suffix_where_it_exists(text, reference):
    assert reference_in(text) == reference


@pytest.mark.parametrize(
    ("field", "reference", "value", "place"),
    [
        ("logits", Reference("list.json", ""), [[1, 2], [3, 4]], "list.json $"),
        ("weight", Reference("run.json", ""), [0.1, 1], "run.json $.weight"),
        ("weight", Reference("w.json", ""), {"cat": 0.1, "dog": 1}, "w.json $"),
        ("logits", Reference("run.json", "batch.logits"), [[0.1, 0.9]], "run.json $.batch.logits"),
        ("labels", Reference("run.json", "runs.1.labels"), [2], "run.json $.runs.1.labels"),
        ("labels", Reference("run.json", "dotted.key.a.b"), [3], "run.json $.dotted.key.a.b"),
    ],
)
def test_a_value_is_found_by_its_key_or_by_the_name_of_its_field(field, reference, value, place):
    assert read_reference(field, reference)[:4] == (value, place, [], ())


@pytest.mark.parametrize(
    ("field", "reference", "said", "hint"),
    [
        ("logits", Reference("run.json", ""), "run.json is an object without the key 'logits'", "@run.json:batch"),
        (
            "logits",
            Reference("run.json", "batch.logit"),
            "run.json $.batch has no key 'logit'",
            "did you mean 'logits'?",
        ),
        ("logits", Reference("run.json", "btach.logits"), "run.json $ has no key 'btach'", "did you mean 'batch'?"),
        ("labels", Reference("run.json", "runs.2.labels"), "run.json $.runs has no item '2': it is a list of 2", ""),
        ("labels", Reference("run.json", "runs.x"), "run.json $.runs has no item 'x': it is a list of 2", ""),
        ("labels", Reference("run.json", "n.x"), "run.json $.n has nothing below it, and 'x' was asked for", ""),
        ("labels", Reference("nowhere.json", ""), "nowhere.json does not exist", ""),
        ("labels", Reference("", ""), "@ names no file for labels", "@FILE"),
    ],
)
def test_a_value_that_is_not_there_is_refused_with_the_place_where_it_ends(field, reference, said, hint):
    with pytest.raises(WceError) as caught:
        read_reference(field, reference)
    (problem,) = caught.value.problems
    assert problem.message == said
    assert hint in problem.hint
    assert bool(hint) == bool(problem.hint)
