"""Loader of a shop from CSV exports of its own, through a mapping whose SQL reads the files as tables."""
