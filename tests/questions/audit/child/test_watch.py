"""Whose deed it is: the user's code is told of what it does, and of nothing that a library does of its own."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from tests.questions.audit.inside import FIXTURES
from wce_cli import audit
from wce_cli.questions.audit.child.watch import ConductWatch, is_users, under_way

LIBRARY = "/srv/venv/lib/python3.11/site-packages/library.py"
COMPILER = "/srv/venv/lib/python3.11/site-packages/torch/_dynamo/convert_frame.py"
USER = "/Users/me/losses.py"


def placed(file: str, source: str, **names):
    """The function `f` of a source that is in some file."""
    exec(compile(source, file, "exec"), names)
    return names["f"]


def looks() -> str:
    return under_way(sys._getframe(1))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([USER], "call"),
        ([USER, LIBRARY], "call"),
        ([LIBRARY], "call"),  # this test is a user's file
        ([USER, COMPILER], "compiler"),
        ([USER, COMPILER, LIBRARY, os.__file__], "compiler"),
        ([USER, COMPILER, USER], "call"),
        ([USER, COMPILER, "/scratch/torchinductor_me/ab/cab.py"], "compiler"),
        ([USER, "<frozen importlib._bootstrap>", LIBRARY], "import"),
        ([USER, COMPILER, "<frozen importlib._bootstrap>", LIBRARY], "import"),
        ([USER, "<frozen importlib._bootstrap>", USER], "call"),
        ([USER, "<string>"], "call"),
    ],
)
def test_what_is_under_way_is_read_off_the_stack(files, expected):
    called = looks
    for file in reversed(files):
        called = placed(file, "def f():\n    return g()\n", g=called)
    assert called() == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (USER, True),
        (os.__file__, False),
        (LIBRARY, False),
        ("/usr/lib/python3/dist-packages/numpy/core.py", False),
        ("<string>", False),
        ("/Users/me/site-packages-of-mine/losses.py", True),
    ],
)
def test_what_a_user_wrote_is_in_none_of_the_folders_of_libraries(file, expected):
    assert is_users(file) is expected


def test_files_that_an_import_writes_are_not_told_and_those_of_a_call_are(tmp_path, monkeypatch):
    told = []
    watch = ConductWatch(lambda *noted: told.append(noted))
    source = "def f():\n    open(path, 'w').close()\n    os.remove(path)\n"
    folder = tmp_path / "site-packages"
    folder.mkdir()
    cached = f"import os\npath = {str(tmp_path / 'cache')!r}\n{source}f()\n"
    (folder / "writes_when_imported.py").write_text(cached, "utf-8")
    monkeypatch.syspath_prepend(folder)
    with watch:
        placed(USER, "def f():\n    import writes_when_imported\n")()
        assert told == []
        placed(USER, source, path=str(tmp_path / "mine"), os=os)()
        placed(USER, "def f():\n    g()\n", g=placed(LIBRARY, source, path=str(tmp_path / "asked"), os=os))()
    assert [(what, os.path.basename(path)) for what, path in told] == [
        ("writes", "mine"),
        ("removes", "mine"),
        ("writes", "asked"),
        ("removes", "asked"),
    ]


def test_however_many_watch_python_has_one_hook_more(monkeypatch, tmp_path):
    with ConductWatch(lambda *noted: None):
        pass
    monkeypatch.setattr(sys, "addaudithook", lambda hook: pytest.fail("a hook is never taken away"))
    outer, inner = [], []
    source = "def f():\n    open(path, 'w').close()\n"
    with ConductWatch(lambda *noted: outer.append(noted)), ConductWatch(lambda *noted: inner.append(noted)):
        placed(USER, source, path=str(tmp_path / "log"))()
    assert (outer, inner) == ([], [("writes", str(tmp_path / "log"))])


@pytest.fixture(scope="module")
def inductor(tmp_path_factory):
    """What a compiler keeps: empty for the first function, and there for the second one."""
    return str(tmp_path_factory.mktemp("torchinductor"))


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler")
@pytest.mark.parametrize("name", ["compiled", "compiled_and_writes"])
def test_what_a_compiler_takes_and_does_is_no_hanging_and_no_deed(name, tmp_path, inductor, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("WCE_TEST_FILE", str(tmp_path / "log"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", inductor)
    answer = audit(f"{FIXTURES}/compiled.py:{name}", timeout=2)
    assert answer.own.is_followed
    said = {row.name: row.said for row in answer.rows if row.part == "conduct"}
    assert said == ({"writes files": str(tmp_path / "log")} if "writes" in name else {})
