"""Totals in a file: written, read back, checked."""
