"""Modules that a worker finds in the place of the engines' own."""
