"""Application factory: assembles dependencies, routes and middleware; connects to nothing before it starts."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi_offline import FastAPIOffline
from sqlalchemy import Engine, make_url
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import __version__
from api.clients.model_server import ModelServerClient
from api.db.connections import HeldConnection, LoopConnections, ThreadConnections
from api.db.reader import ShopReader, ShopUnavailableError
from api.db.writer import ShopWriter
from api.health import HealthCheck
from api.pages.browse import CataloguePages
from api.pages.experiment import Experiment
from api.pages.fallback import FallbackCache, read_fallback_copy
from api.pages.home import HomePage, PageRules
from api.pages.images import ProductPictures
from api.pages.products import ProductPages
from api.pages.storefront import StorefrontPage
from api.queries.published import SharedListsCache
from api.routes import catalogue, events, health, home, images, orders, products, storefront, users
from api.routes.dependencies import Services
from api.routes.plain_home import PlainHomepages
from api.web.auth import Authenticator, make_authenticator
from api.web.errors import install_error_handlers
from api.web.metrics import Metrics, count_unusable
from api.web.middleware import AllowedHosts, RequestEnvelope
from api.web.rate_limit import RateLimiter
from api.web.request_ids import RequestIds, derive_key
from api.web.static_files import STOREFRONT_PAGES, StorefrontPages
from settings import Settings
from shop.database import open_engine, open_loop_engine
from shop.money import Currency

CONNECT_TIMEOUT_SECONDS = 1.0
READ_TIMEOUT_SECONDS = 1.0
REFRESH_SECONDS = 10.0
DEVELOPMENT_ORIGINS = r"http://(localhost|127\.0\.0\.1):\d+"
REFRESH_DEADLINE_SECONDS = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deadlines:
    """Longest waits of one answer for its dependencies, in seconds."""

    database: float = 0.1
    model_server: float = 0.15
    slow_page: float = 0.8
    write: float = 2.0


def create_app(settings: Settings, deadlines: Deadlines = Deadlines()) -> FastAPI:
    """Make the application.

    Args:
        settings: where the dependencies are.
        deadlines: how long an answer waits for them.

    Raises:
        ValueError: production without a key of its own.
    """
    metrics, authenticator, request_ids = Metrics(), make_authenticator(settings), RequestIds(derive_key(settings))
    is_production = settings.environment == "production"
    app = (FastAPI if is_production else FastAPIOffline)(
        title="31IE storefront API",
        version=__version__,
        description="Recommendations and products for the storefront.",
        lifespan=lambda app: _run(app, settings, deadlines, metrics, authenticator, request_ids),
        docs_url=None if is_production else "/docs",
        openapi_url=None if is_production else "/openapi.json",
        redoc_url=None,
        redirect_slashes=False,  # a redirect would lead to whatever Host the request names
    )
    limiter = RateLimiter(settings.requests_per_minute) if is_production else None
    hosts = AllowedHosts(settings.allowed_hosts) if is_production else None
    if not is_production:
        _admit_development_server(app)
    app.add_middleware(PlainHomepages)
    app.add_middleware(RequestEnvelope, metrics=metrics, request_ids=request_ids, limiter=limiter, hosts=hosts)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    install_error_handlers(app)
    for routes in (home, storefront, catalogue, products, users, orders, images, events, health):
        app.include_router(routes.router)
    if not is_production and STOREFRONT_PAGES.is_dir():
        app.mount("/", GZipMiddleware(StorefrontPages(directory=STOREFRONT_PAGES, html=True)), name="storefront")
    return app


def _admit_development_server(app: FastAPI) -> None:
    """Let the storefront's development server call from its own port."""
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=DEVELOPMENT_ORIGINS,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["*"],
    )


@contextlib.asynccontextmanager
async def _run(
    app: FastAPI,
    settings: Settings,
    deadlines: Deadlines,
    metrics: Metrics,
    authenticator: Authenticator,
    request_ids: RequestIds,
) -> AsyncIterator[None]:
    """Build the services, refresh the local fallback while the application runs, and close everything at the end."""
    reader = ShopReader(_connect_for_pages(settings), deadlines.database)
    background_reader = ShopReader(_connect_for_pages(settings), REFRESH_DEADLINE_SECONDS)
    slow_reader = ShopReader(ThreadConnections(_open_quick(settings, read_only=True)), deadlines.slow_page)
    writer = ShopWriter(_open_quick(settings, read_only=False), deadlines.write)
    fallback = FallbackCache(settings.var_dir / "api" / "last_good.json")
    cache = SharedListsCache()
    async with httpx.AsyncClient(base_url=settings.serving_url, timeout=READ_TIMEOUT_SECONDS) as client:
        model_server = ModelServerClient(client, deadlines.model_server)
        app.state.services = Services(
            home_page=HomePage(reader, model_server, fallback, cache, _read_rules(settings)),
            product_pages=ProductPages(reader, fallback, cache),
            catalogue_pages=CataloguePages(slow_reader, fallback, cache),
            storefront_page=StorefrontPage(slow_reader, fallback),
            pictures=ProductPictures(reader, fallback, settings.var_dir / "images"),
            health=HealthCheck(reader, model_server, fallback, metrics),
            metrics=metrics,
            reader=slow_reader,
            writer=writer,
            authenticator=authenticator,
            request_ids=request_ids,
            currency=Currency(settings.currency),
            metrics_token=_choose_metrics_token(settings),
            is_demo=settings.environment == "development" or settings.demo_shoppers,
        )
        refresher = asyncio.create_task(_keep_fresh(background_reader, fallback, cache))
        try:
            yield
        finally:
            refresher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await refresher
            for each in (reader, slow_reader, background_reader, writer):
                each.close()


def _choose_metrics_token(settings: Settings) -> str | None:
    return None if settings.environment == "development" else settings.api_metrics_token.get_secret_value()


def _read_rules(settings: Settings) -> PageRules:
    experiment = Experiment(settings.compared_alias, settings.compared_share)
    return PageRules(settings.home_category_share, settings.home_recent_hours, experiment)


def _connect_for_pages(settings: Settings) -> HeldConnection | LoopConnections:
    """Choose how the shop's database is read for the busiest pages, and beside them."""
    if make_url(settings.shop_database_url).get_backend_name() == "sqlite":
        return HeldConnection(_open_quick(settings, read_only=True))
    engine = open_loop_engine(settings.shop_database_url, connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS)
    return LoopConnections(engine)


def _open_quick(settings: Settings, *, read_only: bool) -> Engine:
    """Open the shop's database with time-outs that free a stuck thread soon after its caller has gone."""
    return open_engine(
        settings.shop_database_url,
        read_only=read_only,
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
        single_statements=read_only,
        at_odd_text=lambda: count_unusable("text", "bytes that are not UTF-8"),
    )


async def _keep_fresh(reader: ShopReader, fallback: FallbackCache, cache: SharedListsCache) -> None:
    """Renew the local fallback every few seconds. While the database fails, the last one stays."""
    while True:
        try:
            copy = await reader.within_deadline(read_fallback_copy(reader, cache, fallback.latest))
            await asyncio.to_thread(fallback.replace_copy, copy)
        except ShopUnavailableError as err:
            logger.info("local fallback stays reason=%r", str(err))
        except Exception as err:  # our own mistake: an ended task would let the fallback age unseen, /health names this
            fallback.failure = type(err).__name__
            logger.exception("local fallback not renewed")
        await asyncio.sleep(REFRESH_SECONDS)
