"""The light engine where the worker looks for vLLM's module."""

from torture.survival.light import engine_for, fail_where_asked

__all__ = ["engine_for"]

fail_where_asked("import")
