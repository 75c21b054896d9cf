"""What every test may count on: the same examples in every run, whatever the machine's speed, and signals as a terminal
has them."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

from tests.run import QUIET

# Tests ask batches of a few rows: a second thread only waits for the first one, and turns a core while it does.
os.environ.setdefault("OMP_NUM_THREADS", "1")

for variable in QUIET:  # pytest-xdist has a width of its own, and what is run as a process would have it, too
    os.environ.pop(variable, None)

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")

# What runs in the background ignores them, and so would whatever it starts; a signal that is handled is not passed on.
for name in ("SIGINT", "SIGHUP"):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda number, frame: None)
