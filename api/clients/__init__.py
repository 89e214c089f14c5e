"""Clients of the services next door."""
