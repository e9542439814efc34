"""Somebody's published table, checked without running any code."""
