"""Engagement report: a batch job that reads events."""
