"""Choices of a shopper in the platform's database: no interest in a product or a kind, a line that was a gift."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shop.database import session_scope
from shop.failures import is_conflict
from shop.tables import GIFT, NOT_INTERESTED_TYPE, ShopperChoice

ATTEMPTS = 3
MOST_CHOICES = 500
"""Choices of a shopper that may hold at a time: each page reads all of them."""

MOST_ROWS = 5_000
"""Choices of a shopper that are kept, undone ones too: what was chosen before can always be chosen again."""


class ChosenProduct(NamedTuple):
    """What a shopper chooses, as the shop knows the product.

    Attributes:
        kind: one of `CHOICE_KINDS`.
        product_id: the product.
        product_type: its kind; `None` if the shop names none, and its category stands for it.
        category_id: its main category.
        order_id: the order that it was bought in; 0 unless it was a gift.
    """

    kind: str
    product_id: int
    product_type: str | None
    category_id: int
    order_id: int = 0

    @property
    def key(self) -> str:
        """Return what makes the same choice again the same row."""
        if self.kind == GIFT:
            return f"gift:{self.order_id}:{self.product_id}"
        if self.kind == NOT_INTERESTED_TYPE:
            return f"category:{self.category_id}" if self.product_type is None else f"type:{self.product_type}"
        return f"product:{self.product_id}"


class StoredChoice(NamedTuple):
    """A choice that holds; the rest is as in `ChosenProduct`."""

    choice_id: int
    kind: str
    product_id: int
    product_type: str | None
    category_id: int
    order_id: int
    made_at: datetime


class TooManyChoicesError(Exception):
    """A shopper has made as many choices as are kept."""


_COLUMNS = tuple(getattr(ShopperChoice, name) for name in StoredChoice._fields)


def fetch_choices(connection: Connection, user_id: int) -> Sequence[StoredChoice]:
    """Read the choices of a shopper that hold, newest first."""
    of_user = select(*_COLUMNS).where(ShopperChoice.user_id == user_id, ShopperChoice.undone_at.is_(None))
    newest_first = of_user.order_by(ShopperChoice.made_at.desc(), ShopperChoice.choice_id.desc())
    return [StoredChoice._make(row) for row in connection.execute(newest_first)]


def write_choice(engine: Engine, user_id: int, chosen: ChosenProduct) -> tuple[StoredChoice, bool]:
    """Write a choice in one transaction; one that holds already stays as it is.

    Args:
        engine: the platform's database.
        user_id: who chose.
        chosen: what was chosen.

    Returns:
        The choice, and whether it was written now.

    Raises:
        TooManyChoicesError: the shopper has too many; nothing was written.
        sqlalchemy.exc.SQLAlchemyError: nothing was written.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with session_scope(engine) as session:
                return _write(session, user_id, chosen)
        except DBAPIError as err:  # the same choice may be written by another process at this very moment
            if attempt == ATTEMPTS or not is_conflict(err):
                raise
    raise AssertionError("the loop returns or raises")


def undo_choice(engine: Engine, user_id: int, choice_id: int) -> bool:
    """End a choice of a shopper; its row stays. Again is harmless.

    Returns:
        Whether the shopper has made such a choice.
    """
    with session_scope(engine) as session:
        choice = session.get(ShopperChoice, choice_id)
        if choice is None or choice.user_id != user_id:
            return False
        if choice.undone_at is None:
            choice.undone_at = datetime.now(UTC)
        return True


def _write(session: Session, user_id: int, chosen: ChosenProduct) -> tuple[StoredChoice, bool]:
    of_user = ShopperChoice.user_id == user_id
    same = select(ShopperChoice).where(of_user, ShopperChoice.choice_key == chosen.key)
    choice = session.execute(same).scalar_one_or_none()
    is_new = choice is None or choice.undone_at is not None
    if is_new:
        _require_room(session, user_id, is_known=choice is not None)
        choice = choice or ShopperChoice(user_id=user_id, choice_key=chosen.key)
        for name, value in chosen._asdict().items():
            setattr(choice, name, value)
        choice.made_at, choice.undone_at = datetime.now(UTC), None
        session.add(choice)
        session.flush()
    return StoredChoice._make(getattr(choice, name) for name in StoredChoice._fields), is_new


def _require_room(session: Session, user_id: int, *, is_known: bool) -> None:
    counts = select(func.count(), func.count(ShopperChoice.undone_at)).where(ShopperChoice.user_id == user_id)
    num_rows, num_undone = session.execute(counts).one()
    if num_rows - num_undone >= MOST_CHOICES or (num_rows >= MOST_ROWS and not is_known):
        raise TooManyChoicesError(f"A shopper makes at most {MOST_CHOICES} choices; undo one first.")
