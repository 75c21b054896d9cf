"""However much is wrong, what is said of it is a screen, and comes at once."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.run import run
from wce_cli import explain
from wce_cli.errors import Problem, WceError, did_you_mean

MANY = 80_000
GOOD: dict[str, Any] = {"logits": [[1, 2], [3, 4.5]], "labels": [0, 1]}
NAMES = [f"k{k}" for k in range(MANY)]
WIDE = {"logits": [[0.5] * MANY], "labels": [NAMES[7]], "classes": NAMES}

WRONG: dict[str, tuple[dict[str, Any] | list[Any], str]] = {
    "keys": ({**GOOD, **dict.fromkeys(NAMES, 1)}, '"k9" is no key of a batch (and 79990 more problems)'),
    "names of weights": (
        {**GOOD, "classes": ["a", "b"], "weight": dict.fromkeys(NAMES, 1)},
        "(and 79991 more problems)",
    ),
    "a class twice": ({**WIDE, "classes": [*NAMES[:-1], NAMES[0]]}, 'classes names "k0" twice'),
    "a label of no class": ({**WIDE, "labels": ["kk7"]}, 'labels[0] is "kk7", which is no class'),
    "a class too many": ({**GOOD, "classes": NAMES}, "80000 class names for 2 classes of scores"),
    "labels": ({**GOOD, "logits": [[1, 2]] * MANY, "labels": [9] * MANY}, "labels[0] is 9, but logits has 2 classes"),
    "a long key": ({**GOOD, "k" * MANY: 1}, "k … kkkk"),
    "a long label": ({"logits": [[1, 2]], "labels": ["k" * MANY], "classes": ["a", "b"]}, "which is no class"),
    "batches": ([{"logits": [[1, 2]], "labels": [7], "zz": 1}] * 2000, "(and 3990 more problems)"),
    "expected": ({**GOOD, "expect": dict.fromkeys(NAMES, 1)}, 'expect has no method "k9" (and 79990 more problems)'),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("command", ["explain", "check", "sweep", "identify"])
def test_what_is_wrong_is_told_in_a_screen_and_at_once(name, command, tmp_path):
    document, said = WRONG[name]
    if name == "expected" and command != "check":
        pytest.skip("the others leave it alone")
    (tmp_path / "a.json").write_text(json.dumps(document), "utf-8")
    asked = {"sweep": ["--class", "0"], "identify": ["1.5"], "explain": ["--engine", "none"]}.get(command, [])
    began = time.monotonic()
    ran = run(command, str(tmp_path / "a.json"), *asked)
    assert time.monotonic() - began < 10  # a close word among as many took a minute
    assert ran.code == 2
    if name != "batches" or command != "check":  # which says it of each of them
        assert said in ran.err
        assert len(ran.out) < 5000
    assert ran.err.count("\n") <= 45
    assert max(map(len, ran.err.splitlines())) < 600


def test_what_was_taken_for_granted_is_told_in_a_line_of_a_screen(tmp_path):
    document = {"logits": [[0.5] * 3000], "labels": ["k7"], "weight": dict.fromkeys(NAMES[:3000], 1)}
    (tmp_path / "a.json").write_text(json.dumps(document), "utf-8")
    ran = run("explain", str(tmp_path / "a.json"), "--engine", "none")
    assert ran.code == 0
    assert "note: class order from the weight's names: k0, k1" in ran.err
    assert max(map(len, ran.err.splitlines())) < 600


def test_the_first_ten_are_told_and_the_others_counted():
    for n, more in ((9, ""), (10, ""), (11, " (and 1 more problem)"), (500, " (and 490 more problems)")):
        error = WceError([Problem(f"p{k}", "do it") for k in range(n)])
        last = min(n, 10) - 1
        assert error.lines() == [*(f"error: p{k}" for k in range(last)), f"error: p{last}{more}", "hint: do it"]
        assert len(error.problems) == n
        problems, hint = str(error).split("\n")
        assert problems.endswith(f"p{last}{more}")
        assert hint == "hint: do it"


def test_python_is_told_as_the_command_line_is():
    with pytest.raises(WceError) as caught:
        explain(logits=[[1.0, 2.0]], labels=[0], weight=dict.fromkeys(NAMES, 1.0), classes=["a", "b"])
    assert len(str(caught.value)) < 2000


def test_a_close_word_is_looked_for_among_some_and_a_beginning_among_all():
    assert did_you_mean("kk7", NAMES) == ""
    assert did_you_mean("K7", NAMES) == "did you mean 'k7'?"
    assert did_you_mean("k7999", NAMES[8000:]).startswith("did you mean 'k79990'")
    assert did_you_mean("lables", ("logits", "labels")) == "did you mean 'labels'?"
