"""How the answer of `sweep` is shown."""
