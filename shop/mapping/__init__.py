"""Mapping of a shop's own tables to the canonical ones: the file, its SQL, and its check against a database."""
