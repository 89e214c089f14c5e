"""Alembic's entry point: runs the revisions on the connection that `shop.migrate` hands over."""

from alembic import context

from shop.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
