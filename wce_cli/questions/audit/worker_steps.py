"""What both sides of the process boundary know."""

FRAMEWORK, LOADING, FIRST = "framework", "loading", "first call"
"""The steps before the first probe."""
ENDS = ("SystemExit", "KeyboardInterrupt", "MemoryError")
"""What a call can raise that other arguments would not keep it from."""
NONE = "returned None"
"""What stands for the error of a call that returned nothing."""
COARSE = "not looked at: it computes in float32"
"""Why there is no gradient by differences: they are lost in rounding."""
PATIENCE = 120.0
"""Seconds for loading a framework, and for compiling, which are no fault of the user's code."""
