"""Reports of runs, sweeps, gates, audits and claims, as terminal text, Markdown, JSON and HTML."""
