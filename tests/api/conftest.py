"""A running API over the tiny shop, with a published batch and a model server that tests script."""

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any, TypeVar

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from api.application import Deadlines, create_app
from api.clients.model_server import TIMEOUT_HEADER
from api.db.connections import LoopConnections
from api.web.protocol import BoundedHttpProtocol
from settings import Settings
from shop.database import open_loop_engine, session_scope
from shop.mapping.id_map import write_ids
from shop.tables import BatchPointer, PopularList, ProductNeighbours, Recommendation, RecommendationBatch
from tests.support.clock import Clock
from tests.support.tiny_shop import day

Result = TypeVar("Result")

PATIENT = Deadlines(database=30, model_server=30, slow_page=30, write=30)
"""What an answer says must not hang on how busy the machine is; tests of the deadlines bring their own."""

LISTS = {1: [3, 1, 5, 6], 2: [5, 6, 3, 1]}
BATCH = "20260125T120000Z-v7"
TEXTS = {
    "products": {1: "0012", 2: "12", 3: "a/b c", 4: "50%", 5: "한글", 6: "A"},
    "users": {1: "a@b.example", 2: "a", 3: "A", 4: "x "},
    "categories": {1: "2", 2: "Brot & Back", 3: "?#"},
    "orders": {1: "#1001", 2: "#01001", 3: "1", 4: "b2", 5: "B2", 6: "c/3", 7: "d"},
    "coupons": {1: "BREAD/10", 9: "1"},
}
"""Ids of a shop of text, by the numbers that stand for them."""

CATEGORY_OF = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class ModelServer:
    """A model server on a real port. `answers` maps users to products; `delay_seconds` makes it slow.

    `companions` are what it gives for any cart, with the product of the cart that each goes with. `reranked` maps users
    to products, with reasons, that it ranks again as `batch_id`. Paths that are `missing` it does not know.
    `timeouts` are how long callers said that they wait, in milliseconds.
    """

    url: str = ""
    answers: dict[int, list[int]] = field(default_factory=dict)
    companions: dict[int, int | None] = field(default_factory=dict)
    reranked: dict[int, dict[int, str | None]] = field(default_factory=dict)
    batch_id: str = BATCH
    missing: tuple[str, ...] = ()
    delay_seconds: float = 0.0
    status: int = 200
    body: bytes | None = None
    failure: str | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    timeouts: list[str | None] = field(default_factory=list)

    def answer(self, request: dict[str, Any]) -> bytes:
        self.asked.append(request)
        if "since" in request:
            again = self.reranked.get(request["user_id"], {})
            products = [_product(each) | {"reason": reason} for each, reason in again.items()]
            version = int(self.batch_id.split("-v")[1].split("-")[0])
            reranked = {"model_version": version, "batch_id": self.batch_id, "products": products}
            return self.body or json.dumps(reranked).encode()
        if "product_ids" in request:
            products = [_product(each) | {"goes_with": partner} for each, partner in self.companions.items()]
            answer = {"model_version": 8, "as_of": "2026-01-25T12:00:00Z", "products": products}
            return self.body or json.dumps(answer).encode()
        known = [user for user in request["user_ids"] if user in self.answers]
        lists = [{"user_id": user, "products": [_product(each) for each in self.answers[user]]} for user in known]
        unknown = [user for user in request["user_ids"] if user not in self.answers]
        whole = {"model_version": 8, "as_of": "2026-01-25T12:00:00Z", "recommendations": lists}
        return self.body or json.dumps(whole | {"unknown_user_ids": unknown}).encode()


