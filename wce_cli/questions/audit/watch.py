"""What can be noticed of code that runs in this process, and what it can be kept from."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any


class Watch:
    """Notices files that are written and processes that are started while the user's code runs."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self.tell, self.on, self.seen = tell, 0, set[tuple[str, str]]()
        sys.addaudithook(self.hear)

    def __enter__(self) -> None:
        self.on += 1

    def __exit__(self, *error: object) -> None:
        self.on -= 1

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's own account of what happens (PEP 578)."""
        if not self.on:
            return
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            mode, flags = arguments[1], arguments[2] or 0
            writes = set(mode or "") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            path = os.fsdecode(arguments[0])
            if writes and path != os.devnull:
                self.note("writes", path)
        elif event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork"):
            self.note("starts", str(arguments[0]) if arguments else "a copy of itself")
        elif event == "socket.connect":
            self.note("connects", str(arguments[1]))
        elif event in ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree"):
            self.note("removes", str(arguments[0]))

    def note(self, what: str, detail: str) -> None:
        """Tell it once."""
        if (what, detail) not in self.seen and len(self.seen) < 20:
            self.seen.add((what, detail))
            self.tell(what, detail[:200])


def limit_memory(extra: int | None) -> None:
    """Let this process ask for so much more memory than it has, where the system can hold it to that."""
    if extra is None:
        return
    try:
        import resource

        with open("/proc/self/statm", "rb") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = taken + extra if hard == resource.RLIM_INFINITY else min(taken + extra, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (ImportError, OSError, ValueError):  # no such limit here
        return
