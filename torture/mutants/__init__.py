"""Slips in what decides, and whether the tests notice them."""
