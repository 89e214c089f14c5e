"""Asset events as a task reads them: one that Airflow cannot carry to a task costs itself, not the task."""

import logging
from typing import Any

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowRuntimeError

logger = logging.getLogger(__name__)


def read_latest(context: Any, asset: Asset, most: int = 1) -> list[Any]:
    """Read an asset's newest events, newest first; fewer, down to none, while one of them fails them all.

    Anybody may create an event, and a number beyond 64 bits in its `extra` cannot be sent to a task.

    Args:
        context: of a task that has the asset among its inlets.
        asset: whose events.
        most: how many at most.
    """
    events = context["inlet_events"][asset].ascending(False)
    while most:
        try:
            return list(events.limit(most))
        except AirflowRuntimeError as err:
            logger.warning("events not read asset=%s most=%d reason=%s", asset.name, most, err)
        most //= 10
    return []
