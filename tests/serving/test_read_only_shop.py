"""Everything that the platform does with an account that may SELECT on the shop and nothing else, on both servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from api.application import create_app
from deploy.compose.databases import SELECT, create_accounts
from features.rebuild import rebuild
from features.store import MLStore
from features.sync.shop_sync import main as sync
from serving import score
from serving.batch.batch_state import fetch_pointed_batch
from settings import Settings, load_settings
from shop.database import engine_scope, open_engine
from shop.loaders.synthetic.build import SyntheticShape, build_synthetic_shop
from shop.loaders.writing import write_shop
from shop.split import split_database
from tests.api.conftest import PATIENT, serve
from tests.serving.conftest import AS_OF, NUM_BUCKETS, ScriptedRegistry, TrainedShop
from tests.support.database_servers import DatabaseServer

SHAPE = SyntheticShape(num_users=150, num_products=200, num_orders=2000)
WRITES = (
    "INSERT INTO categories (category_id, name) VALUES (999, 'ours')",
    "UPDATE products SET stock = 0",
    "DELETE FROM orders",
    "CREATE TABLE recommendations (user_id INT)",
    "DROP TABLE order_items",
)


@dataclass(frozen=True)
class Urls:
    """Two databases: the shop's with the account that may read, the platform's with the account that owns it."""

    shop: str
    platform: str


@pytest.fixture
def urls(any_server: DatabaseServer) -> Iterator[Urls]:
    """A loaded shop and the platform's database beside it."""
    owner, platform = any_server.create_database(), any_server.create_database()
    reader = make_url(owner).set(username="shop_reader", password="the-password-of-the-reader")
    with any_server.connect() as connection:
        create_accounts(connection, [reader], SELECT)
    with engine_scope(open_engine(owner)) as shop, engine_scope(open_engine(platform)) as ours:
        rows = build_synthetic_shop(SHAPE, seed=3, end_date=date(2026, 6, 30))
        write_shop(shop, rows, replace=False, report=str, platform=ours)
        split_database(shop, ours, lambda _: None)
    yield Urls(reader.render_as_string(hide_password=False), platform)
    any_server.execute("DROP USER 'shop_reader'@'%'")
    any_server.drop_database(owner)
    any_server.drop_database(platform)


def test_select_alone_is_enough_for_sync_batch_and_pages(
    urls: Urls,
    trained_shop: TrainedShop,
    registry: ScriptedRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MLStore(str(tmp_path / "store"))
    settings = Settings(
        var_dir=tmp_path,
        ml_store_uri=store.uri,
        shop_database_url=urls.shop,
        platform_database_url=urls.platform,
        serving_url="http://127.0.0.1:9",
    )
    for name in ("shop_database_url", "platform_database_url", "ml_store_uri"):
        monkeypatch.setenv(name.upper(), getattr(settings, name))
    monkeypatch.setattr(score, "load_settings", lambda: settings)
    monkeypatch.setattr(score, "connect", lambda *_: registry)
    load_settings.cache_clear()

    assert sync(["--verify"]) == 0
    rebuild(store, AS_OF, NUM_BUCKETS)
    assert score.main([]) == 0

    with engine_scope(open_engine(urls.platform)) as platform:
        batch = fetch_pointed_batch(platform)
    with serve(create_app(settings, PATIENT)) as address, httpx.Client(base_url=address, timeout=60) as client:
        homes = [client.get("/recommendations/home", params={"user_id": user}) for user in range(1, 21)]
        product = client.get(f"/products/{homes[0].json()['recommendations'][0]['product_id']}")
    assert {home.headers["x-batch-id"] for home in homes} == {batch}
    assert all(home.json()["recommendations"] for home in homes)
    assert len({str(home.json()["recommendations"]) for home in homes}) > 10, "personal ones"
    assert product.status_code == 200
    load_settings.cache_clear()


def test_what_would_write_is_refused_by_the_server(urls: Urls) -> None:
    engine = create_engine(urls.shop)

    with engine.connect() as connection:
        grants = [str(grant).partition(" TO ")[0] for grant in connection.scalars(text("SHOW GRANTS"))]
        for statement in WRITES:
            with pytest.raises(DBAPIError, match="1142"):
                connection.execute(text(statement))

    engine.dispose()
    assert grants == ["GRANT USAGE ON *.*", f"GRANT SELECT ON `{make_url(urls.shop).database}`.*"]
