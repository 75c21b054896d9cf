"""The steps of a worker before its first probe."""

FRAMEWORK, LOADING, FIRST = "framework", "loading", "first call"
PATIENCE = 120.0
"""Seconds for loading the framework, which is no fault of the user's code."""
