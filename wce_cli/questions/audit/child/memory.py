"""How much memory the user's code may ask for, and how it is told that this was too much."""

from __future__ import annotations

import re

NO_MEMORY = re.compile("can't allocate memory|cannot allocate memory|out of memory", re.IGNORECASE)
"""In what a framework raises that gets no memory."""


def is_of_memory(error: BaseException) -> bool:
    """Whether an error says that there was not enough memory."""
    return isinstance(error, MemoryError) or NO_MEMORY.search(str(error)) is not None


def limit_memory(extra: int | None) -> None:
    """Let this process ask for so much more memory than it has, where the system can hold it to that."""
    if extra is None:
        return
    try:
        import resource  # not on every system

        with open("/proc/self/statm", "rb") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = taken + extra if hard == resource.RLIM_INFINITY else min(taken + extra, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (ImportError, OSError, ValueError):  # no such limit here
        return
