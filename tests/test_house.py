"""The house: who imports whom, lazily or for types alone too. No circle, no arrow up, no two classes of one name, and
no function that is more than one thought."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "wce_cli"
GROUND = {"errors", "digits", "literal", "fields", "field_hints", "frameworks", "surroundings", "version"}
"""What every room may stand on."""
MAY = {
    "loss": set[str](),
    "processes": set[str](),
    "criteria": {"loss"},
    "batches": {"criteria", "loss"},
    "saved": {"loss"},
    "passes": {"batches", "loss", "processes"},
    "precision": {"batches", "loss"},
    "answers": {"loss"},
    "findings": {"answers", "loss"},
    "engines": {"answers", "batches", "loss", "processes"},
    "inputs": {"batches", "loss", "saved"},
    "formats": {"answers", "loss"},
    "questions": {
        "answers",
        "batches",
        "criteria",
        "engines",
        "findings",
        "inputs",
        "loss",
        "passes",
        "precision",
        "processes",
        "saved",
    },
    "cli": {
        "answers",
        "batches",
        "criteria",
        "engines",
        "findings",
        "formats",
        "inputs",
        "loss",
        "passes",
        "processes",
        "questions",
        "saved",
    },
}
"""The rooms that each room may import from, beside itself and the ground."""
MOST_COMPLEX = 20


def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name."""
    found = {}
    for path in (ROOT / PACKAGE).rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(source: str) -> set[str]:
    """The modules of the package that a source imports, wherever in it: `from a import b` is a.b where that is one."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in full}
    return found & MODULES.keys()


GRAPH = {name: imports(path.read_text("utf-8")) for name, path in MODULES.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of a circle; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def room(module: str) -> str:
    """`loss` of `wce_cli.loss.fast.buffers`; empty for what stands in the door: `wce_cli`, `__main__`."""
    name = module.partition(".")[2].partition(".")[0]
    return name if name in MAY or name in GROUND else ""


def arrows_up(graph: dict[str, set[str]]) -> list[str]:
    """The imports that the rooms do not allow."""
    return [
        f"{one} imports {other}"
        for one, others in sorted(graph.items())
        for other in sorted(others)
        if (here := room(one)) and (there := room(other)) != here
        if there not in GROUND and there not in MAY.get(here, set())
    ]


def test_no_module_imports_itself_by_way_of_others():
    assert circle(GRAPH) == []


def test_rooms_import_downwards():
    assert arrows_up(GRAPH) == []


def test_processes_are_started_and_ended_in_one_room():
    tools = re.compile(
        r"\b(?:import (?:subprocess|multiprocessing|concurrent|asyncio|signal)|from (?:subprocess|"
        r"multiprocessing|concurrent|asyncio|signal)\b|os\.(?:fork|kill|killpg|exec\w+|posix_spawn|system)\()"
    )
    found = {name for name, path in MODULES.items() if tools.search(path.read_text("utf-8"))}
    assert {room(name) for name in found} == {"processes"}


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("from wce_cli.formats import formatted", "wce_cli.formats"),
        ("def f():\n    from wce_cli.cli.app import app", "wce_cli.cli.app"),
        ("if TYPE_CHECKING:\n    import wce_cli.inputs.csv", "wce_cli.inputs.csv"),
    ],
)
def test_an_arrow_up_is_seen_wherever_it_stands(source, seen):
    assert imports(source) == {seen}
    assert arrows_up({**GRAPH, "wce_cli.loss.terms": {seen}}) == [f"wce_cli.loss.terms imports {seen}"]


def test_a_circle_is_seen():
    assert circle({**GRAPH, "wce_cli.errors": {"wce_cli.cli.app"}})


def test_no_two_classes_have_one_name():
    owners = defaultdict(list)
    for name, path in MODULES.items():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                owners[node.name].append(name)
    assert {name: places for name, places in owners.items() if len(places) > 1} == {}


def test_no_function_is_too_complex_to_read():
    command = [sys.executable, "-m", "ruff", "check", PACKAGE, "--select", "C901", "--output-format", "json"]
    limit = f"lint.mccabe.max-complexity={MOST_COMPLEX}"
    ran = subprocess.run([*command, "--config", limit], cwd=ROOT, capture_output=True, text=True, check=False)
    assert [f"{one['filename']}: {one['message']}" for one in json.loads(ran.stdout)] == []
