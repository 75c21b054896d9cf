"""Losses of Keras, scikit-learn and optax in hand, in a process of their own: beside jax no other test could fork."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

TESTS = Path(__file__).with_name("criterion_of_frameworks.py")
NEEDED = ("torch", "keras", "optax", "jax", "sklearn")


@pytest.mark.skipif(any(find_spec(name) is None for name in NEEDED), reason="they are not all installed")
def test_losses_of_frameworks_in_hand():
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", str(TESTS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "[100%]" in done.stdout
