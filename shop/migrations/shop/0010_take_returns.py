"""Let a line of an order be a return: pieces below zero. Going back, returns are lost.

Revision: 0010, after 0009.
"""

from alembic import op

from shop.migrations.columns import is_sqlite, redeclare_on_sqlite

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BOUGHT = ("ck_order_items_quantity_positive", "quantity > 0")
BOUGHT_OR_RETURNED = ("ck_order_items_quantity_not_zero", "quantity <> 0")
"""Names and conditions."""


def upgrade() -> None:
    replace_check(BOUGHT, BOUGHT_OR_RETURNED)


def downgrade() -> None:
    op.execute("DELETE FROM order_items WHERE quantity < 0")
    replace_check(BOUGHT_OR_RETURNED, BOUGHT)


def replace_check(old: tuple[str, str], new: tuple[str, str]) -> None:
    """Put a condition in another one's place."""
    if is_sqlite():
        declared, instead = (f"CONSTRAINT {name} CHECK ({condition})" for name, condition in (old, new))
        redeclare_on_sqlite("order_items", declared, instead)
    else:
        op.drop_constraint(op.f(old[0]), "order_items", type_="check")
        op.create_check_constraint(op.f(new[0]), "order_items", new[1])
