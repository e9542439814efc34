"""Prove that a port of a Lambda function does the same, measure both, price the whole bill."""
