"""The side that is asked: the process of its own in which the user's function runs."""
