"""The fixture `lambda_duel`: a run inside a test; docs/pytest.md."""
