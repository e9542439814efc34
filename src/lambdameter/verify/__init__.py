"""Equality: what was answered and written, against what must be there, types included. Pure."""
