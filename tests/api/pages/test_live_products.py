import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, update

from api.db.connections import HeldConnection, LoopConnections
from api.db.reader import DatabaseReader
from api.pages import live_products
from api.pages.known_changes import Seen
from api.pages.latest_products import LatestProducts
from api.pages.live_products import LivePage, LiveProducts
from api.queries import catalogue_changes
from api.queries.catalogue import fetch_sellable
from api.queries.catalogue_changes import delete_old_changes, has_change_log
from api.queries.profiles import fetch_profiles
from shop.database import open_loop_engine
from shop.migrations.change_log import LOG
from shop.tables import Product, ProductImage
from tests.support.database_servers import KINDS
from tests.support.tiny_shop import day, fill_tiny_shop

ALL = [1, 2, 3, 5, 6]


@pytest.fixture
def shop(any_empty_shop: Engine) -> Engine:
    """The tiny shop on each of the three databases in turn."""
    fill_tiny_shop(any_empty_shop)
    return any_empty_shop


on_servers = pytest.mark.parametrize("any_empty_shop", KINDS, indirect=True)
"""Of transactions that are open at the same time: a file has one writer."""


class Pages:
    """Pages of one process, each as it begins: a first read, and then its products."""

    def __init__(self, reader: DatabaseReader):
        self.reader = reader
        self.latest = LatestProducts()
        self.live = LiveProducts(reader, self.latest)
        self.num_reads = 0
        load = self.live.reads.load

        async def count(keys: Any) -> Any:
            self.num_reads += 1
            return await load(keys)

        self.live.reads.load = count  # type: ignore[method-assign]

    async def see(self) -> Seen | None:
        at = self.live.changes.position
        read = await self.reader.read(fetch_profiles, [], day(1), at and at.after)
        return at and Seen(at.epoch, at.num_before + read.num_changes)

    async def show(self) -> dict[int, float]:
        """Return the prices that a page shows now."""
        page = await self.live.begin(await self.see())
        found = await page.load(ALL)
        return {each: product.price for each in ALL if (product := found.get(each)) is not None}

    async def show_alone(self) -> dict[int, float]:
        """Return the same as the tables have it."""
        return {each: product.price for each, product in (await self.reader.read(fetch_sellable, ALL)).items()}


def run(shop: Engine, work: Callable[[Pages], Coroutine[Any, Any, None]]) -> None:
    """Do something with the pages of a process."""

    async def open_work_close() -> None:
        is_file = shop.dialect.name == "sqlite"
        url = shop.url.render_as_string(hide_password=False)
        reader = DatabaseReader("shop", HeldConnection(shop) if is_file else LoopConnections(open_loop_engine(url)), 30)
        try:
            await work(Pages(reader))
        finally:
            reader.close()

    asyncio.run(open_work_close())


def change(shop: Engine, product_id: int, **values: Any) -> None:
    with shop.begin() as connection:
        connection.execute(update(Product).where(Product.product_id == product_id).values(values))


def test_unchanged_products_are_read_once_and_changed_ones_with_their_change(shop: Engine) -> None:
    async def work(pages: Pages) -> None:
        await pages.live.renew(pages.reader)
        first = await pages.show()
        assert pages.num_reads == 1
        assert await pages.show() == first

        change(shop, 1, price=Decimal("77.5"))
        change(shop, 3, is_visible=False)
        assert await pages.show() == await pages.show_alone() != first
        assert pages.latest.find(3) is None

        change(shop, 3, is_visible=True)
        assert await pages.show() == await pages.show_alone()
        assert pages.num_reads == 1

    run(shop, work)


def test_new_products_and_new_pictures_are_seen(shop: Engine) -> None:
    async def work(pages: Pages) -> None:
        await pages.live.renew(pages.reader)
        asked = [1, 99]
        before = await (await pages.live.begin(await pages.see())).load(asked)
        assert before[99] is None

        with shop.begin() as connection:
            connection.execute(delete(ProductImage).where(ProductImage.product_id == 1))
            connection.execute(insert(ProductImage).values(product_id=1, image_url="/new.png", position=5))
            connection.execute(
                insert(Product).values(product_id=99, category_id=1, title="Tea", price=Decimal(1), stock=1)
            )

        after = await (await pages.live.begin(await pages.see())).load(asked)
        assert after[1] is not None
        assert after[1].image_url == "/new.png"
        assert after[99] is not None

    run(shop, work)


@on_servers
def test_transactions_that_commit_in_another_order_are_not_missed(shop: Engine) -> None:
    async def work(pages: Pages) -> None:
        await pages.live.renew(pages.reader)
        with shop.connect() as early:
            early.execute(update(Product).where(Product.product_id == 1).values(price=Decimal("1.25")))
            change(shop, 3, price=Decimal("3.25"))
            assert await pages.show() == await pages.show_alone()
            early.commit()
        assert (await pages.show())[1] == 1.25
        assert await pages.show() == await pages.show_alone()

    run(shop, work)


@on_servers
def test_a_transaction_from_before_the_process_is_not_missed(shop: Engine) -> None:
    async def work(pages: Pages) -> None:
        with shop.connect() as early:
            early.execute(update(Product).where(Product.product_id == 1).values(price=Decimal("1.25")))
            change(shop, 3, price=Decimal("3.25"))
            await pages.live.renew(pages.reader)
            await pages.show()
            early.commit()
        assert (await pages.show())[1] == 1.25

    run(shop, work)