def _product(product_id: int) -> dict[str, Any]:
    return {"product_id": product_id, "category_id": CATEGORY_OF[product_id], "score": 0.5, "reason": "bought_before"}


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A scripted model server, on a port of its own."""
    scripted = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            scripted.timeouts.append(self.headers[TIMEOUT_HEADER])
            sleep(scripted.delay_seconds)
            if self.path in scripted.missing:
                self.send_error(404)
                return
            is_status = self.path == "/status"
            self._send(json.dumps({"failure": scripted.failure}).encode() if is_status else scripted.answer(request))

        def do_GET(self) -> None:
            sleep(scripted.delay_seconds)
            self._send(b"{}")

        def _send(self, body: bytes) -> None:
            self.send_response(scripted.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield scripted
    server.shutdown()
    server.server_close()


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Run an application on a real port of its own; gives its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=BoundedHttpProtocol, log_level="warning", access_log=False))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = monotonic() + 60
        while not server.started:
            assert monotonic() < deadline, "the server did not start"
            sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(60)


def run_on_loop(url: str, work: Callable[[LoopConnections], Coroutine[Any, Any, Result]]) -> Result:
    """Do something with connections that an event loop waits on."""

    async def open_work_close() -> Result:
        connections = LoopConnections(open_loop_engine(url))
        try:
            return await work(connections)
        finally:
            connections.close()

    return asyncio.run(open_work_close())


def publish_by_hand(engine: Engine, lists: dict[int, list[int]] = LISTS, batch_id: str = BATCH, epoch: int = 1) -> None:
    """Put a published batch into the shop, as serving leaves it, and point at it."""
    version = batch_id.split("-v")[1]
    entries = {user: _entries(products, "bought_before") for user, products in lists.items()}
    popular = {("global", 0): [1, 3, 2, 4, 5], ("newest", 0): [6, 5]}
    popular |= {("category", 1): [1, 2], ("category", 2): [3, 4], ("category", 3): [5, 6]}
    with session_scope(engine) as session:
        batch = {"batch_id": batch_id, "epoch": epoch, "as_of": day(25), "model_version": version}
        batch |= {"alias": "champion", "state": "published"}
        session.execute(insert(RecommendationBatch).values(batch))  # these columns alone: others are newer
        session.add_all(
            Recommendation(batch_id=batch_id, user_id=user, products=products) for user, products in entries.items()
        )
        session.add_all(
            PopularList(batch_id=batch_id, scope=scope, category_id=category, products=_entries(products, "popular"))
            for (scope, category), products in popular.items()
        )
        session.add(ProductNeighbours(batch_id=batch_id, product_id=1, products=_entries([3, 4, 6], "bought_together")))
        session.merge(BatchPointer(name="home", batch_id=batch_id, epoch=epoch, moved_at=day(26)))


def _entries(products: list[int], reason: str) -> list[list[Any]]:
    return [[product, CATEGORY_OF[product], 1 / rank, reason] for rank, product in enumerate(products, start=1)]


@pytest.fixture
def published_shop(tiny_shop: Engine) -> Engine:
    """The tiny shop with a batch: users 1 and 2 have lists, 3 and 4 have none."""
    publish_by_hand(tiny_shop)
    return tiny_shop


@pytest.fixture
def text_shop(published_shop: Engine) -> Engine:
    """The published tiny shop, each of whose ids is text."""
    with published_shop.begin() as connection:
        for kind, texts in TEXTS.items():
            write_ids(connection, kind, texts)
    return published_shop


@pytest.fixture
def open_api(tmp_path: Path, sqlite_url: str, model_server: ModelServer) -> Iterator[Callable[..., TestClient]]:
    """Start an API over the test's shop; can be called again, as a restart would be."""
    clients: list[TestClient] = []

    def start(deadlines: Deadlines = PATIENT) -> TestClient:
        settings = Settings(
            var_dir=tmp_path,
            shop_database_url=sqlite_url,
            platform_database_url=sqlite_url,
            serving_url=model_server.url,
        )
        client = TestClient(create_app(settings, deadlines), raise_server_exceptions=False)
        client.__enter__()
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def api(published_shop: Engine, open_api: Callable[..., TestClient]) -> TestClient:
    """An API over the published tiny shop."""
    return open_api()
