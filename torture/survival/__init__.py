"""Faults and kills of a measurement with a light engine, in a tree of processes like a real one."""
