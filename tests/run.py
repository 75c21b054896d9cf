"""Running `wce`: in this process, or as a process of its own where that is what is tested."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from wce_cli.cli.app import main

ROOT = Path(__file__).parents[1]

QUIET = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "PYTHONIOENCODING", "WCE_FORMAT")
"""What a developer's terminal may have set, and a test must not see."""


class Ran(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str


class _Pipe(io.TextIOWrapper):
    """A stream that is no terminal, in an encoding."""

    def __init__(self, content: bytes = b"", encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(content), encoding=encoding, newline="")

    def text(self) -> str:
        self.flush()
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode(self.encoding)


def run(*arguments: str, stdin: bytes = b"", encoding: str = "utf-8", **environment: str) -> Ran:
    """`wce ARGUMENTS` in this process, off a terminal, with nothing but `environment` to steer its look."""
    out, err = _Pipe(encoding=encoding), _Pipe(encoding=encoding)
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ))
        for name in QUIET:
            os.environ.pop(name, None)
        os.environ.update(environment)
        for name, stream in (("stdin", _Pipe(stdin)), ("stdout", out), ("stderr", err)):
            stack.enter_context(mock.patch.object(sys, name, stream))
        code = main(arguments)
        return Ran(code, out.text(), err.text())


def hint(*arguments: str) -> str:
    """The hint with which `wce ARGUMENTS` is refused; empty where there is none."""
    ran = run(*arguments)
    assert ran.code == 2
    return ran.err.partition("hint: ")[2].strip()


def without_foot(text: str) -> str:
    """A page but for its foot, which says how it was asked for; any other text as it is."""
    return re.sub("<footer.*?</footer>", "", text, flags=re.DOTALL)


def copy_package(folder: Path) -> Path:
    """A copy of the package in `folder`, for a test to change."""
    return Path(shutil.copytree(ROOT / "wce_cli", folder / "wce_cli", ignore=shutil.ignore_patterns("__pycache__")))


def python_of(folder: Path, *words: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`python WORDS`, which finds the copy of the package that is in `folder`."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        input=stdin,
        check=False,
    )


def spawn(*arguments: str, stdin: bytes = b"", **environment: str) -> Ran:
    """`python -m wce_cli ARGUMENTS` as a process of its own, from the root of the project."""
    kept = {name: value for name, value in os.environ.items() if name not in QUIET}
    done = subprocess.run(
        [sys.executable, "-m", "wce_cli", *arguments],
        input=stdin,
        capture_output=True,
        cwd=ROOT,
        env={**kept, "PYTHONIOENCODING": "utf-8", **environment},
        timeout=120,
        check=False,
    )
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    return Ran(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))
