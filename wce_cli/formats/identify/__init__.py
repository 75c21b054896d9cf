"""How the answer of `identify` is shown."""
