"""Samples to figures: pure, and recomputed from the samples every time."""
