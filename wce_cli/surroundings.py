"""What the libraries that we load need of this process, and what they must leave as it was.

Some end it in C, without a word, where they miss something: that is asked before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

ANYTHING, NUMPY, PICTURES, TORCH = 16 << 20, 112 << 20, 112 << 20, 768 << 20
"""Bytes of address space: what little is done takes, and what loading them does. OpenBLAS calls exit(1) where it gets
none, torch aborts."""


def has_room(size: int) -> bool:
    """Whether a process whose memory is limited (`ulimit -v`) may have so many bytes more; others may."""
    try:
        import resource

        limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
        if all(limit == resource.RLIM_INFINITY for limit in limits):
            return True
        import mmap

        mmap.mmap(-1, size).close()
    except ImportError:  # no limits are known here
        return True
    except (OSError, MemoryError, ValueError):
        return False
    return True


def has_folder() -> bool:
    """Whether the working directory is still there: torch looks for its libraries from it, and aborts."""
    try:
        return bool(os.getcwd())
    except OSError:
        return False


@contextmanager
def same_random() -> Iterator[None]:
    """Inside, whatever draws from Python's `random` or seeds it leaves it as it was: it is the user's."""
    import random

    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
