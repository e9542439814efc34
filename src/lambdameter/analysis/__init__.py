"""What a run's figures mean: decisions, gates, estimates and caveats. Pure."""
