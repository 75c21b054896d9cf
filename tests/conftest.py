"""The same examples in every run, whatever the machine's speed: a test that passed here passes there."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")
