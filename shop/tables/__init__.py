"""SQLAlchemy tables of both databases, by subject: the one place that knows their columns.

The shop's: catalogue, sales (`Base`). The platform's: published lists, audit log, events, choices, merchant's rules
(`PlatformBase`).
"""

from shop.tables.base import Base, PlatformBase
from shop.tables.catalogue import Category, Product, ProductCategory, ProductImage, ProductReview
from shop.tables.choices import CHOICE_KINDS, GIFT, NOT_INTERESTED_PRODUCT, NOT_INTERESTED_TYPE, ShopperChoice
from shop.tables.copies import CatalogueCopy
from shop.tables.events import EVENT_TYPES, MOST_EXPLORED, Event
from shop.tables.ids import ShopId
from shop.tables.publishing import (
    ACTIVE_DAYS,
    BATCH_STATES,
    CHAMPION_MOVED,
    GUEST,
    HASH_DIGITS,
    HOME,
    POPULAR_SCOPES,
    SET_AGAIN,
    AuditLog,
    BatchBucket,
    BatchPointer,
    PopularList,
    ProductNeighbours,
    Recommendation,
    RecommendationBatch,
    find_model,
    is_of_model,
    name_model,
    name_pointer,
    name_shopper_kind,
)
from shop.tables.rules import RULE_ACTIONS, RULE_TARGETS, BusinessRule, BusinessRuleChange
from shop.tables.sales import (
    DISCOUNT_TYPES,
    ORDER_STATUSES,
    Coupon,
    Order,
    OrderItem,
    PendingOrderEvents,
    PlacedCheckout,
    User,
    UserCoupon,
)
from shop.tables.storefront import STOREFRONT, StorefrontDocument
from shop.tables.types import BigId, Money, UtcDateTime, server_now

DECLARED = {**Base.metadata.tables, **PlatformBase.metadata.tables}
"""All tables of both databases by name."""

__all__ = [
    "ACTIVE_DAYS",
    "BATCH_STATES",
    "CHAMPION_MOVED",
    "CHOICE_KINDS",
    "DECLARED",
    "DISCOUNT_TYPES",
    "EVENT_TYPES",
    "GIFT",
    "GUEST",
    "HASH_DIGITS",
    "HOME",
    "MOST_EXPLORED",
    "NOT_INTERESTED_PRODUCT",
    "NOT_INTERESTED_TYPE",
    "ORDER_STATUSES",
    "POPULAR_SCOPES",
    "RULE_ACTIONS",
    "RULE_TARGETS",
    "SET_AGAIN",
    "STOREFRONT",
    "AuditLog",
    "Base",
    "BatchBucket",
    "BatchPointer",
    "BigId",
    "BusinessRule",
    "BusinessRuleChange",
    "CatalogueCopy",
    "Category",
    "Coupon",
    "Event",
    "Money",
    "Order",
    "OrderItem",
    "PendingOrderEvents",
    "PlacedCheckout",
    "PlatformBase",
    "PopularList",
    "Product",
    "ProductCategory",
    "ProductImage",
    "ProductNeighbours",
    "ProductReview",
    "Recommendation",
    "RecommendationBatch",
    "ShopId",
    "ShopperChoice",
    "StorefrontDocument",
    "User",
    "UserCoupon",
    "UtcDateTime",
    "find_model",
    "is_of_model",
    "name_model",
    "name_pointer",
    "name_shopper_kind",
    "server_now",
]
