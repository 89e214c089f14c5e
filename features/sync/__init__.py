"""Hop 1, shop database to ML store: `python -m features.sync`."""
