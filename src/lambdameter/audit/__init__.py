"""Published tables, checked without running code. Pure."""
