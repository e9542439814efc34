"""Search for an event on which variants differ."""
