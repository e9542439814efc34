"""Execution environments: their lifecycle, who serves which invocation, what it is metered at."""
