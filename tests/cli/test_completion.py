"""What a shell offers after TAB, as the shell asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.run import spawn
from wce_cli.cli import completion
from wce_cli.engines import ENGINES
from wce_cli.findings import FINDINGS
from wce_cli.formats import PARTS, formats_of
from wce_cli.loss.methods import METHODS
from wce_cli.loss.placements import PLACEMENTS
from wce_cli.questions.explain.order import ORDERS


def offered(line: str) -> list[str]:
    """What bash is offered at the end of a line; a space there begins a new word."""
    place = len(line.split()) - (not line.endswith(" "))
    ran = spawn(_WCE_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(place))
    assert ran.err == ""
    return ran.out.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("wce ex", ["explain"]),
        ("wce explain --label-s", ["--label-smoothing"]),
        ("wce explain --engine ", ["auto", "none", "all", *ENGINES]),
        ("wce explain --method sum", ["sum", "sum/class", "sum/sample", "sum/label-mix"]),
        ("wce explain --format m", ["markdown"]),
        ("wce explain --color ", ["auto", "always", "never"]),
        ("wce check --format ", [*formats_of("check")]),
        ("wce split --format ", [*formats_of("split")]),
        ("wce split --by ", ["sample", "row"]),
        ("wce split --s", ["--size", "--shuffle", "--sample-weight", "--shift", "--save"]),
        ("wce gradient --rows ", ["all"]),
        ("wce sweep --rows ", ["all"]),
        ("wce gradient --method sum/s", ["sum/sample"]),
        ("wce check --expect batch-mean/l", ["batch-mean/label-mix="]),
        ("wce explain --sort ", ["index", "loss", "term"]),
        ("wce explain --only ", ["value", *PARTS]),
        ("wce explain --rows ", ["all"]),
        ("wce explain --findings a", ["all"]),
        ("wce explain -w b", ["balanced"]),
        ("wce findings zero-d", ["zero-denominator"]),
        ("wce methods label", ["label-mix"]),
        ("wce schema ", ["batch", "report", "identify", "check", "audit", "split", "sweep", "gradient", "totals"]),
    ],
)
def test_a_word_is_completed(line, expected):
    assert offered(line) == expected


def test_the_words_offered_are_those_that_exist():
    assert {method.name: method.placements for method in METHODS.values()} == completion.placed()
    assert PLACEMENTS.keys() == dict.fromkeys(completion.PLACEMENTS).keys()
    assert set(completion.findings()) == set(FINDINGS)
    assert set(completion.sorts()) == set(ORDERS)
    pairs = {f"{method.name}/{placement}" for method in METHODS.values() for placement in method.placements}
    assert set(completion.pairs()) - {"all", *METHODS} == pairs


@pytest.mark.parametrize(
    "line",
    [
        "wce findings w",
        "wce methods k",
        "wce explain --method ",
        "wce explain --engine t",
        "wce explain --sort ",
        "wce explain --only v",
    ],
)
def test_no_completion_loads_numpy_or_rich(line):
    code = (
        "import sys; from wce_cli.cli.app import main\n"
        "try: main([])\n"
        "except SystemExit: pass\n"
        "print({'numpy', 'torch', 'rich'} & set(sys.modules), file=sys.stderr)"
    )
    words = {"_WCE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env={**_path(), **words}, check=True)
    assert done.stdout.strip() != b""
    assert done.stderr.decode().strip() == "set()"


def _path() -> dict[str, str]:
    import os

    return dict(os.environ)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_shown(shell):
    ran = spawn("--show-completion", shell)
    assert ran.code == 0
    assert "_WCE_COMPLETE" in ran.out
