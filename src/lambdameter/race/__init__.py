"""The live race's page: what is recorded, what is served, what is exported."""
