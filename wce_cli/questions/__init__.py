"""The questions that can be asked, one a file: pure functions that return frozen values."""
