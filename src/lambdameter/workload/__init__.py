"""What is measured: workload.toml, SAM templates, cases, parameters, data."""
