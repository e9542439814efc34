"""A workload to begin with: `template/` is one that runs, and a new one is a renamed copy of it."""
