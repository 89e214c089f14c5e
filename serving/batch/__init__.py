"""Batch scoring: rank for every user, write, audit, publish."""
