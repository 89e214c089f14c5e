"""Alembic's entry point: runs the revisions on the connection that `shop.migrate` hands over."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["schema"].metadata,
    version_table=attributes["schema"].version_table,
    compare_type=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
