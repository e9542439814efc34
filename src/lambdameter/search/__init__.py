"""Looks for an input on which variants differ. Pure: who calls them, and the clock, are given."""
