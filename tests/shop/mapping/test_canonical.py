"""Canonical tables: what a shop may lack, and what stands in for it."""

from shop.mapping.canonical import CANONICAL_TABLES, REQUIRED_TABLES


def test_nothing_can_stand_in_for_keys_parents_prices_and_dates_of_orders() -> None:
    needed = {
        f"{table.name}.{field.name}"
        for table in CANONICAL_TABLES
        if table.name in REQUIRED_TABLES
        for field in table.columns
        if field.absence is None
    }

    assert needed == {
        "categories.category_id",
        "categories.name",
        "users.user_id",
        "products.product_id",
        "products.category_id",
        "products.title",
        "products.price",
        "orders.order_id",
        "orders.user_id",
        "orders.ordered_at",
        "order_items.order_item_id",
        "order_items.order_id",
        "order_items.product_id",
        "order_items.unit_price",
    }


def test_what_stands_in_for_a_field_is_never_null_where_null_may_not_be() -> None:
    wrong = [
        f"{table.name}.{field.name}"
        for table in CANONICAL_TABLES
        for field in table.columns
        if field.absence is not None and field.absence.value is None
        if not field.is_nullable and field.name != "updated_at"
    ]

    assert wrong == []
