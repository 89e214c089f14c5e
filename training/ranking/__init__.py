"""Ranking from a snapshot and a version. No torch here."""
