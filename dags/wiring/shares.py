"""Tasks that share the user buckets: each writes a part of them, on any worker, and the step after them finishes."""

from collections.abc import Callable
from typing import Any

from airflow.sdk import task
from airflow.sdk.configuration import conf

from dags.wiring.command import run_module
from dags.wiring.defaults import HEAVY_POOL, SHARES_POOL, tell_as_of


def count_shares(option: str) -> int:
    """Return among how many tasks the buckets are shared: a setting, as Airflow's configuration passes it on.

    Args:
        option: the setting's name in small letters, such as `scoring_tasks`.
    """
    return int(conf.getint("shares", option, fallback=1))


def plan_shares(module: str, timeout_seconds: float) -> Any:
    """Declare a task that runs `python -m MODULE --plan`: what the parts have in common, done once before them.

    Args:
        module: module with a command line that takes `--as-of`, `--plan` and `--json`.
        timeout_seconds: wall-clock limit.
    """

    @task(pool=HEAVY_POOL)
    def plan(**context: Any) -> dict[str, Any]:
        """Compute what needs all users, for tasks that share them."""
        return run_module(module, *tell_as_of(context), "--plan", "--json", timeout_seconds=timeout_seconds)

    return plan()


def write_shares(
    module: str, num_shares: int, name_instant: Callable[[Any], tuple[str, ...]], timeout_seconds: float
) -> Any:
    """Declare a mapped task that runs `python -m MODULE --buckets 2/4` and the like, one for each part.

    A part that fails is tried once more; what it has not written then is left to the step after it.

    Args:
        module: module with a command line that takes `--as-of`, `--buckets` and `--json`.
        num_shares: among how many tasks.
        name_instant: from a task's context, the arguments that tell the step its instant.
        timeout_seconds: wall-clock limit of one part.
    """

    @task(pool=SHARES_POOL, retries=1, map_index_template="{{ share }}")
    def write_share(share: str, **context: Any) -> dict[str, Any]:
        """Write what is of the users of some buckets."""
        context["share"] = f"part {share}"
        arguments = (*name_instant(context), "--buckets", share, "--json")
        return run_module(module, *arguments, timeout_seconds=timeout_seconds)

    return write_share.expand(share=[f"{part}/{num_shares}" for part in range(1, num_shares + 1)])
