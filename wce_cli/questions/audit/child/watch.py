"""What can be noticed of code that runs in this process.

What a library does of its own when it is imported, or when it compiles, is no deed of the user's code: both write
files, start processes and take their time. Whose deed it is, is read off the stack.
"""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

OURS = tuple(os.path.join(folder, "") for folder in (sysconfig.get_path("stdlib"), str(Path(__file__).parents[2])))
INSTALLED = tuple(os.path.join(os.sep, name, "") for name in ("site-packages", "dist-packages"))
"""Where code is that no user wrote: Python's own and ourselves, and what is in any such folder."""
IMPORTS = ("<frozen importlib", "<frozen zipimport")
COMPILERS = tuple(
    os.path.join(os.sep, *parts)
    for parts in (
        ("torch", "_dynamo", ""),
        ("torch", "_inductor", ""),
        ("torch", "_functorch", ""),
        ("triton", "compiler", ""),
        ("jax", "_src", "compiler.py"),
        ("numba", "core", ""),
    )
)
"""Where code is that compiles, or waits for a compiler."""
WRITTEN_BY_COMPILERS = "torchinductor"
"""In the path of what a compiler wrote."""
LOOKS = 0.5
"""Seconds between two looks at what keeps a call busy."""


def is_users(file: str) -> bool:
    """Whether a file of the stack was written by the user."""
    is_library = file.startswith(OURS) or any(part in file for part in (*INSTALLED, WRITTEN_BY_COMPILERS))
    return os.path.isabs(file) and not is_library


def under_way(frame: FrameType | None) -> str:
    """What runs between a frame and the user's code that called it: `import`, `compiler`, else `call`; an empty text
    where nothing on the stack is the user's."""
    found = ""
    while frame is not None:
        file = frame.f_code.co_filename
        if is_users(file):
            return found or "call"
        if file.startswith(IMPORTS):
            found = "import"
        elif not found and any(part in file for part in COMPILERS):
            found = "compiler"
        frame = frame.f_back
    return found if found == "compiler" else ""


class ConductWatch:
    """Notices files that are written and processes that are started while the user's code runs."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self.tell, self.seen = tell, set[tuple[str, str]]()

    def __enter__(self) -> None:
        _listen()
        _WATCHING.append(self)

    def __exit__(self, *error: object) -> None:
        _WATCHING.remove(self)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's own account of what happens (PEP 578)."""
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            mode, flags = arguments[1], arguments[2] or 0
            writes = set(mode or "") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            path = _path(arguments[0])
            if writes and path != os.devnull:
                self.note("writes", path)
        elif event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork"):
            self.note("starts", _path(arguments[0]) if arguments else "a copy of itself")
        elif event == "socket.connect":
            self.note("connects", str(arguments[1]))
        elif event in ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree"):
            self.note("removes", _path(arguments[0]))

    def note(self, what: str, detail: str) -> None:
        """Tell it once, if it is the user's code that does it."""
        if (what, detail) not in self.seen and len(self.seen) < 20 and under_way(sys._getframe(1)) == "call":
            self.seen.add((what, detail))
            self.tell(what, detail[:200])


_WATCHING: list[ConductWatch] = []
"""Those that are on, one as often as it was entered."""


@functools.cache
def _listen() -> None:
    """Hear of all that happens from now on: one hook for all that watch, since Python never takes one away."""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        for watch in _WATCHING[-1:]:  # another thread may hear it when the last one has just gone
            watch.hear(event, arguments)

    sys.addaudithook(hear)


def _path(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else str(value)


def tell_what_takes_time(tell: Callable[[], None]) -> None:
    """Call `tell` now and then while the main thread imports or compiles: that ends, and no loop of the user's does."""
    main = threading.main_thread().ident

    def look() -> None:
        while not ends.wait(LOOKS):
            if main is not None and under_way(sys._current_frames().get(main)) in ("import", "compiler"):
                tell()

    ends = threading.Event()
    threading.Thread(target=look, daemon=True).start()
