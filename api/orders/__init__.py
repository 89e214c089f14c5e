"""Prices, quote and checkout."""
