"""Reports of runs, sweeps, gates, audits and claims, for terminals and as Markdown, JSON and HTML."""
