"""Keep the merchant's rules for lists, and who changed them.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from shop.migrations.columns import big_id, check, create_indexes, create_table, instant, integer, json, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

RULES, CHANGES = "business_rules", "business_rule_changes"


def upgrade() -> None:
    create_table(
        RULES,
        ("rule_id",),
        big_id("rule_id"),
        text("action", 16),
        text("target_kind", 16),
        big_id("target_id", nullable=True),
        text("target_text", 200, nullable=True),
        integer("value", nullable=True),
        instant("starts_at", nullable=True),
        instant("ends_at", nullable=True),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default="1"),
        text("note", 500, default=""),
        check("ck_business_rules_action_known", "action IN ('pin', 'boost', 'bury', 'hide', 'cap')"),
        check(
            "ck_business_rules_target_kind_known",
            "target_kind IN ('product', 'family', 'brand', 'category', 'product_type')",
        ),
        check("ck_business_rules_one_target", "(target_id IS NULL) <> (target_text IS NULL)"),
    )
    create_table(
        CHANGES,
        ("change_id",),
        big_id("change_id"),
        big_id("rule_id"),
        text("changed_by", 64),
        json("before", nullable=True),
        json("after", nullable=True),
    )
    create_indexes(CHANGES, ("rule_id",))


def downgrade() -> None:
    op.drop_table(CHANGES)
    op.drop_table(RULES)
