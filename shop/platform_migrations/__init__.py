"""Revisions of the platform's database; their vocabulary is that of the shop's (`shop/migrations/columns.py`)."""
