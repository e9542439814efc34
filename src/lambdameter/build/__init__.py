"""Workload x variant -> a content-addressed zip, as Lambda takes it."""
