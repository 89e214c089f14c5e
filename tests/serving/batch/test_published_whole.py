"""Readers at work while batch after batch is published: every answer comes from exactly one of them."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
from sqlalchemy import Engine

from api.application import create_app
from serving.batch.retire import retire_old_batches
from settings import Settings
from shop.database import session_scope
from shop.tables import Product
from tests.api.conftest import PATIENT, serve
from tests.serving.ranked import finish, open_named
from tests.support.tiny_shop import day, fill_tiny_shop

READERS = 20
PUBLICATIONS = {"sqlite": 50, "mysql": 12}
USERS = (1, 2, 3, 4)


def list_of(version: int) -> list[int]:
    """A list that only this version has: a rotation of all products by its number."""
    products = [1, 2, 3, 4, 5, 6]
    turn = version % 6
    return products[turn:] + products[:turn]


def read_on(address: str, stop: Event) -> list[tuple[str, str, list[int], int]]:
    """Ask again and again: (batch, version, products, status)."""
    answers = []
    with httpx.Client(base_url=address, timeout=120) as client:
        while not stop.is_set():
            for user in USERS:
                answer = client.get("/recommendations/home", params={"user_id": user, "limit": 6})
                shown = [product["product_id"] for product in answer.json()["recommendations"]]
                headers = answer.headers
                answers.append((headers["x-batch-id"], headers["x-model-version"], shown, answer.status_code))
    return answers


def test_no_answer_mixes_two_batches(any_empty_shop: Engine, tmp_path: Any) -> None:
    fill_tiny_shop(any_empty_shop)
    with session_scope(any_empty_shop) as session:
        session.query(Product).update({"is_visible": True, "stock": 9})
    url = any_empty_shop.url.render_as_string(hide_password=False)
    publish(any_empty_shop, 1)
    stop = Event()

    with (
        serve(
            create_app(Settings(var_dir=tmp_path, shop_database_url=url, platform_database_url=url), PATIENT)
        ) as address,
        ThreadPoolExecutor(READERS) as readers,
    ):
        reading = [readers.submit(read_on, address, stop) for _ in range(READERS)]
        try:
            for number in range(2, PUBLICATIONS[any_empty_shop.dialect.name] + 2):
                publish(any_empty_shop, number)
        finally:
            stop.set()
        answers = [answer for each in reading for answer in each.result(120)]

    assert {status for *_, status in answers} == {200}
    for batch_id, version, shown, _ in answers:
        assert batch_id.endswith(f"-v{version}")
        assert shown == list_of(int(version)), batch_id
    assert len(Counter(version for _, version, *_ in answers)) > 3


def publish(engine: Engine, version: int) -> None:
    batch = open_named(engine, day(25), str(version), "champion")
    finish(engine, batch, {user: list_of(version) for user in USERS})
    retire_old_batches(engine)
