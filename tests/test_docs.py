"""README and docs are run: their commands print what they show, and what they list is what there is."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess

import pytest

from tests.run import ROOT, Ran, run
from wce_cli import __version__
from wce_cli.cli.app import COMMANDS, EXAMPLES
from wce_cli.findings import FINDINGS
from wce_cli.inputs.batch_keys import READ_BY_EXPLAIN
from wce_cli.loss.methods import METHODS

README = (ROOT / "README.md").read_text("utf-8")
MAKE = runpy.run_path(str(ROOT / "docs" / "make.py"))
PAGES = {path.name: path.read_text("utf-8") for path in MAKE["PAGES"]}
DOCS = "\n".join(PAGES.values())
CONSOLE = [(name, *found) for name, text in PAGES.items() for found in MAKE["CONSOLE"].findall(text)]
PYTHON = re.findall(r"^```python\n((?:.*\n)*?)```$", DOCS, re.MULTILINE)


def typed(line: str) -> Ran:
    """Run one line of a page: `wce …`, or `echo '…' | wce …`."""
    given, _, command = line.rpartition(" | ")
    name, *arguments = shlex.split(command)
    assert name == "wce"
    if not given:
        return run(*arguments)
    echo, text = shlex.split(given)
    assert echo == "echo"
    return run(*arguments, stdin=text.encode())


@pytest.mark.parametrize(("page", "line", "shown"), CONSOLE, ids=[f"{page} {line}" for page, line, _ in CONSOLE])
def test_a_command_prints_what_the_page_shows(page, line, shown, monkeypatch):
    """Written anew by `python docs/make.py`, then read."""
    pytest.importorskip("torch")
    monkeypatch.chdir(ROOT)
    ran = typed(line)
    assert ran.code == 0, ran.err
    assert ran.out == shown


def test_the_first_example_is_the_first_that_wce_proposes_and_answers_what_the_page_begins_with():
    page, line, shown = CONSOLE[0]
    assert (page, line) == ("README.md", EXAMPLES[0])
    begin = " ".join(README.partition("```")[0].split())
    one, other = re.findall(r"prints? (0\.\d+)", begin)
    first, *_ = shown.split("\n\n")
    assert first.startswith(f"PyTorch returns {one} (weighted-mean): ")
    assert f"Divided by N = 2 it is {other}" in " ".join(first.split())


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_of_a_page_are_the_data_of_the_code(name):
    shown = {line: text for _, line, text in CONSOLE}
    assert MAKE["page"](PAGES[name], shown.__getitem__) == PAGES[name]


def test_readme_is_read_in_one_sitting_and_every_page_is_linked():
    assert len(README.splitlines()) <= 200
    assert {name for name in PAGES if name != "README.md" and f"(docs/{name}" not in README} == set()


def test_every_link_leads_somewhere():
    for name, text in PAGES.items():
        folder = ROOT if name == "README.md" else ROOT / "docs"
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (folder / target).exists(), (name, target)
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
            page = PAGES[(folder / target).name] if target else text
            heads = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}, (name, anchor)


def test_every_block_of_a_page_is_one_that_is_tested():
    kinds = re.findall(r"^```(\w+)$", DOCS, re.MULTILINE)
    assert kinds.count("console") == len(CONSOLE) >= 5
    assert kinds.count("python") == len(PYTHON) == 7
    # sh: what `.ci/run` runs, and lines about files that are not here; text: no code; yaml: a job of GitHub.
    assert set(kinds) == {"console", "python", "sh", "text", "yaml"}


@pytest.mark.parametrize("block", PYTHON)
def test_a_python_block_runs(block, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(compile(block, "a page", "exec"), {})
    assert ("0.692279" in capsys.readouterr().out) == ("print(" in block)


def test_the_job_for_github_is_six_lines_whose_command_runs(tmp_path, monkeypatch):
    (block,) = re.findall(r"^```yaml\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    assert len(block.splitlines()) == 6
    command = block.rpartition(" && ")[2]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers").mkdir()
    sample = (ROOT / "samples" / "two-samples.json").read_text("utf-8")
    (tmp_path / "numbers" / "two.wce.json").write_text(sample, "utf-8")
    name, *arguments = shlex.split(command)
    assert (name, run(*arguments).code) == ("wce", 0)
    assert (tmp_path / "wce.xml").exists()


def test_the_hook_of_pre_commit_is_a_command_that_there_is():
    hook = dict(re.findall(r"^[- ] (\w+): (.*)$", (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"), re.MULTILINE))
    assert (hook["id"], hook["entry"], hook["language"]) == ("wce-check", "wce check", "python")
    assert hook["entry"].split()[1] in COMMANDS
    assert re.search(hook["files"], "runs/two.wce.json")
    assert not re.search(hook["files"], "runs/two.json")
    assert "wce check samples/*.json samples/reports/*.json" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_two_commands_stand_in_readme_as_ci_takes_them():
    lines = [line for line in README.splitlines() if line.startswith("pip install -c constraints.txt ")]
    assert lines == [
        "pip install -c constraints.txt . && wce explain samples/two-samples.json",
        "pip install -c constraints.txt '.[test]' && pytest",
    ]
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    assert r"grep -E '^pip install -c constraints\.txt ' README.md" in ci
    found = subprocess.run(
        ["grep", "-E", r"^pip install -c constraints\.txt ", "README.md"], capture_output=True, cwd=ROOT, check=True
    )
    assert found.stdout.decode().splitlines() == lines


def rows_of(head: str) -> dict[str, list[str]]:
    """The rows of README's table with this first head, by the code in their first cell."""
    table = README.split(f"\n| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_the_table_of_methods_is_the_data():
    rows = rows_of("method")
    assert {name: row[0] for name, row in rows.items()} == {m.name: m.formula for m in METHODS.values()}
    assert list(rows) == list(METHODS)


def test_every_exit_code_is_listed():
    assert list(rows_of("exit code")) == ["0", "1", "2", "3", "130"]


def test_every_option_and_key_is_documented():
    helps = run("explain", "--help").out + run("check", "--help").out
    options = set(re.findall(r"(--[a-z-]+)", helps)) - {"--help", "--class-weight"}
    assert {option for option in options if option not in DOCS} == set()
    assert {key for key in READ_BY_EXPLAIN if f"`{key}`" not in DOCS} == set()
    assert {name for name in COMMANDS if f"wce {name}" not in DOCS} == set()


def test_the_changelog_has_this_version_first():
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert __version__ in headings[:2]
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert {code for code in FINDINGS if f"`{code}`" not in changes} == set()


def test_no_file_names_a_machine_or_a_package_index():
    tracked = subprocess.run(["git", "ls-files", "-z"], capture_output=True, cwd=ROOT, check=False).stdout.decode()
    names = [name for name in tracked.split("\0") if name] or [
        str(path.relative_to(ROOT)) for folder in ("wce_cli", "tests") for path in (ROOT / folder).rglob("*.py")
    ]
    forbidden = re.compile("/(" + "home|root|work|tmp|opt" + ")/\\w|" + "pypi\\.|" + "index-" + "url", re.IGNORECASE)
    for name in names:
        text = (ROOT / name).read_bytes().decode("utf-8", "strict" if not name.endswith(".npz") else "replace")
        assert not forbidden.search(text), (name, forbidden.search(text))
