"""Reports of runs, sweeps, gates, audits and claims: for terminals, as Markdown, JSON and HTML."""
