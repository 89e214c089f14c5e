"""Names of Celery's workers on one machine: Airflow shows where a task ran by it, in place of the machine's name."""

from airflow.sdk.configuration import conf


def read_worker_name() -> str:
    """Return the name that the launcher gave this worker."""
    return str(conf.get("worker", "name"))
