"""How the answer of `split` is shown."""
