"""One run: planned, measured, kept in its folder, taken up again, read."""
