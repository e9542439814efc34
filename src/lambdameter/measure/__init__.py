"""One run: planned, measured, stored, resumed and read."""
