"""How the answer of `gradient` is shown."""
