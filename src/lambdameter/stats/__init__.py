"""Statistics of samples. Pure."""
