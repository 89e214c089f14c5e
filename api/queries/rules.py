"""Queries of the merchant's rules: the rules themselves, and the products that they mean."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select

from api.queries.catalogue import IS_SELLABLE
from shop.tables import BusinessRule, BusinessRuleChange, Product

MEMBERS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Rule:
    """What a merchant wants of lists, as `shop/tables/rules.py` keeps it.

    Attributes:
        rule_id: 0 for one that is only tried out.
        action: one of `RULE_ACTIONS`.
        target_kind: one of `RULE_TARGETS`.
        target_id: a product's, which may stand for its family, or a category's; `None` for other targets.
        target_text: a brand or a product type; `None` for other targets.
        value: slot of a pin, strength of a boost or a bury, most slots of a cap; `None` for a hide.
        starts_at: from when on it holds; `None` = always did.
        ends_at: the first instant at which it holds no more; `None` = never.
        is_active: whether it holds at all.
        note: the merchant's own words.
    """

    rule_id: int
    action: str
    target_kind: str
    target_id: int | None = None
    target_text: str | None = None
    value: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_active: bool = True
    note: str = ""

    def holds(self, at: datetime) -> bool:
        """Return whether the rule holds at an instant."""
        has_begun = self.starts_at is None or self.starts_at <= at
        return self.is_active and has_begun and (self.ends_at is None or at < self.ends_at)

    def overlaps(self, other: "Rule") -> bool:
        """Return whether two rules may hold at one instant."""
        begins_before = self.starts_at is None or other.ends_at is None or self.starts_at < other.ends_at
        ends_after = self.ends_at is None or other.starts_at is None or other.starts_at < self.ends_at
        return self.is_active and other.is_active and begins_before and ends_after

    @property
    def target(self) -> tuple[str, int | str | None]:
        """What the rule speaks of: kind, and id or text."""
        return self.target_kind, self.target_text if self.target_id is None else self.target_id


_COLUMNS = (
    BusinessRule.rule_id,
    BusinessRule.action,
    BusinessRule.target_kind,
    BusinessRule.target_id,
    BusinessRule.target_text,
    BusinessRule.value,
    BusinessRule.starts_at,
    BusinessRule.ends_at,
    BusinessRule.is_active,
    BusinessRule.note,
)


def fetch_rules_version(connection: Connection) -> int:
    """Read what grows with every change of any rule."""
    return connection.execute(select(func.max(BusinessRuleChange.change_id))).scalar() or 0


def fetch_rules(connection: Connection, after: datetime | None = None) -> list[Rule]:
    """Read the rules in the order in which they were made.

    Args:
        connection: to the platform's database.
        after: without those that hold no more at this instant, or are switched off.
    """
    query = select(*_COLUMNS).order_by(BusinessRule.rule_id)
    if after is not None:
        query = query.where(BusinessRule.is_active, or_(BusinessRule.ends_at.is_(None), BusinessRule.ends_at > after))
    return [Rule(**row._mapping) for row in connection.execute(query)]


def fetch_members(connection: Connection, rule: Rule, after_id: int = -1) -> list[int]:
    """Read which products a rule means, in the order of their ids: at most `MEMBERS_AT_ONCE` after one id."""
    query = select(Product.product_id).where(_means(rule), Product.product_id > after_id)
    return list(connection.execute(query.order_by(Product.product_id).limit(MEMBERS_AT_ONCE)).scalars())


def fetch_newest_members(connection: Connection, rule: Rule, limit: int) -> list[int]:
    """Read which of the products that a rule means can be sold now, those with the highest ids first."""
    query = select(Product.product_id).where(_means(rule), *IS_SELLABLE)
    return list(connection.execute(query.order_by(Product.product_id.desc()).limit(limit)).scalars())


def _means(rule: Rule) -> ColumnElement[bool]:
    """Write the condition that a product is one of those that a rule means."""
    if rule.target_kind == "family":
        family = select(Product.family_id).where(Product.product_id == rule.target_id).scalar_subquery()
        return or_(Product.product_id == rule.target_id, Product.family_id == family)
    columns = {
        "product": Product.product_id,
        "category": Product.category_id,
        "brand": Product.brand,
        "product_type": Product.product_type,
    }
    return columns[rule.target_kind] == rule.target[1]
