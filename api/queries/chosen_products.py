"""What the shop's database says of products that a shopper makes choices about."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from api.queries.catalogue import FIRST_IMAGE, choose_image
from api.queries.choices import ChosenProduct, StoredChoice
from api.queries.purchases import OrderLine, is_none_of
from api.schemas import Choice, NewChoice
from shop.tables import Category, Order, OrderItem, Product, User


class NothingToChooseError(Exception):
    """What a shopper chooses about is not there, or not theirs; the message says which."""


def fetch_chosen(connection: Connection, user_id: int, choice: NewChoice) -> ChosenProduct:
    """Read the product that a shopper chooses about.

    Raises:
        NothingToChooseError: there is no such shopper or product, or no such line among the shopper's orders.
    """
    if not connection.scalar(select(exists().where(User.user_id == user_id))):
        raise NothingToChooseError("The shop has no user with this id.")
    columns = select(Product.product_type, Product.category_id)
    row = connection.execute(columns.where(Product.product_id == choice.product_id)).one_or_none()
    if row is None:
        raise NothingToChooseError("The shop has no product with this id.")
    line = exists().where(
        Order.order_id == choice.order_id,
        Order.user_id == user_id,
        OrderItem.order_id == Order.order_id,
        OrderItem.product_id == choice.product_id,
    )
    if choice.order_id is not None and not connection.scalar(select(line)):
        raise NothingToChooseError("This shopper has no order with this id that holds the product.")
    return ChosenProduct(
        choice.kind, choice.product_id, row.product_type or None, row.category_id, choice.order_id or 0
    )


def describe_choices(connection: Connection, choices: Sequence[StoredChoice]) -> list[Choice]:
    """Say what each choice is about, as the shop shows it now."""
    columns = (Product.product_id, Product.category_id, Product.title, FIRST_IMAGE.label("image_url"))
    products = select(*columns).where(Product.product_id.in_({choice.product_id for choice in choices}))
    found = {row.product_id: row for row in connection.execute(products)}
    of_types = {choice.category_id for choice in choices}
    names = select(Category.category_id, Category.name).where(Category.category_id.in_(of_types))
    categories = {row.category_id: row.name for row in connection.execute(names)}
    return [
        Choice.model_validate(
            choice._asdict()
            | {
                "title": row.title if (row := found.get(choice.product_id)) else None,
                "image_url": choose_image(row.image_url, row.category_id, row.product_id) if row else None,
                "category_name": categories.get(choice.category_id),
                "order_id": choice.order_id if choice.kind == "gift" else None,
            }
        )
        for choice in choices
    ]


def fetch_families(connection: Connection, product_ids: Collection[int]) -> frozenset[int]:
    """Read the families of some products."""
    families = connection.execute(select(Product.family_id).where(Product.product_id.in_(product_ids))).scalars()
    return frozenset(family_id for family_id in families if family_id is not None)


def fetch_only_given(connection: Connection, user_id: int, gifts: Collection[OrderLine]) -> frozenset[int]:
    """Find the products among a shopper's gifts that the shopper bought in no other line."""
    given = {product_id for _, product_id in gifts}
    bought = (
        select(OrderItem.product_id)
        .join(Order, Order.order_id == OrderItem.order_id)
        .where(Order.user_id == user_id, Order.status != "cancelled", OrderItem.quantity > 0)
        .where(OrderItem.product_id.in_(given), is_none_of(gifts))
        .distinct()
    )
    return frozenset(given - set(connection.execute(bought).scalars()))


def list_conditions(
    product_ids: Collection[int], families: Collection[int], types: Collection[str | int]
) -> list[ColumnElement[bool]]:
    """Write the conditions that a product is none of those that a shopper refuses.

    Args:
        product_ids: that are refused.
        families: likewise.
        types: kinds; the id of a category stands for those of its products that have no kind.
    """
    kind, departments = func.coalesce(Product.product_type, ""), [each for each in types if isinstance(each, int)]
    return [
        Product.product_id.not_in(product_ids),
        or_(Product.family_id.is_(None), Product.family_id.not_in(families)),
        kind.not_in([each for each in types if isinstance(each, str)]),
        or_(kind != "", Product.category_id.not_in(departments)),
    ]
