"""The losses that people hold, by the names they have in their frameworks: read from a line of code, never run."""
