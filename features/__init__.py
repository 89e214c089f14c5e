"""The ML store: sync, feature definitions, snapshots, encoding."""
