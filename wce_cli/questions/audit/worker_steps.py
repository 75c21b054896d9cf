"""The steps of a worker before its first probe."""

LOADING, FIRST = "loading", "first call"