def test_what_is_read_while_something_changes_is_not_kept(shop: Engine) -> None:
    async def work(pages: Pages) -> None:
        await pages.live.renew(pages.reader)
        page, load = await pages.live.begin(await pages.see()), pages.live.reads.load

        async def be_late(keys: Any) -> Any:
            found = await load(keys)
            change(shop, 1, stock=0)
            await pages.live.renew(pages.reader)
            return found

        pages.live.reads.load = be_late  # type: ignore[method-assign]
        assert (await page.load(ALL))[1] is not None  # as it was when it was read

        pages.live.reads.load = load  # type: ignore[method-assign]
        assert 1 not in await pages.show()
        assert pages.latest.find(1) is None

    run(shop, work)


def test_many_changes_at_once_and_a_log_that_begins_anew_cost_no_truth(
    shop: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_products, "SWEPT_AT_ONCE", 0)

    async def work(pages: Pages) -> None:
        await pages.live.renew(pages.reader)
        await pages.show()
        with shop.begin() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO {LOG} (product_id) SELECT p.product_id FROM products p, products q, products r, "
                "products s, products t, products u"
            )
            connection.execute(update(Product).where(Product.product_id == 1).values(price=Decimal("8.5")))
        assert await pages.show() == await pages.show_alone()

        change(shop, 1, price=Decimal("9.5"))
        with shop.begin() as connection:  # a backup of before was restored
            connection.exec_driver_sql(f"DELETE FROM {LOG} WHERE change_id > 3")
        await pages.live.renew(pages.reader)
        assert await pages.show() == await pages.show_alone()

    run(shop, work)


def test_pages_tell_whether_products_of_another_page_are_as_they_were(shop: Engine) -> None:
    async def work(pages: Pages) -> None:
        async def ask(*product_ids: int) -> LivePage:
            page = await pages.live.begin(await pages.see())
            await page.load(product_ids)
            return page

        await pages.live.renew(pages.reader)
        first = (await ask(1, 3)).looked_up
        assert list(first.product_ids) == [1, 3]
        change(shop, 4, price=Decimal("5.5"))
        await pages.live.renew(pages.reader)
        assert (await ask(4)).holds(first)

        change(shop, 1, price=Decimal("77.5"))
        assert not (await ask()).holds(first)
        second = (await ask(1, 3)).looked_up
        assert (await ask()).holds(second)

        pages.live._kept[3] = None  # as if its return had not been noted
        third = (await ask(1, 3)).looked_up
        await pages.live.renew(pages.reader)
        assert not (await ask()).holds(third)

        pages.live._kept.clear()
        assert not (await ask()).holds(second)
        assert not (await pages.live.begin(None)).is_in_memory

    run(shop, work)


def test_where_nothing_notes_changes_each_page_reads(shop: Engine) -> None:
    with shop.begin() as connection:
        for name in ("product_insert", "product_update", "product_renumber", "product_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER tr_{LOG}_{name}")
        for name in ("image_insert", "image_update", "image_move", "image_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER tr_{LOG}_{name}")
        connection.exec_driver_sql(f"DROP TABLE {LOG}")

    async def work(pages: Pages) -> None:
        await pages.live.renew(pages.reader)
        assert not await pages.reader.read(has_change_log)
        await pages.show()
        change(shop, 1, stock=0)
        assert 1 not in await pages.show()
        assert pages.num_reads == 2

    run(shop, work)


def test_products_that_no_trigger_saw_change_are_swept(shop: Engine) -> None:
    async def work(pages: Pages) -> None:
        await pages.live.renew(pages.reader)
        await pages.show()
        with shop.begin() as connection:
            connection.exec_driver_sql(f"DROP TRIGGER tr_{LOG}_product_update")
        change(shop, 1, stock=0)

        await pages.live.renew(pages.reader)

        assert 1 not in await pages.show()

    run(shop, work)


def test_memory_is_filled_beside_the_pages(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_products, "FILLED_AT_ONCE", 2)

    async def work(pages: Pages) -> None:
        await pages.live.fill(pages.reader)  # where no change is followed, nothing is kept
        await pages.live.renew(pages.reader)
        await pages.live.fill(pages.reader)

        sellable = await pages.show_alone()
        page = await pages.live.begin(await pages.see())
        found = await page.load(list(sellable))
        assert {each: product.price for each, product in found.items() if product} == sellable
        assert pages.num_reads == 0

        change(shop, 1, price=Decimal("6.5"))
        assert await pages.show() == await pages.show_alone()

    run(shop, work)


def test_old_changes_go_and_the_newest_stay(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_changes, "DELETED_AT_ONCE", 2)
    for price in range(1, 10):
        change(shop, 1, price=Decimal(price))
    with shop.connect() as connection:
        numbers = connection.exec_driver_sql(f"SELECT change_id FROM {LOG} ORDER BY change_id").scalars().all()

    assert delete_old_changes(shop, 3) == len(numbers) - 3

    with shop.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT COUNT(*) FROM {LOG}").scalar() == 3
    assert delete_old_changes(shop, 3) == 0
