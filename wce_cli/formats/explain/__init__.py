"""How the answer of `explain` is shown."""
