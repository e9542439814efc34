"""Workloads: workload.toml, SAM templates, cases, parameters, data."""
