"""Queries of a product's reviews."""

from sqlalchemy import Connection, func, select

from api.schemas import Review
from shop.tables import ProductReview, User

LATEST = 20


def fetch_latest_reviews(connection: Connection, product_id: int) -> list[Review]:
    """Read the latest reviews of a product, newest first."""
    columns = (User.nickname, ProductReview.rating, ProductReview.body, ProductReview.created_at)
    rows = connection.execute(
        select(*columns)
        .join(User, User.user_id == ProductReview.user_id)
        .where(ProductReview.product_id == product_id)
        .order_by(ProductReview.created_at.desc(), ProductReview.review_id.desc())
        .limit(LATEST)
    )
    return [Review(**row._mapping) for row in rows]


def summarise_reviews(connection: Connection, product_id: int) -> tuple[int, float | None]:
    """Count a product's reviews and give their mean, to two decimals; `None` without any."""
    counted = select(func.count(), func.avg(ProductReview.rating)).where(ProductReview.product_id == product_id)
    number, mean = connection.execute(counted).one()
    return int(number), None if mean is None else round(float(mean), 2)
