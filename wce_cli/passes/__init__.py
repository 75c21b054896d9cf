"""Rows → totals and facts: one pass, its parts, and the workers that share it."""
