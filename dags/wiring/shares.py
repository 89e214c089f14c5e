"""Tasks that share the user buckets: each writes a part of them, on any worker, and the step after them publishes."""

from typing import Any

from airflow.sdk import task
from airflow.sdk.configuration import conf

from dags.wiring.command import run_module
from dags.wiring.defaults import SHARES_POOL, pass_as_of


def count_shares() -> int:
    """Return among how many tasks the buckets are shared: SCORING_TASKS, as Airflow's configuration passes it on."""
    return int(conf.getint("shares", "scoring_tasks", fallback=1))


def write_shares(module: str, timeout_seconds: float) -> Any:
    """Declare a mapped task that runs `python -m MODULE --buckets 2/4` and the like, one for each part.

    A part that fails is tried once more; what it has not written then is left to the step after it.

    Args:
        module: module with a command line that takes `--as-of`, `--buckets` and `--json`.
        timeout_seconds: wall-clock limit of one part.
    """

    @task(pool=SHARES_POOL, retries=1, map_index_template="{{ share }}")
    def write_share(share: str, **context: Any) -> dict[str, Any]:
        """Write the lists of the users of some buckets."""
        context["share"] = f"part {share}"
        arguments = (*pass_as_of(context), "--buckets", share, "--json")
        return run_module(module, *arguments, timeout_seconds=timeout_seconds)

    num_shares = count_shares()
    return write_share.expand(share=[f"{part}/{num_shares}" for part in range(1, num_shares + 1)])
