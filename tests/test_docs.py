"""README is run: its commands print what it shows, and what it lists is what there is."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from tests.run import ROOT, Ran, run
from wce_cli import __version__
from wce_cli.cli.app import COMMANDS
from wce_cli.findings import FINDINGS
from wce_cli.inputs.document import READ_BY_EXPLAIN
from wce_cli.loss.methods import METHODS
from wce_cli.loss.placements import PLACEMENTS

README = (ROOT / "README.md").read_text("utf-8")
CONSOLE = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", README, re.MULTILINE)
PYTHON = re.findall(r"^```python\n((?:.*\n)*?)```$", README, re.MULTILINE)


def typed(line: str) -> Ran:
    """Run one line of README: `wce …`, or `echo '…' | wce …`."""
    given, _, command = line.rpartition(" | ")
    name, *arguments = shlex.split(command)
    assert name == "wce"
    if not given:
        return run(*arguments)
    echo, text = shlex.split(given)
    assert echo == "echo"
    return run(*arguments, stdin=text.encode())


@pytest.mark.parametrize(("line", "shown"), CONSOLE, ids=[line for line, _ in CONSOLE])
def test_a_command_prints_what_readme_shows(line, shown, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(ROOT)
    ran = typed(line)
    assert ran.code == 0, ran.err
    assert ran.out == shown


def test_every_block_of_readme_is_one_that_is_tested():
    kinds = re.findall(r"^```(\w+)$", README, re.MULTILINE)
    assert kinds.count("console") == len(CONSOLE) >= 5
    assert kinds.count("python") == len(PYTHON) == 3
    # sh: what `.ci/run` runs; text: no code; yaml: a job of GitHub.
    assert set(kinds) == {"console", "python", "sh", "text", "yaml"}
    assert kinds.count("sh") == 4


@pytest.mark.parametrize("block", PYTHON)
def test_a_python_block_runs(block, capsys):
    exec(compile(block, "README.md", "exec"), {})
    assert ("0.692279" in capsys.readouterr().out) == ("print(" in block)


def test_the_job_for_github_is_six_lines_whose_command_runs(tmp_path, monkeypatch):
    (block,) = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
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


def test_the_table_of_placements_is_the_data():
    assert rows_of("placement") == {p.name: [p.term, p.weight, p.used_by] for p in PLACEMENTS.values()}


def test_the_table_of_methods_is_the_data():
    rows = rows_of("method")
    assert {name: row[0] for name, row in rows.items()} == {m.name: m.formula for m in METHODS.values()}
    assert list(rows) == list(METHODS)


def test_every_finding_is_listed_in_the_order_of_its_gravity():
    assert list(rows_of("finding")) == list(FINDINGS)


def test_every_exit_code_is_listed():
    assert list(rows_of("exit code")) == ["0", "1", "2", "3", "130"]


def test_every_option_and_key_is_documented():
    helps = run("explain", "--help").out + run("check", "--help").out
    options = set(re.findall(r"(--[a-z-]+)", helps)) - {"--help", "--class-weight"}
    assert {option for option in options if option not in README} == set()
    assert {key for key in READ_BY_EXPLAIN if f"`{key}`" not in README} == set()
    assert {name for name in COMMANDS if f"wce {name}" not in README} == set()


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
        text = (ROOT / name).read_bytes().decode("utf-8")
        assert not forbidden.search(text), (name, forbidden.search(text))
