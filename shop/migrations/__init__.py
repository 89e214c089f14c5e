"""Revisions of the shop's database (`shop`) and the platform's (`platform`), for Alembic, in words of their own."""
