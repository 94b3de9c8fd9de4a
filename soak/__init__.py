"""Promises that only thousands of runs can test: one module a campaign."""
