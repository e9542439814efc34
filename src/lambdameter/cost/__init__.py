"""What a run costs: pure, in exact decimals."""
