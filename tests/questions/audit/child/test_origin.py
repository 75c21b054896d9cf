"""Which files are somebody's own: where a file really is decides, and not what it is called by."""

from __future__ import annotations

import os
import sys
import sysconfig
from types import ModuleType

import pytest

from wce_cli.questions.audit.child.origin import imported


@pytest.fixture
def module(monkeypatch):
    """A module of some file, as if it had been imported."""

    def made(file):
        one = ModuleType(f"of_{len(sys.modules)}")
        one.__file__ = str(file)
        monkeypatch.setitem(sys.modules, one.__name__, one)
        return str(file)

    return made


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A folder that packages are installed in."""
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    paths = {**sysconfig.get_paths(), "purelib": str(folder)}
    monkeypatch.setattr(sysconfig, "get_paths", lambda: paths)
    return folder


def test_links_are_followed_of_files_and_of_folders(tmp_path, installed, module, monkeypatch):
    mine = tmp_path / "mine"
    (mine / "package").mkdir(parents=True)
    for name in ("losses.py", "package/parts.py", "linked.py"):
        (mine / name).touch()
    (installed / "theirs.py").touch()
    (installed / "linked.py").symlink_to(mine / "linked.py")
    (installed / "package").symlink_to(mine / "package")
    (mine / "theirs.py").symlink_to(installed / "theirs.py")
    monkeypatch.chdir(mine)
    own = {module(mine / "losses.py"), module(installed / "linked.py"), module(installed / "package" / "parts.py")}
    own.add(module("losses.py"))
    others = {module(installed / "theirs.py"), module(mine / "theirs.py")}
    found = set(imported(str(mine / "losses.py")))
    assert own <= found
    assert not others & found


def test_they_are_those_that_the_whole_path_of_each_file_says(tmp_path):
    (tmp_path / "losses.py").touch()
    folder = os.path.realpath(tmp_path) + os.sep
    installed = tuple(os.path.realpath(path) + os.sep for path in sysconfig.get_paths().values())
    files = {file for one in list(sys.modules.values()) if isinstance(file := getattr(one, "__file__", None), str)}
    real = {file: os.path.realpath(file) for file in files}
    expected = sorted(file for file, at in real.items() if at.startswith(folder) or not at.startswith(installed))
    assert __file__ in expected
    assert list(imported(str(tmp_path / "losses.py"))) == expected
