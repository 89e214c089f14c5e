"""Puts the API together: neighbours, routes, middleware. Nothing is connected before the application starts."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine

from api.dependencies import Parts
from api.errors import install_error_handlers
from api.events import EventWriter
from api.health import HealthCheck
from api.home import HomePage
from api.images import ProductPictures
from api.last_good import LastGood, read_shelf
from api.metrics import Metrics
from api.middleware import RequestEnvelope
from api.products import ProductPages
from api.published import SharedListsCache
from api.reader import ShopReader, ShopUnavailableError
from api.recommender import Recommender
from api.routes import events, health, home, images, products
from settings import Settings
from shop.database import open_engine

STOREFRONT_PAGES = Path(__file__).resolve().parent.parent / "frontend" / "dist"
CONNECT_TIMEOUT_SECONDS = 1.0
READ_TIMEOUT_SECONDS = 1.0
REFRESH_SECONDS = 10.0
REFRESH_DEADLINE_SECONDS = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deadlines:
    """Longest waits of one answer for its neighbours, in seconds."""

    database: float = 0.1
    model_server: float = 0.15


def create_app(settings: Settings, deadlines: Deadlines = Deadlines()) -> FastAPI:
    """Make the application.

    Args:
        settings: where the neighbours are.
        deadlines: how long an answer waits for them.
    """
    metrics = Metrics()
    app = FastAPI(
        title="31IE storefront API",
        version="1.0.0",
        description="Recommendations and products for the storefront.",
        lifespan=lambda app: _run(app, settings, deadlines, metrics),
    )
    app.add_middleware(RequestEnvelope, metrics=metrics)
    install_error_handlers(app)
    for routes in (home, products, images, events, health):
        app.include_router(routes.router)
    if STOREFRONT_PAGES.is_dir():
        app.mount("/", StaticFiles(directory=STOREFRONT_PAGES, html=True), name="storefront")
    return app


@contextlib.asynccontextmanager
async def _run(app: FastAPI, settings: Settings, deadlines: Deadlines, metrics: Metrics) -> AsyncIterator[None]:
    """Build the parts, keep the local copy fresh while the application runs, and let go of everything at the end."""
    reader = ShopReader(_open_quick(settings, read_only=True), deadlines.database)
    background_reader = ShopReader(_open_quick(settings, read_only=True), REFRESH_DEADLINE_SECONDS)
    writer = EventWriter(_open_quick(settings, read_only=False))
    last_good = LastGood(settings.var_dir / "api" / "last_good.json")
    cache = SharedListsCache()
    async with httpx.AsyncClient(base_url=settings.serving_url, timeout=READ_TIMEOUT_SECONDS) as client:
        recommender = Recommender(client, deadlines.model_server)
        app.state.parts = Parts(
            home=HomePage(reader, recommender, last_good, cache),
            products=ProductPages(reader, last_good, cache),
            pictures=ProductPictures(reader, last_good, settings.var_dir / "images"),
            events=writer,
            health=HealthCheck(reader, recommender, metrics),
            metrics=metrics,
        )
        refresher = asyncio.create_task(_keep_fresh(background_reader, last_good, cache))
        try:
            yield
        finally:
            refresher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await refresher
            for part in (reader, background_reader, writer):
                part.close()


def _open_quick(settings: Settings, *, read_only: bool) -> Engine:
    """Open the shop's database with time-outs that free a stuck thread soon after its caller has gone."""
    return open_engine(
        settings.shop_database_url,
        read_only=read_only,
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
    )


async def _keep_fresh(reader: ShopReader, last_good: LastGood, cache: SharedListsCache) -> None:
    """Renew the local copy every few seconds. While the database fails, the last good one stays."""
    while True:
        try:
            last_good.replace_shelf(await reader.run(read_shelf, cache))
        except ShopUnavailableError as err:
            logger.info("local copy stays reason=%r", str(err))
        except Exception:
            logger.exception("local copy not renewed")
        await asyncio.sleep(REFRESH_SECONDS)
