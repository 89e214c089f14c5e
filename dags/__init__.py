"""Workflows: wiring only."""
