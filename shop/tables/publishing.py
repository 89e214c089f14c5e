"""Tables of published recommendations: batches of lists, the pointer to the served one, the audit log.

`products` is a JSON list, best first, of `[product_id, category_id, score, reason_code]`.
"""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables.base import PlatformBase, one_of, table_arguments
from shop.tables.types import BigId, JsonText, UtcDateTime, server_now

BATCH_STATES = ("writing", "audited", "published", "refused", "retired")
POPULAR_SCOPES = ("global", "category", "newest")

HOME = "home"
"""The pointer of the homepage's lists, and with them of all lists that a batch publishes."""

HASH_DIGITS = 12
"""Of a hash, in the name of a batch."""

MODEL_OF_BATCH = re.compile(rf"-(v(\d+)-[0-9a-f]{{{HASH_DIGITS}}})-")
"""Name and number of the version in the name of a batch."""

CHAMPION_MOVED = "alias/champion"
"""Subject of the audit log's rows on where the alias was moved to."""

SET_AGAIN = "set again"
"""Action of such a row where the alias was given to the version that carried it."""

GUEST, NEWCOMER, ACTIVE, LAPSED = "guest", "newcomer", "active", "lapsed"

ACTIVE_DAYS = 28
"""How long after an order a shopper is active."""

RankedProducts = list[list[Any]]


def name_pointer(alias: str) -> str:
    """Name the pointer of a second alias whose lists are compared with the champion's."""
    return f"{HOME}:{alias}"


def name_model(version: int, contents: str) -> str:
    """Name a version by its number and the hash of its files: numbers come again, contents do not."""
    return f"v{version}-{contents[:HASH_DIGITS]}"


def is_of_model(batch_id: str, model: str) -> bool:
    """Return whether a batch was made by a version, as `name_model` names it."""
    return f"-{model}-" in batch_id


def find_model(batch_id: str | None, version: str) -> str:
    """Return the name of the version that made a batch; its number alone where the batch does not say it.

    Args:
        batch_id: of the batch; those of earlier code hold no hash.
        version: number of the version. A batch of another number says nothing of it.
    """
    found = MODEL_OF_BATCH.search(batch_id or "")
    return found[1] if found and found[2] == version else version


def name_shopper_kind(*, is_known: bool, days_since_order: float | None) -> str:
    """Name the kind of shoppers whose clicks on shelves are counted together.

    Args:
        is_known: whether the shop has such a user; a guest is none.
        days_since_order: age of the last order; `None` if there was none.
    """
    if not is_known:
        return GUEST
    if days_since_order is None:
        return NEWCOMER
    return ACTIVE if days_since_order <= ACTIVE_DAYS else LAPSED


def _batch_key() -> Mapped[str]:
    """Declare the key of the batch whose deletion takes the row along."""
    return mapped_column(
        String(64), ForeignKey("recommendation_batches.batch_id", ondelete="CASCADE"), primary_key=True
    )


class RecommendationBatch(PlatformBase):
    """One scoring of all users. `epoch` only grows, and the pointer only moves to a larger one.

    `shelf_statistics` is `{"until": instant, "engagement": [[kind, shelf, impressions, clicks, orders], ...]}`.
    """

    __tablename__ = "recommendation_batches"

    batch_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigId)
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    model_version: Mapped[str] = mapped_column(String(32))
    alias: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), server_default="writing")
    num_users: Mapped[int] = mapped_column(server_default="0")
    num_rows: Mapped[int] = mapped_column(BigId, server_default="0")
    checksum: Mapped[str | None] = mapped_column(String(64))
    audit: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    shelf_statistics: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    __table_args__ = table_arguments(
        UniqueConstraint("epoch"),
        CheckConstraint(one_of("state", BATCH_STATES), name="state_known"),
        CheckConstraint("num_users >= 0 AND num_rows >= 0", name="counts_not_negative"),
        Index(None, "state", "epoch"),
    )


class BatchBucket(PlatformBase):
    """A user bucket of a batch, completely written. A run that was killed resumes with the buckets that lack a row."""

    __tablename__ = "batch_buckets"

    batch_id: Mapped[str] = _batch_key()
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    num_users: Mapped[int]
    num_rows: Mapped[int] = mapped_column(BigId)
    checksum: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)

    __table_args__ = table_arguments(
        CheckConstraint("bucket >= 0 AND num_users >= 0 AND num_rows >= 0", name="counts_not_negative"),
    )


class Recommendation(PlatformBase):
    """The whole ranked list of one user in one batch."""

    __tablename__ = "recommendations"

    batch_id: Mapped[str] = _batch_key()
    user_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    products: Mapped[RankedProducts] = mapped_column(JsonText)

    __table_args__ = table_arguments()


class PopularList(PlatformBase):
    """A list for shoppers without one of their own. `category_id` is 0 unless the scope is `category`."""

    __tablename__ = "popular_lists"

    batch_id: Mapped[str] = _batch_key()
    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    category_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False, server_default="0")
    products: Mapped[RankedProducts] = mapped_column(JsonText)

    __table_args__ = table_arguments(
        CheckConstraint(one_of("scope", POPULAR_SCOPES), name="scope_known"),
        CheckConstraint("scope = 'category' OR category_id = 0", name="category_id_of_scope"),
    )


class ProductNeighbours(PlatformBase):
    """The products most like one product, published with the batch."""

    __tablename__ = "product_neighbours"

    batch_id: Mapped[str] = _batch_key()
    product_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    products: Mapped[RankedProducts] = mapped_column(JsonText)

    __table_args__ = table_arguments()


class BatchPointer(PlatformBase):
    """Which batch a page of the storefront serves. Readers read this row once per request."""

    __tablename__ = "batch_pointer"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    batch_id: Mapped[str] = mapped_column(String(64), ForeignKey("recommendation_batches.batch_id"))
    epoch: Mapped[int] = mapped_column(BigId)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=server_now())

    __table_args__ = table_arguments(Index(None, "batch_id"))


class AuditLog(PlatformBase):
    """Who changed what, when, from what to what, and why: promotions, publications, roll-backs."""

    __tablename__ = "audit_log"

    audit_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=server_now())
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    from_value: Mapped[str | None] = mapped_column(String(200))
    to_value: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    __table_args__ = table_arguments(Index(None, "occurred_at"))
