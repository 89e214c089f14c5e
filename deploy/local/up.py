"""`make up`, from preflight to the table of addresses."""

from pathlib import Path

from pydantic import SecretStr

from deploy.airflow_client import AirflowClient
from deploy.airflow_settings import USER, ensure_password, task_logs
from deploy.first_run import PassError, follow_first_pass, prepare_airflow
from deploy.freshness import has_published
from deploy.local.admin_password import ensure_admin_password
from deploy.local.celery_servers import provide_programs
from deploy.local.claim import claim_mlflow
from deploy.local.preflight import check_machine
from deploy.local.report import await_model_server, describe_installation
from deploy.local.services import MIGRATION, all_parts
from deploy.local.start import start_parts
from deploy.local.supervision.supervise import Supervisor
from deploy.progress import Board
from deploy.shop_choice import ShopChoice
from deploy.stamp import Stamp
from settings import Settings
from settings.kept import keep_settings

ROOT = Path(__file__).resolve().parents[2]
COMMON_ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the defaults wait up to four minutes for a server that is down
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def bring_up(settings: Settings, shop: ShopChoice, board: Board) -> str:
    """Start what is not running, and run the first full pass if there was none.

    Args:
        settings: where things run.
        shop: what fills an empty shop, or the mapping that reads the shop's own database.
        board: where progress is shown.

    Returns:
        The closing table: addresses, logins, a request to try.

    Raises:
        SetupError: a check or a part failed, and whatever this call started is stopped again; or a workflow of the
            first pass failed, and the services run on so that it can be looked at.
    """
    supervisor = Supervisor(settings.var_dir)
    if not supervisor.is_running():
        supervisor.end_orphans()
    running = {name for name, view in supervisor.states().items() if view["statename"] == "RUNNING"}
    migrated = Stamp(settings.var_dir / "airflow" / f"migrated-{settings.executor}.sha256")
    admin_password = ensure_admin_password(settings)
    with_login = settings.model_copy(update={"api_admin_password": SecretStr(admin_password)})
    parts = all_parts(with_login, shop=shop)
    check_machine(settings, held_ports={part.port for part in parts if part.name in running})
    if settings.executor == "celery":
        provide_programs(board)
    password = ensure_password(settings)
    keep_settings(settings)
    try:
        supervisor.boot(parts, ROOT, COMMON_ENVIRONMENT)
        start_parts([part for part in parts if not (part.name == MIGRATION and migrated.is_set())], supervisor, board)
        migrated.set()
        claim_mlflow(settings)
    except BaseException:
        if not running:
            with board.step("Stop what was started"):
                supervisor.shut_down()
        raise
    _ensure_first_pass(settings, password, board)
    with board.step("Model server loads the champion"):
        await_model_server(settings)
    return describe_installation(settings, password, admin_password)


def _ensure_first_pass(settings: Settings, password: str, board: Board) -> None:
    """Let Airflow run the chain once, unless lists were published before."""
    url = f"http://127.0.0.1:{settings.airflow_port}"
    airflow = AirflowClient(url, USER, password)
    prepare_airflow(airflow, ROOT / "dags" / "pools.json")
    if has_published(settings):
        return
    try:
        follow_first_pass(airflow, board, task_logs(settings))
    except PassError as err:
        hint = f"The services run on: see {url} ({USER} / {password}). `make up` tries again, `make down` stops them."
        raise PassError(f"{err}\n\n{hint}") from err
