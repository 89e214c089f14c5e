"""The history of the shop's schema, as Alembic revisions."""
