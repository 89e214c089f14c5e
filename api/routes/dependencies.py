"""FastAPI dependencies as named types; the services behind them are built once, in `api/application.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials
from starlette.datastructures import State
from starlette.types import Scope

from api.db.databases import Databases
from api.db.reader import DatabaseReader
from api.db.writer import DatabaseWriter
from api.health import HealthCheck
from api.merchandising.rules_admin import RulesAdmin
from api.orders.outbox import Outbox
from api.pages.browse import CataloguePages
from api.pages.cart import CartPage
from api.pages.exclusions import RememberedExclusions
from api.pages.home import HomePage
from api.pages.images import ProductPictures
from api.pages.preview import PreviewPages
from api.pages.products import ProductPages
from api.pages.search import SearchPages
from api.pages.shelves import ShelvesPage
from api.pages.shop_ids import ShopIds
from api.pages.storefront import StorefrontPage
from api.schemas import AddressId
from api.web.admin_login import AdminLogin
from api.web.auth import BEARER, Admission, Authenticator
from api.web.errors import ApiError
from api.web.metrics import Metrics
from api.web.request_ids import RequestIds
from shop.money import Currency

Service = TypeVar("Service")


@dataclass(frozen=True)
class Services:
    """The services of one application.

    Attributes:
        databases: read for pages that can wait a moment; their troubles do not count against the quick ones.
        shop_writer: writes the demo shop's orders.
        platform_writer: writes shoppers' events.
        outbox: delivers the events of orders.
        authenticator: decides who may act as whom.
        rules_admin: lists and changes the merchant's rules.
        preview_pages: show them pages as they would be.
        admin_login: decides who may.
        exclusions: what shoppers want left out, as it was read last.
        shop_ids: the shop's own ids, where they are text.
        request_ids: tell which answers were given.
        currency: of the shop's prices.
        metrics_token: what `GET /metrics` asks for; empty = there are none, `None` = nobody is asked.
        takes_orders: whether the shop is the demo's, whose orders are placed here.
        is_demo: whether anybody may act as any shopper.
    """

    home_page: HomePage
    shelves_page: ShelvesPage
    cart_page: CartPage
    product_pages: ProductPages
    catalogue_pages: CataloguePages
    search_pages: SearchPages
    storefront_page: StorefrontPage
    pictures: ProductPictures
    health: HealthCheck
    metrics: Metrics
    databases: Databases
    shop_writer: DatabaseWriter
    platform_writer: DatabaseWriter
    outbox: Outbox
    authenticator: Authenticator
    rules_admin: RulesAdmin
    preview_pages: PreviewPages
    admin_login: AdminLogin
    exclusions: RememberedExclusions
    shop_ids: ShopIds
    request_ids: RequestIds
    currency: Currency
    metrics_token: str | None
    takes_orders: bool
    is_demo: bool


def services_of(state: State) -> Services:
    """Return the services of an application by its state, where `api/application.py` puts them."""
    services: Services = state.services
    return services


def _provide(choose: Callable[[Services], Service]) -> Any:
    """Make the dependency that gives one of the services; async, since others are resolved in threads."""

    async def provide(request: Request) -> Service:
        return choose(services_of(request.app.state))

    return Depends(provide)


HomePageDep = Annotated[HomePage, _provide(lambda services: services.home_page)]
CartPageDep = Annotated[CartPage, _provide(lambda services: services.cart_page)]
ShelvesPageDep = Annotated[ShelvesPage, _provide(lambda services: services.shelves_page)]
ProductPagesDep = Annotated[ProductPages, _provide(lambda services: services.product_pages)]
CataloguePagesDep = Annotated[CataloguePages, _provide(lambda services: services.catalogue_pages)]
SearchPagesDep = Annotated[SearchPages, _provide(lambda services: services.search_pages)]
StorefrontPageDep = Annotated[StorefrontPage, _provide(lambda services: services.storefront_page)]
PicturesDep = Annotated[ProductPictures, _provide(lambda services: services.pictures)]
HealthCheckDep = Annotated[HealthCheck, _provide(lambda services: services.health)]
MetricsDep = Annotated[Metrics, _provide(lambda services: services.metrics)]
DatabasesDep = Annotated[Databases, _provide(lambda services: services.databases)]
ShopReaderDep = Annotated[DatabaseReader, _provide(lambda services: services.databases.shop)]
ShopWriterDep = Annotated[DatabaseWriter, _provide(lambda services: services.shop_writer)]
PlatformWriterDep = Annotated[DatabaseWriter, _provide(lambda services: services.platform_writer)]
OutboxDep = Annotated[Outbox, _provide(lambda services: services.outbox)]
AuthenticatorDep = Annotated[Authenticator, _provide(lambda services: services.authenticator)]
RulesAdminDep = Annotated[RulesAdmin, _provide(lambda services: services.rules_admin)]
PreviewPagesDep = Annotated[PreviewPages, _provide(lambda services: services.preview_pages)]
ExclusionsDep = Annotated[RememberedExclusions, _provide(lambda services: services.exclusions)]
AdminLoginDep = Annotated[AdminLogin, _provide(lambda services: services.admin_login)]
ShopIdsDep = Annotated[ShopIds, _provide(lambda services: services.shop_ids)]
RequestIdsDep = Annotated[RequestIds, _provide(lambda services: services.request_ids)]
CurrencyDep = Annotated[Currency, _provide(lambda services: services.currency)]
MetricsTokenDep = Annotated[str | None, _provide(lambda services: services.metrics_token)]
TakesOrdersDep = Annotated[bool, _provide(lambda services: services.takes_orders)]
IsDemoDep = Annotated[bool, _provide(lambda services: services.is_demo)]

UserIdQuery = Annotated[AddressId | None, Query(description="The shopper; absent when logged out.")]
DEFAULT_LIMIT = 20
"""Products on a page whose size was not asked for."""
LimitQuery = Annotated[int, Query(ge=1, le=100, description="Products wanted.")]
CursorQuery = Annotated[str | None, Query(max_length=120, description="`next_cursor` of the page before.")]
UserIdPath = Annotated[AddressId, Path()]
ProductIdPath = Annotated[AddressId, Path()]


async def get_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> str | None:
    """Return the token that the request carries, unread; `None` without one."""
    return None if credentials is None else credentials.credentials


TokenDep = Annotated[str | None, Depends(get_token)]


def admit(scope: Scope, authenticator: Authenticator, token: str | None) -> Admission:
    """Find out what the token of a request lets it do.

    Args:
        scope: of the request; `api/routes/shop_ids.py` leaves `own_ids` in its state where the shop's ids are text.
        authenticator: decides who may act as whom.
        token: the request's; `None` without one.
    """
    return Admission(authenticator, token, scope["state"].get("own_ids", {}))


async def get_admission(request: Request, token: TokenDep, authenticator: AuthenticatorDep) -> Admission:
    """Find out what the token of the request lets it do."""
    return admit(request.scope, authenticator, token)


AdmissionDep = Annotated[Admission, Depends(get_admission)]


async def require_shopper(request: Request, admission: AdmissionDep, user_id: UserIdQuery = None) -> int | None:
    """Return the shopper whom a query names, if the request may speak of them; the answer is signed for them."""
    admission.require(user_id)
    request.state.user_id = user_id
    return user_id


async def require_owner(admission: AdmissionDep, user_id: UserIdPath) -> int:
    """Return the shopper whose page a path names, if the request may speak of them."""
    admission.require(user_id)
    return user_id


async def require_demo(is_demo: IsDemoDep) -> None:
    """Refuse what only a demonstration has.

    Raises:
        ApiError: 404 where shoppers are who they are.
    """
    if not is_demo:
        raise ApiError(404, "This shop lets nobody choose who they are.")


async def require_checkout(takes_orders: TakesOrdersDep) -> None:
    """Refuse an order where the shop takes its orders itself.

    Raises:
        ApiError: 404 where only a copy of the shop's catalogue is read.
    """
    if not takes_orders:
        raise ApiError(404, "This shop takes its orders itself: place them with the shop.")


async def require_metrics_token(token: TokenDep, expected: MetricsTokenDep) -> None:
    """Let Prometheus pass.

    Raises:
        ApiError: 404 where production has no token for metrics, 401 without that token.
    """
    if expected is None:
        return
    if not expected:
        raise ApiError(404, "This installation shows no metrics; API_METRICS_TOKEN sets the token that they ask for.")
    if token is None or not compare_digest(token.encode(), expected.encode()):
        raise ApiError(401, "The token of the metrics is needed: Authorization: Bearer API_METRICS_TOKEN.")


ShopperDep = Annotated[int | None, Depends(require_shopper)]
OwnerDep = Annotated[int, Depends(require_owner)]
