"""`main()`: help, versions, and the exit codes."""

from __future__ import annotations

import shlex
from importlib import import_module

import pytest

from tests.run import ROOT, run
from wce_cli import __version__
from wce_cli.cli import app
from wce_cli.cli.app import COMMANDS
from wce_cli.errors import Problem, WceError

TWO = ("-x", "0.1 0.9; 0 0.1", "-y", "0,1", "--engine", "none")


def test_no_arguments_is_a_short_help_on_stderr():
    ran = run()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"wce {__version__}: Where does this weighted cross-entropy number come from, and why is the other one "
        "different?\n\nExamples:\n"
        "  wce explain --logits '0.1 0.9; 0 0.1' --labels 0,1 --weight 0.1,1\n"
        "  wce explain samples/two-samples.json\n"
        "  wce methods weighted-mean\n\n"
        "wce --help lists the commands, wce COMMAND --help the options of one.\n"
    )


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_printed(flag):
    assert run(flag) == (0, f"wce {__version__}\n", "")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command(flag):
    ran = run(flag)
    assert (ran.code, ran.err) == (0, "")
    for name in COMMANDS:
        assert f"\n  {name} " in ran.out


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_has_three_examples_and_the_exit_codes(name, flag):
    ran = run(name, flag)
    module = import_module(f"wce_cli.cli.{name}")
    examples, codes = module.EXAMPLES, module.CODES
    assert (ran.code, ran.err) == (0, "")
    assert len(examples) == 3
    printed = [line.strip() for line in ran.out.splitlines()]
    for line in (*examples, *codes, "3 a bug in wce", "130 interrupted"):
        assert line in printed
    assert any(code.startswith("2 ") for code in codes)


def test_only_the_command_that_is_asked_for_is_built(monkeypatch):
    built = []
    whole = app.typer_app
    monkeypatch.setattr(app, "typer_app", lambda names, **options: built.append([*names]) or whole(names, **options))
    assert run("explain", *TWO).code == 0
    assert "wce identify has --depth" in run("explain", "--depth", "1").err  # which is known all the same
    assert run("--help").code == 0
    assert built == [["explain"], ["explain"], [*COMMANDS], [*COMMANDS]]


@pytest.mark.parametrize(
    "example", [example for name in COMMANDS for example in import_module(f"wce_cli.cli.{name}").EXAMPLES]
)
def test_every_example_runs(example, tmp_path, monkeypatch):
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    command, _, file = example.partition(" < ")
    name, *arguments = shlex.split(command)
    assert name == "wce"
    ran = run(*arguments, stdin=(ROOT / file).read_bytes() if file else b"")
    assert ran.code == 0, ran.err
    written = [path for path in tmp_path.iterdir() if path.name != "samples"]
    assert bool(ran.out) != ("--output" in arguments)
    assert bool(written) == bool({"--output", "--save"} & set(arguments))


def raising(error):
    def command(*arguments, **options):
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (WceError(Problem("no", "yes")), 2, "error: no\nhint: yes\n"),
        (KeyboardInterrupt(), 130, ""),
        (MemoryError(), 2, "error: there is not enough memory\n"),
    ],
)
def test_an_error_below_becomes_its_exit_code(monkeypatch, error, code, said):
    monkeypatch.setattr("wce_cli.cli.batches.read_sources", raising(error))
    assert run("explain", *TWO) == (code, "", said)


def test_a_bug_is_exit_3_with_its_traceback_and_a_word(monkeypatch):
    monkeypatch.setattr("wce_cli.cli.batches.read_sources", raising(ZeroDivisionError("oh")))
    ran = run("explain", *TWO)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("Traceback (most recent call last):\n")
    assert ran.err.endswith(
        "ZeroDivisionError: oh\n"
        f"wce {__version__}: this is a bug in wce, not in your numbers; please report it with the lines above\n"
    )


def test_wce_debug_shows_where_an_error_comes_from():
    ran = run("explain", "-x", "1 2", "-y", "5", WCE_DEBUG="1")
    assert ran.code == 2
    assert ran.err.startswith("Traceback (most recent call last):\n")
    assert "error: labels is 5, but logits has 2 classes (0..1)\n" in ran.err
    assert run("explain", "-x", "1 2", "-y", "5").err.startswith("error: ")


@pytest.mark.parametrize("arguments", [("--help",), *((name, "--help") for name in COMMANDS)])
def test_help_is_ascii(arguments):
    assert run(*arguments).out.isascii()
