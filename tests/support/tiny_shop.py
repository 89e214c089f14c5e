"""A shop that fits on a page: 3 categories, 6 products, 4 users, 7 orders. All sums in it can be checked by hand.

Time runs over January 2026 (UTC):

    user 1 민지   buys milk (product 1) every week: 1, 8, 15 January; with bread (3) the first two times
    user 2 서준   buys bread (3) and milk (1) on 3 January, cola (5) on 20 January
    user 3 Ana    bought cola (5) on 10 January, cancelled
    user 4 Zoë 🌸  registered on 12 January, has ordered nothing

Product 2 is hidden, 4 is sold out, 6 was never bought.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from shop.database import session_scope
from shop.tables import Base, Category, Coupon, Order, OrderItem, Product, ProductImage, ProductReview, User, UserCoupon

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int, hour: int = 12) -> datetime:
    """The given day of January 2026, at noon unless said otherwise."""
    return START + timedelta(days=number - 1, hours=hour)


def fill_tiny_shop(engine: Engine) -> None:
    """Write the shop into migrated, empty tables."""
    with session_scope(engine) as session:
        for rows in (tiny_people(), tiny_catalogue(), tiny_images(), tiny_orders(), tiny_items(), tiny_extras()):
            session.add_all(rows)
            session.flush()


def tiny_people() -> list[Base]:
    names = [(1, "민지", START), (2, "서준", START), (3, "Ana", day(5)), (4, "Zoë 🌸", day(12))]
    return [User(user_id=key, nickname=name, created_at=at, updated_at=at) for key, name, at in names]


def tiny_catalogue() -> list[Base]:
    categories = [
        Category(category_id=key, name=name, position=key, created_at=START, updated_at=START)
        for key, name in [(1, "Dairy"), (2, "Bakery"), (3, "Drinks")]
    ]
    products = [
        # product_id, category_id, title, brand, product_type, price, stock, is_visible
        (1, 1, "Whole Milk 1 l", "Alpine", "Milk", "2.50", 40, True),
        (2, 1, "Plain Yogurt 500 g", "Alpine", "Yogurt", "1.80", 10, False),
        (3, 2, "White Bread", "Corner", "Bread", "3.00", 25, True),
        (4, 2, "Apple Pie", "Corner", "Pie", "7.25", 0, True),
        (5, 3, "Cola 2 l", "Fizz", "Cola", "1.99", 100, True),
        (6, 3, "Orange Juice 1 l", "Fizz", "Juice", "3.49", 30, True),
    ]
    return categories + [
        Product(
            product_id=key,
            category_id=category,
            title=title,
            brand=brand,
            product_type=kind,
            price=Decimal(price),
            stock=stock,
            is_visible=visible,
            created_at=START,
            updated_at=START,
        )
        for key, category, title, brand, kind, price, stock, visible in products
    ]


def tiny_images() -> list[Base]:
    category_of = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}
    return [
        ProductImage(
            image_id=product,
            product_id=product,
            image_url=f"/static/images/products/category{category}/product{product}.svg",
            created_at=START,
            updated_at=START,
        )
        for product, category in category_of.items()
    ]


def tiny_orders() -> list[Base]:
    orders = [
        # order_id, user_id, status, ordered_at, total_amount
        (1, 1, "delivered", day(1), "8.00"),
        (2, 1, "delivered", day(8), "5.50"),
        (3, 1, "delivered", day(15), "2.50"),
        (4, 2, "delivered", day(3), "5.20"),
        (5, 2, "paid", day(20), "3.98"),
        (6, 3, "cancelled", day(10), "1.99"),
        (7, 1, "placed", day(22), "2.50"),
    ]
    return [
        Order(
            order_id=key,
            user_id=user,
            status=status,
            ordered_at=at,
            total_amount=Decimal(total),
            created_at=at,
            updated_at=at,
        )
        for key, user, status, at, total in orders
    ]


def tiny_items() -> list[Base]:
    items = [
        # order_id, product_id, quantity, unit_price, discount_amount, ordered_at
        (1, 1, 2, "2.50", "0", day(1)),
        (1, 3, 1, "3.00", "0", day(1)),
        (2, 1, 1, "2.50", "0", day(8)),
        (2, 3, 1, "3.00", "0", day(8)),
        (3, 1, 1, "2.50", "0", day(15)),
        (4, 3, 1, "2.70", "0.30", day(3)),
        (4, 1, 1, "2.50", "0", day(3)),
        (5, 5, 2, "1.99", "0", day(20)),
        (6, 5, 1, "1.99", "0", day(10)),
        (7, 1, 1, "2.50", "0", day(22)),
    ]
    return [
        OrderItem(
            order_item_id=number,
            order_id=order,
            product_id=product,
            quantity=quantity,
            unit_price=Decimal(price),
            discount_amount=Decimal(discount),
            created_at=at,
            updated_at=at,
        )
        for number, (order, product, quantity, price, discount, at) in enumerate(items, start=1)
    ]


def tiny_extras() -> list[Base]:
    """One coupon, held by user 2 and used on order 4, and one review."""
    coupon = Coupon(
        coupon_id=1,
        code="BREAD10",
        name="10% off white bread",
        discount_type="percent",
        discount_value=Decimal(10),
        valid_from=START,
        valid_until=day(31),
        product_id=3,
        created_at=START,
        updated_at=START,
    )
    held = UserCoupon(
        user_coupon_id=1,
        user_id=2,
        coupon_id=1,
        issued_at=START,
        used_at=day(3),
        order_id=4,
        created_at=START,
        updated_at=day(3),
    )
    review = ProductReview(
        review_id=1, product_id=1, user_id=1, rating=5, body="Fresh.", created_at=day(9), updated_at=day(9)
    )
    return [coupon, held, review]
