"""Status report at the end of `make up` and in `make status`."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from sqlalchemy import func, select

from deploy.airflow_settings import USER
from deploy.freshness import describe_freshness, format_age
from deploy.interpreter import SetupError
from deploy.local.part import HealthProbe, Part, SocketProbe
from deploy.local.services import services
from deploy.local.start import find_trouble, is_healthy
from deploy.local.supervision.processes import find_listener
from deploy.local.supervision.supervise import Supervisor
from deploy.progress import lay_out_table
from settings import Settings
from shop.database import name_database, open_engine, session_scope
from shop.mapping.id_map import read_texts
from shop.tables import Recommendation

READY_SECONDS = 60.0
UNKNOWN: Mapping[str, Any] = {"statename": "UNKNOWN", "pid": 0, "start": 0}


def describe_installation(settings: Settings, airflow_password: str, admin_password: str) -> str:
    """Compose the closing table: addresses, logins, and a request that was just tried.

    Raises:
        SetupError: that request did not bring recommendations.
    """
    airflow_login = f"{USER} / {airflow_password}"
    rows = [
        ("Storefront", f"http://127.0.0.1:{settings.api_port}", "no login"),
        ("Its merchandising", f"http://127.0.0.1:{settings.api_port}/merchandising", f"{USER} / {admin_password}"),
        ("Storefront's API", f"http://127.0.0.1:{settings.api_port}/docs", "no login"),
        ("Model server", f"http://127.0.0.1:{settings.serving_port}", "no login"),
        ("MLflow", link_versions(settings), "no login on this machine"),
        ("Airflow", f"http://127.0.0.1:{settings.airflow_port}", airflow_login),
    ]
    url = f"http://127.0.0.1:{settings.api_port}/recommendations/home?user_id={_some_user(settings)}&limit=5"
    check_homepage(url)
    table = lay_out_table(("", "address", "login"), rows)
    return f"{table}\n\n  Logs: {settings.var_dir / 'logs'}    make status · make down\n\n  Try: curl '{url}'"


def link_versions(settings: Settings) -> str:
    """Return the address of the registered versions: MLflow opens as a GenAI product, without models, unless told."""
    return f"{settings.mlflow_ui}/#/models/{settings.model_name}?workflowType=machine_learning"


def await_model_server(settings: Settings) -> None:
    """Wait until BentoML serves a version: it looks at the alias every few seconds.

    Raises:
        SetupError: it serves none; the message holds what it says of itself.
    """
    url = f"http://127.0.0.1:{settings.serving_port}/readyz"
    deadline = time.monotonic() + READY_SECONDS
    while not is_healthy(HealthProbe(url)):
        if time.monotonic() > deadline:
            raise SetupError(f"BentoML serves no version after {READY_SECONDS:.0f} s: see {url} and its log.")
        time.sleep(1)


def check_homepage(url: str) -> None:
    """Ask the homepage once, as the printed line does.

    Raises:
        SetupError: it failed or answered without products.
    """
    try:
        answer = httpx.get(url, timeout=10)
        has_products = answer.status_code == httpx.codes.OK and bool(answer.json()["recommendations"])
    except (httpx.HTTPError, ValueError, KeyError) as err:
        raise SetupError(f"The homepage {url} does not answer as it should: {err!r}") from err
    if not has_products:
        raise SetupError(f"The homepage {url} answered {answer.status_code} without products: {answer.text[:200]}")


def describe_status(settings: Settings) -> str:
    """Compose `make status`: what runs, where, since when, how it is, and how fresh the data is."""
    supervisor = Supervisor(settings.var_dir)
    views = supervisor.states()
    if not views:
        head = "Nothing runs. `make up` starts everything."
    else:
        parts = services(settings)
        rows = [_row(part, find_state(part, parts, views), views) for part in parts]
        head = lay_out_table(("service", "state", "pid", "port", "since"), rows)
    data = [("shop", _describe_shop(settings)), *describe_freshness(settings)]
    return f"{head}\n\n{lay_out_table(('data', ''), data)}\n\n  Logs: {supervisor.logs}"


def _describe_shop(settings: Settings) -> str:
    """Say which shop it is, and where its database lies; without the password."""
    engine = open_engine(settings.shop_database_url)
    return f"{settings.shop}, in {name_database(engine)}"


def find_state(part: Part, parts: Sequence[Part], views: Mapping[str, Mapping[str, Any]]) -> str:
    """Say how a service is, in one or a few words.

    Args:
        part: the service.
        parts: all services: Airflow's API server answers for the components without a port, if it is ours that answers.
        views: Supervisor's of each.
    """
    assert part.health is not None
    trouble = find_trouble(part, views.get(part.name, UNKNOWN))
    if trouble or part.port or isinstance(part.health, SocketProbe):
        return trouble or "healthy"
    server = next(other for other in parts if other.port == urlsplit(part.health.url).port)
    is_ours = find_listener(server.port, views.get(server.name, UNKNOWN)["pid"]) is not None
    return "healthy" if is_ours else f"not known: {server.name} does not listen on port {server.port}"


def _row(part: Part, state: str, views: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    view = views.get(part.name, UNKNOWN)
    since = format_age(datetime.fromtimestamp(int(str(view["start"])), UTC)) if view["pid"] else ""
    return part.name, state, str(view["pid"] or ""), str(part.port or ""), since


def _some_user(settings: Settings) -> str:
    """Choose the first user that has a list, to ask for by the shop's own id, as it stands in an address."""
    engine = open_engine(settings.platform_database_url)
    with session_scope(engine) as session:
        number = int(session.scalar(select(func.min(Recommendation.user_id))) or 1)
        text = read_texts(session.connection(), "users", [number]).get(number, str(number))
    engine.dispose()
    return quote(text, safe="")
