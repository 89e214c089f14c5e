"""Tables of the merchant's rules for lists, and of who changed them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import PlatformBase, one_of, table_arguments
from shop.tables.types import BigId, UtcDateTime

RULE_ACTIONS = ("pin", "boost", "bury", "hide", "cap")
RULE_TARGETS = ("product", "family", "brand", "category", "product_type")


class BusinessRule(PlatformBase):
    """What a merchant wants of lists, from one instant to another.

    `target_id` is a product's (also one that stands for its family) or a category's, `target_text` a brand or a product
    type. `value` is a pin's slot, a boost's or a bury's strength, a cap's most slots; a hide has none.
    """

    __tablename__ = "business_rules"

    rule_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    action: Mapped[str] = mapped_column(String(16))
    target_kind: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[int | None] = mapped_column(BigId)
    target_text: Mapped[str | None] = mapped_column(String(200))
    value: Mapped[int | None]
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_active: Mapped[bool] = mapped_column(server_default="1")
    note: Mapped[str] = mapped_column(String(500), server_default="")

    __table_args__ = table_arguments(
        CheckConstraint(one_of("action", RULE_ACTIONS), name="action_known"),
        CheckConstraint(one_of("target_kind", RULE_TARGETS), name="target_kind_known"),
        CheckConstraint("(target_id IS NULL) <> (target_text IS NULL)", name="one_target"),
    )


class BusinessRuleChange(PlatformBase):
    """Who wrote a rule, and what it was before and after; `created_at` says when. Only ever added to."""

    __tablename__ = "business_rule_changes"

    change_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rule_id: Mapped[int] = mapped_column(BigId)
    changed_by: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    __table_args__ = table_arguments(Index(None, "rule_id"))
