"""Variants and functions -> deployment packages."""
