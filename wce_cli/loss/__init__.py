"""The arithmetic, and nothing else: what a loss number is made of. Knows no framework, file, or terminal."""
