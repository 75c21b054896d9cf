"""How the answer of `check` is shown."""
