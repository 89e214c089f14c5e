"""Hop 2, ML store to snapshot: everything that the model may know as of an instant."""
