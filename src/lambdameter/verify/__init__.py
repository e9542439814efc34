"""Equality of answers and tables. Pure."""
