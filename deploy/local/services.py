"""Services of the embedded mode as a table: command, health check, dependencies."""

import sys

from deploy.airflow_settings import airflow_environment
from deploy.local.celery_parts import MYSQL, REDIS, list_servers, list_workers
from deploy.local.part import HealthProbe, Part
from deploy.shop_choice import ShopChoice
from settings import Settings

MIGRATION = "airflow-migrate"


def all_parts(settings: Settings, *, shop: ShopChoice) -> list[Part]:
    """List everything that `make up` runs, in the order of `needs`.

    Args:
        settings: where things run.
        shop: what fills an empty shop, or the mapping that reads the shop's own database.
    """
    return [*_jobs(settings, shop), *services(settings)]


def services(settings: Settings) -> list[Part]:
    """List the services that stay, those that others need first."""
    return [
        *(list_servers(settings) if settings.executor == "celery" else []),
        _mlflow(settings),
        *_airflow(settings),
        *(list_workers(settings) if settings.executor == "celery" else []),
        _model_server(settings),
        _api(settings),
        *_catalogue(settings),
    ]


def _jobs(settings: Settings, shop: ShopChoice) -> list[Part]:
    title = f"Shop database ({shop.loader[0]})" if shop.loader else "Platform database"
    return [
        Part("shop", title, _module("deploy.fill_shop", *shop.loader), limit_seconds=600, speaks=True),
        Part("pages", "Storefront pages", _module("deploy.local.pages", "build"), limit_seconds=900, speaks=True),
        Part(
            MIGRATION,
            "Airflow database",
            _module("airflow", "db", "migrate"),
            (MYSQL,) if settings.executor == "celery" else (),
            environment=airflow_environment(settings),
        ),
    ]


def _mlflow(settings: Settings) -> Part:
    url = f"{_url(settings.mlflow_port)}/api/2.0/mlflow/experiments/search?max_results=1"
    return Part(
        "mlflow",
        "MLflow (runs and versions)",
        _module("mlflow_server"),
        health=HealthProbe(url),
        port=settings.mlflow_port,
    )


def _airflow(settings: Settings) -> list[Part]:
    """Airflow's components, each its own process group: `standalone` leaves children behind when it is stopped."""
    url = f"{_url(settings.airflow_port)}/api/v2/monitor/health"
    environment = airflow_environment(settings)
    migrated = (MIGRATION, *((MYSQL, REDIS) if settings.executor == "celery" else ()))

    def component(name: str, title: str, *options: str, needs: tuple[str, ...], status: str, port: int = 0) -> Part:
        command = _module("airflow", name, *options)
        health = HealthProbe(url, (status, "status"), () if port else (status, f"latest_{status}_heartbeat"))
        return Part(f"airflow-{name}", title, command, needs, health, port, environment)

    return [
        component("api-server", "Airflow UI", needs=migrated, status="metadatabase", port=settings.airflow_port),
        component("dag-processor", "Airflow DAG processor", needs=migrated, status="dag_processor"),
        component("scheduler", "Airflow scheduler", "--skip-serve-logs", needs=migrated, status="scheduler"),
        component("triggerer", "Airflow triggerer", "--skip-serve-logs", needs=migrated, status="triggerer"),
    ]


def _model_server(settings: Settings) -> Part:
    command = (
        *_module("bentoml", "serve", "serving.service:Recommender"),
        *("--host", settings.host, "--port", str(settings.serving_port)),
    )
    health = HealthProbe(f"{_url(settings.serving_port)}/livez")
    environment = {"BENTOML_HOME": str(settings.var_dir / "bentoml"), "BENTOML_DO_NOT_TRACK": "true"}
    return Part("bentoml", "BentoML (model server)", command, ("mlflow",), health, settings.serving_port, environment)


def _api(settings: Settings) -> Part:
    health = HealthProbe(f"{_url(settings.api_port)}/health")
    environment = {"API_ADMIN_PASSWORD": settings.api_admin_password.get_secret_value()}
    needs = ("shop", "pages")
    return Part("api", "API (storefront)", _module("api.server"), needs, health, settings.api_port, environment)


def _catalogue(settings: Settings) -> list[Part]:
    """The copy of the catalogue, where pages do not read the shop itself."""
    if not settings.has_copied_catalogue:
        return []
    health = HealthProbe(f"{_url(settings.api_port)}/health", ("catalogue", "status"), ("catalogue", "copied_at"))
    command = _module("shop.catalogue", "--keep")
    return [Part("catalogue", "Copy of the catalogue", command, ("api",), health, limit_seconds=1800)]


def _module(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
