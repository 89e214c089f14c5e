"""Routes of health and metrics, for people, load balancers and Prometheus."""

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.routes.dependencies import HealthCheckDep, MetricsDep, require_metrics_token
from api.schemas import Health
from api.web.auth import GUESTS_TOO
from api.web.errors import refusals

router = APIRouter(tags=["operations"])


@router.get("/health")
async def get_health(health: HealthCheckDep) -> Health:
    """Say whether the API is degraded, and why. It answers 200 either way, since it serves either way."""
    return await health.check()


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=[Depends(require_metrics_token)],
    openapi_extra=GUESTS_TOO,
    responses=refusals(401, 404),
)
async def get_metrics(metrics: MetricsDep) -> Response:
    """Return this process's metrics for Prometheus."""
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
