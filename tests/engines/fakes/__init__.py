"""Engines that misbehave."""
