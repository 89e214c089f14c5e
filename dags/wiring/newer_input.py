"""Asset events that Airflow drops: a run that ends looks whether newer input lies there, and asks for another run.

While a run is active and `max_active_runs` is 1, Airflow gives the next run only the first of the events that arrive
(apache/airflow#56050): the others belong to no run until a further event takes them along. So the step is that event.
"""

from typing import Any

from airflow.sdk import Asset, AssetAlias

from dags.wiring.events import read_latest


def once_more(dag_id: str) -> Asset:
    """Name the asset that starts another run of a workflow."""
    return Asset(f"{dag_id}_once_more")


def if_newer(dag_id: str) -> AssetAlias:
    """Name the outlet that announces `once_more`, or nothing."""
    return AssetAlias(f"{dag_id}_if_newer")


def ask_if_newer(context: Any, *inputs: Asset) -> bool:
    """Announce `once_more` where an event is newer than those that started this run.

    Args:
        context: of a task that has `inputs` as inlets and `if_newer` among its outlets.
        *inputs: assets that the workflow waits for.

    Returns:
        Whether another run was asked for.
    """
    events = context["triggering_asset_events"] or {}
    started_by = [event.timestamp for of_asset in events.values() for event in of_asset]
    if not started_by:  # by hand: what arrives meanwhile starts a run of its own
        return False
    newest = [event for asset in inputs for event in read_latest(context, asset)]
    if not any(event.timestamp > max(started_by) for event in newest):
        return False
    dag_id = context["ti"].dag_id
    context["outlet_events"][if_newer(dag_id)].add(once_more(dag_id))
    return True
