"""Ready mappings of exports, from generated files to a loaded shop that is held against what was put in."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from settings import load_settings
from shop.database import open_engine
from shop.load import main
from tests.support.shopify_export import Truth, write_shopify_export
from tests.support.woocommerce_export import write_woocommerce_export

PIECES = """
SELECT {user}, {product}, SUM(i.quantity) FROM order_items AS i JOIN orders AS o USING (order_id) {joins}
WHERE o.status <> 'cancelled' GROUP BY 1, 2
"""
BY_TEXT = PIECES.format(
    user="u.text",
    product="p.text",
    joins="JOIN platform.shop_ids AS u ON u.kind = 'users' AND u.number = o.user_id "
    "JOIN platform.shop_ids AS p ON p.kind = 'products' AND p.number = i.product_id",
)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The database that the command fills, with the platform's beside it as `platform`."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    load_settings.cache_clear()
    engine = open_engine(url)

    @event.listens_for(engine, "connect")
    def attach(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("ATTACH ? AS platform", (str(tmp_path / "platform.db"),))

    yield engine
    engine.dispose()
    load_settings.cache_clear()


def fetch(engine: Engine, sql: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def hold_pieces(engine: Engine, sql: str, truth: Truth) -> None:
    assert {(user, product): count for user, product, count in fetch(engine, sql)} == dict(truth.pieces)


def test_a_shopify_export_of_800_buyers(tmp_path: Path, shop: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    truth = write_shopify_export(tmp_path / "export")

    assert main(["directory", str(tmp_path / "export"), "--mapping", "shopify-csv"]) == 0

    hold_pieces(shop, BY_TEXT, truth)
    assert fetch(shop, "SELECT COUNT(*) FROM users") == [(len(truth.buyers),)]
    states = Counter(
        {str(state): count for state, count in fetch(shop, "SELECT status, COUNT(*) FROM orders GROUP BY 1")}
    )
    assert states == truth.orders
    said = capsys.readouterr().out
    assert fetch(shop, "SELECT COUNT(*) FROM orders WHERE user_id IS NULL") == [(truth.num_guest_orders,)]
    assert "set aside" not in said


def test_products_of_shopify_keep_variants_stock_and_visibility(tmp_path: Path, shop: Engine) -> None:
    write_shopify_export(tmp_path / "export", num_buyers=60)
    main(["directory", str(tmp_path / "export"), "--mapping", "shopify-csv"])

    products = {
        title: rest
        for title, *rest in fetch(
            shop,
            "SELECT title, name, brand, price, stock, is_visible, regular_price FROM products "
            "JOIN categories USING (category_id)",
        )
    }

    assert products['Ware "4", boxed'] == ["Tea", "Vendor 4", 7.5, 3, 1, 15]  # three variants, the cheapest price
    assert products['Ware "3", boxed'] == ["Other", "Vendor 3", 6.5, 2, 1, None]
    assert products['Ware "6", boxed'][3] == 0  # less than nothing in stock
    assert products['Ware "19", boxed'][4] == 0  # archived
    assert products["Ware of old"][4] == 0  # known from orders alone
    assert "Gift wrap" not in products
    pictures = fetch(shop, "SELECT position, image_url, COUNT(*) FROM product_images GROUP BY 1, 2 ORDER BY 1")
    assert pictures == [(0, "https://cdn.example/1.jpg", 120), (1, "https://cdn.example/2.jpg", 120)]


def test_a_newer_export_gives_every_id_the_number_it_had(tmp_path: Path, shop: Engine) -> None:
    arguments = ["directory", str(tmp_path / "export"), "--mapping", "shopify-csv"]
    write_shopify_export(tmp_path / "export", num_buyers=30)
    assert main(arguments) == 0
    before = fetch(shop, "SELECT kind, number, text FROM platform.shop_ids")
    truth = write_shopify_export(tmp_path / "export", num_buyers=40, seed=2)

    assert main(arguments) == 1  # it has rows
    assert main([*arguments, "--replace"]) == 0

    after = fetch(shop, "SELECT kind, number, text FROM platform.shop_ids")
    assert set(before) < set(after)
    assert len({(kind, number) for kind, number, _ in after}) == len({(kind, name) for kind, _, name in after})
    hold_pieces(shop, BY_TEXT, truth)


def test_a_load_that_fails_keeps_no_number(tmp_path: Path, shop: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    write_shopify_export(tmp_path / "export", num_buyers=20)
    (tmp_path / "export" / "storefront.toml").write_text('theme = { accent = "no colour" }')

    assert main(["directory", str(tmp_path / "export"), "--mapping", "shopify-csv"]) == 1

    assert "storefront.toml" in capsys.readouterr().err
    assert fetch(shop, "SELECT COUNT(*) FROM platform.shop_ids") == [(0,)]


def test_another_shop_that_takes_its_place_takes_its_ids_along(tmp_path: Path, shop: Engine) -> None:
    write_shopify_export(tmp_path / "export", num_buyers=20)
    assert main(["directory", str(tmp_path / "export"), "--mapping", "shopify-csv"]) == 0
    assert fetch(shop, "SELECT COUNT(*) > 0 FROM platform.shop_ids") == [(1,)]

    assert main(["synthetic", "--users", "5", "--products", "16", "--orders", "9", "--replace"]) == 0

    assert fetch(shop, "SELECT COUNT(*) FROM platform.shop_ids") == [(0,)]


def test_a_woocommerce_export_with_decimal_commas(
    tmp_path: Path, shop: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = write_woocommerce_export(tmp_path / "export")
    own = tmp_path / "own.toml"
    own.write_text('extends = "woocommerce-csv"\ntime_zone = "Europe/Berlin"\n[files.wares]\ndecimal = ","\n')

    assert main(["directory", str(tmp_path / "export"), "--mapping", str(own)]) == 0

    users = "JOIN users USING (user_id)"
    hold_pieces(
        shop, PIECES.format(user="CAST(user_id AS TEXT)", product="CAST(i.product_id AS TEXT)", joins=users), truth
    )
    assert fetch(shop, "SELECT COUNT(*) FROM orders WHERE user_id IS NULL") == [(truth.num_guest_orders,)]
    sql = "SELECT product_id, price, stock, name, regular_price FROM products JOIN categories USING (category_id)"
    prices = {product: tuple(rest) for product, *rest in fetch(shop, sql)}
    assert prices[100] == (12.5, 4, "Sencha", 15)
    assert prices[101] == (7.25, 6, "Cups", None)
    assert prices[990] == (3.0, 0, "Other", None)
    standings = "SELECT name, text FROM product_categories JOIN categories USING (category_id) "
    ids = "JOIN platform.shop_ids ON kind = 'categories' AND number = category_id WHERE product_id = 100 ORDER BY text"
    assert fetch(shop, standings + ids) == [
        ("Cups, bowls", "Cups, bowls"),
        ("Sale", "Sale"),
        ("Green", "Sale > Green"),
        ("Tea", "Tea"),
        ("Green", "Tea > Green"),
        ("Sencha", "Tea > Green > Sencha"),
    ]
    assert fetch(shop, "SELECT DISTINCT product_id FROM product_categories ORDER BY 1") == [(100,), (101,)]
    assert fetch(shop, "SELECT product_id, image_url FROM product_images ORDER BY position") == [
        (100, "https://shop.example/1.jpg"),
        (100, "https://shop.example/3.jpg"),
    ]
    assert "left out, pictures without HTTPS: 1 rows" in capsys.readouterr().out
