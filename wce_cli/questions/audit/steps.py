"""What both sides of the process boundary know."""

FRAMEWORK, LOADING, FIRST = "framework", "loading", "first call"
"""The steps before the first probe."""
FIRST_OF_ANOTHER = "first call, of another batch"
"""The name of the first answer where the plain batch has none."""
ENDS = ("SystemExit", "KeyboardInterrupt", "MemoryError")
"""What a call can raise that other arguments would not keep it from."""
NONE = "returned None"
"""What stands for the error of a call that returned nothing."""
COARSE = "not looked at: differences of its values are lost in rounding"
"""Why there is no gradient by differences: they are lost in rounding."""
PATIENCE = 120.0
"""Seconds for loading a framework, and for compiling, which are no fault of the user's code."""
