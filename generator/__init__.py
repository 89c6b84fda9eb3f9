"""Quantpress: measure a language model under several quantisations, and publish what was found."""

__version__ = "0.1.0"
