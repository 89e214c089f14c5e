"""Application factory: assembles dependencies, routes and middleware; connects to nothing before it starts."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import httpx
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from sqlalchemy import Engine, make_url

from api import __version__
from api.clients.model_server import ModelServerClient
from api.clients.replicas import make_transport
from api.db.connections import HeldConnection, LoopConnections, ThreadConnections
from api.db.databases import Databases
from api.db.reader import DatabaseReader, DatabaseUnavailableError
from api.db.refusals import LastTrouble
from api.db.writer import DatabaseWriter
from api.health import HealthCheck
from api.merchandising.rules_admin import RulesAdmin
from api.orders.outbox import Outbox
from api.pages.browse import CataloguePages
from api.pages.cart import CartPage
from api.pages.experiment import Experiment
from api.pages.fallback import FallbackCache, read_fallback_copy
from api.pages.home import HomePage
from api.pages.images import ProductPictures
from api.pages.preview import PreviewPages
from api.pages.products import ProductPages
from api.pages.search import SearchPages
from api.pages.shelf_order import OrderRules
from api.pages.shelves import ShelvesPage
from api.pages.shop_ids import ShopIds
from api.pages.shopper import PageRules
from api.pages.sources import PageSources
from api.pages.storefront import StorefrontPage
from api.queries.published import SharedListsCache
from api.routes import (
    admin,
    cart,
    catalogue,
    choices,
    events,
    health,
    home,
    images,
    orders,
    products,
    search,
    shelves,
    storefront,
    users,
)
from api.routes.dependencies import Services
from api.routes.plain_home import PlainHomepages
from api.routes.shop_ids import TranslatedIds
from api.web.admin_login import WRONG_PER_MINUTE, AdminLogin
from api.web.auth import Authenticator, make_authenticator
from api.web.errors import install_error_handlers
from api.web.load_shedding import LoadShedder
from api.web.metrics import Metrics, count_unusable
from api.web.middleware import AllowedHosts, RequestEnvelope
from api.web.protocol import SHEDDER
from api.web.rate_limit import RateLimiter
from api.web.request_ids import RequestIds, derive_key
from api.web.static_files import STOREFRONT_PAGES, StorefrontPages
from api.web.trusted_proxies import TrustedProxies
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
    app.add_middleware(TranslatedIds)
    app.add_middleware(RequestEnvelope, metrics=metrics, request_ids=request_ids, limiter=limiter, hosts=hosts)
    if settings.trusted_proxies:
        app.add_middleware(TrustedProxies, trusted=settings.trusted_proxies)
    install_error_handlers(app)
    shopping = (home, shelves, cart, storefront, catalogue, search, products, users, orders, choices)
    for routes in (*shopping, images, events, admin, health):
        app.include_router(routes.router)
    if not is_production and STOREFRONT_PAGES.is_dir():
        app.mount("/", StorefrontPages(directory=STOREFRONT_PAGES, html=True), name="storefront")
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
) -> AsyncIterator[dict[str, LoadShedder]]:
    """Build the services, refresh the local fallback and deliver events meanwhile, and close everything at the end.

    Yields:
        What the protocol shares with the application.
    """
    shedder = LoadShedder(metrics)
    shop_url, platform_url = settings.catalogue_database_url, settings.platform_database_url
    pages = _open_databases(shop_url, platform_url, _connect_for_pages, deadlines.database)
    background = _open_databases(shop_url, platform_url, _connect_for_pages, REFRESH_DEADLINE_SECONDS)
    slow_pages = _open_databases(shop_url, platform_url, _connect_in_threads, deadlines.slow_page)
    takes_orders = not settings.has_copied_catalogue
    owner_url = settings.shop_owner_database_url
    shop_writer = DatabaseWriter("shop", _open_quick(owner_url, read_only=False), deadlines.write)
    platform_writer = DatabaseWriter("platform", _open_quick(platform_url, read_only=False), deadlines.write)
    outbox = Outbox(background.shop, shop_writer, platform_writer)
    fallback = FallbackCache(settings.var_dir / "api" / "last_good.json")
    cache, shop_ids = SharedListsCache(), ShopIds(pages.platform, fallback.copy.ids)
    search_pages = SearchPages(slow_pages, fallback, cache)
    with contextlib.suppress(DatabaseUnavailableError):  # then the copy on disk says which kinds there are
        await shop_ids.renew_kinds(background.platform)
        await fallback.rules.renew(background)
    transport = make_transport(settings.serving_url)
    async with httpx.AsyncClient(
        base_url=settings.serving_url, timeout=READ_TIMEOUT_SECONDS, transport=transport
    ) as client:
        model_server = ModelServerClient(client, deadlines.model_server)
        sources = PageSources(pages, model_server, fallback, cache, _read_rules(settings))
        app.state.services = Services(
            home_page=HomePage(sources),
            shelves_page=ShelvesPage(sources),
            cart_page=CartPage(sources),
            product_pages=ProductPages(sources),
            catalogue_pages=CataloguePages(slow_pages, fallback, cache),
            search_pages=search_pages,
            storefront_page=StorefrontPage(slow_pages.shop, fallback, shop_ids, takes_orders=takes_orders),
            pictures=ProductPictures(pages.shop, fallback, settings.var_dir / "images"),
            health=HealthCheck(pages, model_server, fallback, metrics, shedder, _choose_copy_seconds(settings)),
            metrics=metrics,
            databases=slow_pages,
            shop_writer=shop_writer,
            platform_writer=platform_writer,
            outbox=outbox,
            authenticator=authenticator,
            preview_pages=PreviewPages(replace(sources, databases=slow_pages), settings.compared_alias),
            rules_admin=RulesAdmin(slow_pages, platform_writer, fallback.rules, lambda: fallback.restricted),
            admin_login=AdminLogin(settings.api_admin_password.get_secret_value(), RateLimiter(WRONG_PER_MINUTE)),
            exclusions=fallback.exclusions,
            shop_ids=shop_ids,
            request_ids=request_ids,
            currency=Currency(settings.currency),
            metrics_token=_choose_metrics_token(settings),
            takes_orders=takes_orders,
            is_demo=settings.environment == "development" or settings.demo_shoppers,
        )
        with contextlib.suppress(DatabaseUnavailableError):  # until it can be read, pages read their products
            await sources.products.renew(background.shop)
        freshness = (
            sources.products.keep_fresh(background.shop),
            sources.products.prune(shop_writer if takes_orders else platform_writer),
            _keep_fresh(background, fallback, cache, shop_ids),
            fallback.rules.keep_fresh(background),
            search_pages.keep_fresh(),
        )
        tasks = [asyncio.create_task(each) for each in freshness]
        if takes_orders:
            tasks.append(asyncio.create_task(outbox.run()))
        try:
            yield {SHEDDER: shedder}
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in (pages, slow_pages, background, shop_writer, platform_writer):
                each.close()


def _choose_metrics_token(settings: Settings) -> str | None:
    return None if settings.environment == "development" else settings.api_metrics_token.get_secret_value()


def _choose_copy_seconds(settings: Settings) -> float | None:
    return settings.catalogue_seconds if settings.has_copied_catalogue else None


def _read_rules(settings: Settings) -> PageRules:
    experiment = Experiment(settings.compared_alias, settings.compared_share)
    return PageRules(
        category_share=settings.home_category_share,
        repeat_share=settings.home_repeat_share,
        new_weight=settings.home_new_weight,
        recent_hours=settings.home_recent_hours,
        experiment=experiment,
        order=OrderRules(settings.shelves_least_clicks, settings.shelves_explored_share),
    )


Connect = Callable[[str], HeldConnection | ThreadConnections | LoopConnections]


def _open_databases(shop_url: str, platform_url: str, connect: Connect, deadline_seconds: float) -> Databases:
    """Open a reader of each database, with breakers of their own."""
    return Databases(
        DatabaseReader("shop", connect(shop_url), deadline_seconds),
        DatabaseReader("platform", connect(platform_url), deadline_seconds),
    )


def _connect_for_pages(url: str) -> HeldConnection | LoopConnections:
    """Choose how a database is read for the busiest pages, and beside them."""
    if make_url(url).get_backend_name() == "sqlite":
        return HeldConnection(_open_quick(url, read_only=True))
    return LoopConnections(open_loop_engine(url, connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS))


def _connect_in_threads(url: str) -> ThreadConnections:
    return ThreadConnections(_open_quick(url, read_only=True))


def _open_quick(url: str, *, read_only: bool) -> Engine:
    """Open a database with time-outs that free a stuck thread soon after its caller has gone."""
    return open_engine(
        url,
        read_only=read_only,
        connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds=READ_TIMEOUT_SECONDS,
        single_statements=read_only,
        at_odd_text=lambda: count_unusable("text", "bytes that are not UTF-8"),
    )


async def _keep_fresh(
    databases: Databases, fallback: FallbackCache, cache: SharedListsCache, shop_ids: ShopIds
) -> None:
    """Renew the local fallback every few seconds. While a database fails, the last one stays; the log says so once."""
    trouble = LastTrouble()
    while True:
        try:
            await shop_ids.renew_kinds(databases.platform)
            reads = read_fallback_copy(databases, cache, fallback.latest, shop_ids, fallback.rules.current)
            copy = await databases.within_deadline(reads)
            await asyncio.to_thread(fallback.replace_copy, copy)
            trouble.end()
        except DatabaseUnavailableError as err:
            if trouble.is_new(str(err)):
                logger.info("local fallback stays reason=%r", str(err))
        except Exception as err:  # our own mistake: an ended task would let the fallback age unseen, /health names this
            fallback.failure = type(err).__name__
            if trouble.is_new(repr(err)):
                logger.exception("local fallback not renewed")
        await asyncio.sleep(REFRESH_SECONDS)
