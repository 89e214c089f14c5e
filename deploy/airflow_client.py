"""Client of the few calls of Airflow's REST API that the launcher needs."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx

from deploy.interpreter import SetupError

TIMEOUT_SECONDS = 20
POLL_SECONDS = 1.0
TRIES = 5
RETRY_SECONDS = 2.0


class AirflowClient:
    """A signed-in client of one Airflow.

    Args:
        base_url: address of the UI.
        user: login.
        password: its password, which each installation draws for itself.

    Raises:
        SetupError: the login is refused: another installation's Airflow answers; or no Airflow does.
        httpx.HTTPError: Airflow does not answer.
    """

    def __init__(self, base_url: str, user: str, password: str):
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT_SECONDS)
        answer = self._send("POST", "/auth/token", json={"username": user, "password": password})
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise SetupError(
                f"the Airflow at {base_url} refuses the login that this installation drew: it is another "
                "installation's, or its password was changed. Name the VAR_DIR that you mean, or another AIRFLOW_PORT."
            )
        self._http.headers["Authorization"] = f"Bearer {_read_token(answer)}"

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Create a pool unless it exists. A task whose pool is missing waits for ever, so this comes before any run."""
        body = {"name": name, "slots": slots, "description": description}
        answer = self._send("POST", "/api/v2/pools", json=body)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()

    def import_errors(self) -> list[str]:
        """List the workflow files that do not import, with the last line of why."""
        errors = self._get("/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def await_dags(self, names: tuple[str, ...], limit_seconds: float) -> None:
        """Wait until the workflows are known and ready to run.

        Raises:
            TimeoutError: some are missing; the message names them and any import error.
        """
        deadline = time.monotonic() + limit_seconds
        while missing := set(names) - {dag["dag_id"] for dag in self._get("/api/v2/dags", limit=100)["dags"]}:
            if time.monotonic() > deadline:
                errors = "; ".join(self.import_errors()) or "no import error"
                raise TimeoutError(f"Airflow has not read the workflows {sorted(missing)} ({errors}).")
            time.sleep(POLL_SECONDS)

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run by hand and return its id, which is chosen here: asking twice starts one run."""
        run_id = f"by_hand__{datetime.now(UTC).isoformat()}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        answer = self._send("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()
        return run_id

    def runs(self, dag_id: str, *, since: str | None = None, state: str | None = None) -> list[dict[str, Any]]:
        """List the runs of a workflow, the newest first.

        Args:
            dag_id: the workflow.
            since: earliest `run_after`, ISO 8601.
            state: only runs in this state.
        """
        query = {"order_by": "-run_after", "limit": 20, "run_after_gte": since, "state": state}
        answer = self._get(f"/api/v2/dags/{dag_id}/dagRuns", **{k: v for k, v in query.items() if v is not None})
        return list(answer["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """List the task instances of a run."""
        return list(self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"])

    def _get(self, path: str, **query: Any) -> Any:
        return self._send("GET", path, params=query).raise_for_status().json()

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send a request, again if Airflow answers 5xx or too late: on SQLite a busy moment is enough for that.

        Raises:
            httpx.HTTPError: Airflow does not answer.
        """
        for _ in range(TRIES - 1):
            with suppress(httpx.TimeoutException):
                answer = self._http.request(method, path, **arguments)
                if not answer.is_server_error:
                    return answer
            time.sleep(RETRY_SECONDS)
        return self._http.request(method, path, **arguments)


def _read_token(answer: httpx.Response) -> str:
    """Return the token that a login brought.

    Raises:
        SetupError: something else than Airflow answers.
        httpx.HTTPError: Airflow fails.
    """
    if answer.is_server_error:
        answer.raise_for_status()
    try:
        return str(answer.json()["access_token"])
    except (ValueError, KeyError, TypeError) as err:
        raise SetupError(
            f"what answers at {answer.url} ({answer.status_code}) is no Airflow: free its port, or set AIRFLOW_PORT."
        ) from err
