"""The package as it is installed: what it loads, what it exports, what it needs."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib

import pytest

import wce_cli
from tests.run import ROOT
from wce_cli.cli.app import COMMANDS
from wce_cli.engines import ENGINES
from wce_cli.version import __version__

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line and line[0] != "#"
)
EXTRAS = PROJECT["optional-dependencies"]
RUNTIME, TEST = PROJECT["dependencies"], [one for one in EXTRAS["test"] if not one.startswith("wce-cli[")]
ALONE = ("tensorflow", "paddle")
"""Frameworks that are tested in an environment of their own, so that no pin binds them."""
FRAMEWORKS = [one for name in ENGINES if name != "torch" and name not in ALONE for one in EXTRAS[name]]

LOADED = """
import json, sys
from wce_cli.cli.app import main
code = main(sys.argv[1:])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, cwd=ROOT, check=True, encoding="utf-8"
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["explain", "--help"], ["expalin"]])
def test_help_and_mistakes_load_neither_numpy_nor_torch_nor_rich(arguments):
    assert not loaded_by(*arguments) & {"numpy", "torch", "rich", "pydantic"}


def test_a_small_batch_loads_nothing_of_numpy_that_it_does_not_need():
    sample = str(ROOT / "samples" / "two-samples.json")
    code = "import sys; from wce_cli.cli.app import main; main(sys.argv[1:]); print('numpy.ma' in sys.modules)"
    arguments = [sys.executable, "-c", code, "explain", sample, "--engine", "none"]
    done = subprocess.run(arguments, capture_output=True, check=True, encoding="utf-8")
    assert done.stdout.endswith("\nFalse\n")


OWN = """
import sys
from wce_cli.cli.app import main
main(sys.argv[1:])
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "wce_cli"), file=sys.stderr)
"""


def own_modules(*arguments: str) -> list[str]:
    """Those of our modules that a command line loads."""
    done = subprocess.run(
        [sys.executable, "-c", OWN, *arguments], capture_output=True, cwd=ROOT, check=True, encoding="utf-8"
    )
    return done.stderr.splitlines()[-1].split()


def test_a_small_batch_loads_few_of_our_modules():
    """Each takes its time to load; 49 of them are the findings, a file each."""
    assert len(own_modules("explain", "samples/two-samples.json", "--engine", "none")) <= 156


def test_a_command_loads_no_other_command():
    loaded = own_modules("explain", "samples/two-samples.json", "--engine", "none")
    assert {f"wce_cli.cli.{name}" for name in COMMANDS} & {*loaded} == {"wce_cli.cli.explain"}
    assert {f"wce_cli.cli.{name}" for name in COMMANDS} <= {*own_modules("--help")}


def test_torch_is_loaded_only_to_be_measured():
    sample = str(ROOT / "samples" / "two-samples.json")
    assert "torch" not in loaded_by("explain", sample, "--engine", "none")
    assert "torch" not in loaded_by("methods")
    assert "torch" in loaded_by("explain", sample)


def test_json_loads_no_rich():
    assert "rich" not in loaded_by("check", str(ROOT / "samples" / "two-samples.json"), "--format", "json")
    sample = str(ROOT / "samples" / "two-samples.json")
    assert "rich" not in loaded_by("explain", sample, "--engine", "none", "--format", "json")


def test_the_package_exports_these_names_and_imports_them_on_use():
    assert wce_cli.__all__ == [
        "METHODS",
        "Report",
        "WceError",
        "__version__",
        "assert_loss",
        "audit",
        "batch",
        "check",
        "explain",
        "gradient",
        "identify",
        "split",
        "sweep",
    ]
    assert dir(wce_cli) == sorted(wce_cli.__all__)
    for name in wce_cli.__all__:
        assert getattr(wce_cli, name) is not None
    code = "import sys, wce_cli; print(any(m in sys.modules for m in ('numpy', 'torch', 'typer', 'rich', 'msgspec')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert done.stdout == "False\n"


def test_a_name_it_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'wce_cli' has no attribute 'explane'$"):
        _ = wce_cli.explane


def test_the_version_is_that_of_the_installed_package():
    assert importlib.metadata.version("wce-cli") == wce_cli.__version__ == __version__


def test_the_package_is_typed_and_has_one_command():
    assert (ROOT / "wce_cli" / "py.typed").read_bytes() == b""
    assert PROJECT["scripts"] == {"wce": "wce_cli.__main__:run"}
    assert PROJECT["requires-python"] == ">=3.11"


@pytest.mark.parametrize("requirement", [*RUNTIME, *TEST, *FRAMEWORKS])
def test_every_requirement_has_a_lower_bound_only_and_a_tested_version(requirement):
    name, bound = re.fullmatch(r"([a-z-]+)>=([\d.]+)", requirement).groups()
    tested = [int(part) for part in PINS[name].split(".")]
    assert tested >= [int(part) for part in bound.split(".")]


def test_the_runtime_needs_these_packages_only():
    assert {requirement.partition(">")[0] for requirement in RUNTIME} == {"msgspec", "numpy", "rich", "torch", "typer"}


def test_every_engine_has_an_extra_and_the_tests_install_those_that_share_an_environment():
    assert {name for name in ENGINES if name != "torch"} <= set(EXTRAS)
    together = [name for name in ENGINES if name != "torch" and name not in ALONE]
    assert EXTRAS["frameworks"] == [f"wce-cli[{','.join(together)}]"]
    assert "wce-cli[frameworks]" in EXTRAS["test"]


def test_the_constraints_are_exact_versions_that_are_installed_here():
    assert PINS["torch"] == "2.13.0"
    for name, version in PINS.items():
        assert re.fullmatch(r"[\d.]+(\.post\d+)?", version), name
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # needed on another platform, or by a build
        assert installed.partition("+")[0] == version, name
