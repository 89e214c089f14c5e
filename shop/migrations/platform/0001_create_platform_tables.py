"""Create the platform's tables, unless they are there.

They are where the platform's database is the shop's: revisions 0001 to 0003 of the shop made them there.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import (
    big_id,
    check,
    create_indexes,
    create_table,
    instant,
    integer,
    json,
    reference,
    text,
    unique,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "events",
    "recommendation_batches",
    "batch_buckets",
    "recommendations",
    "popular_lists",
    "product_neighbours",
    "batch_pointer",
    "audit_log",
)


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("recommendation_batches"):
        return
    create_events()
    create_batches()
    create_lists()
    create_audit_log()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def create_events() -> None:
    create_table(
        "events",
        ("event_id",),
        big_id("event_id"),
        text("event_key", 100),
        big_id("user_id", nullable=True),
        text("event_type", 16),
        big_id("product_id"),
        text("request_id", 64),
        integer("position", nullable=True),
        text("batch_id", 64, nullable=True),
        text("model_version", 32, nullable=True),
        text("rung", 100, nullable=True),
        text("arm", 64, nullable=True),
        instant("occurred_at"),
        unique("events", "event_key"),
        check("ck_events_event_type_known", "event_type IN ('impression', 'click', 'cart', 'order')"),
        check("ck_events_position_not_negative", "position IS NULL OR position >= 0"),
    )
    create_indexes("events", ("user_id", "occurred_at"), ("occurred_at",), ("updated_at", "event_id"))


def create_batches() -> None:
    create_table(
        "recommendation_batches",
        ("batch_id",),
        text("batch_id", 64),
        big_id("epoch"),
        instant("as_of"),
        text("model_version", 32),
        text("alias", 64, nullable=True),
        text("state", 16, default="writing"),
        integer("num_users", default=0),
        big_id("num_rows", server_default="0"),
        text("checksum", 64, nullable=True),
        json("audit", nullable=True),
        unique("recommendation_batches", "epoch"),
        check(
            "ck_recommendation_batches_state_known",
            "state IN ('writing', 'audited', 'published', 'refused', 'retired')",
        ),
        check("ck_recommendation_batches_counts_not_negative", "num_users >= 0 AND num_rows >= 0"),
    )
    create_indexes("recommendation_batches", ("state", "epoch"))
    create_table(
        "batch_buckets",
        ("batch_id", "bucket"),
        text("batch_id", 64),
        integer("bucket"),
        integer("num_users"),
        big_id("num_rows"),
        text("checksum", 64),
        json("facts"),
        check("ck_batch_buckets_counts_not_negative", "bucket >= 0 AND num_users >= 0 AND num_rows >= 0"),
        reference("batch_buckets", "batch_id", "recommendation_batches.batch_id", on_delete="CASCADE"),
    )
    create_table(
        "batch_pointer",
        ("name",),
        text("name", 64),
        text("batch_id", 64),
        big_id("epoch"),
        instant("moved_at", now=True),
        reference("batch_pointer", "batch_id", "recommendation_batches.batch_id"),
    )
    create_indexes("batch_pointer", ("batch_id",))


def create_lists() -> None:
    create_batch_table("recommendations", ("user_id",), big_id("user_id", autoincrement=False))
    create_batch_table(
        "popular_lists",
        ("scope", "category_id"),
        text("scope", 16),
        big_id("category_id", autoincrement=False, server_default="0"),
        check("ck_popular_lists_scope_known", "scope IN ('global', 'category', 'newest')"),
        check("ck_popular_lists_category_id_of_scope", "scope = 'category' OR category_id = 0"),
    )
    create_batch_table("product_neighbours", ("product_id",), big_id("product_id", autoincrement=False))


def create_batch_table(name: str, key: tuple[str, ...], *items: sa.schema.SchemaItem) -> None:
    """Create a table of product lists that belongs to a batch and goes with it."""
    belongs = reference(name, "batch_id", "recommendation_batches.batch_id", on_delete="CASCADE")
    create_table(name, ("batch_id", *key), text("batch_id", 64), *items, json("products"), belongs)


def create_audit_log() -> None:
    create_table(
        "audit_log",
        ("audit_id",),
        big_id("audit_id"),
        instant("occurred_at", now=True),
        text("actor", 100),
        text("action", 64),
        text("subject", 200),
        text("from_value", 200, nullable=True),
        text("to_value", 200, nullable=True),
        text("reason", nullable=True),
        json("details", nullable=True),
    )
    create_indexes("audit_log", ("occurred_at",))
