"""Published figures as data, one TOML file for each text, and their verdicts."""
