"""How the answer of `audit` is shown."""
