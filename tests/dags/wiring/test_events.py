"""What a task sees of an asset's events where one of them holds a number that Airflow cannot send."""

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from dags.wiring.assets import CHAMPION
from dags.wiring.events import read_latest

TOO_LARGE = 2**64


class Events(list[int]):
    """Versions in events of an asset, the newest first, as Airflow hands them out: all that are asked for, or none."""

    def ascending(self, is_ascending: bool) -> "Events":
        assert not is_ascending
        return self

    def limit(self, count: int) -> "Events":
        if TOO_LARGE in self[:count]:
            detail = {"message": "can't serialize ints < -2**63 or > 2**64 - 1"}
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))
        return Events(self[:count])


@pytest.mark.parametrize(
    ("versions", "read"),
    [
        ([3, 2], [3, 2]),
        ([3, TOO_LARGE, 2], [3]),
        ([*range(20), TOO_LARGE], [*range(10)]),
        ([TOO_LARGE, 3], []),
        ([], []),
    ],
    ids=["all can be sent", "not the second", "not the last", "not the newest", "none"],
)
def test_an_event_that_cannot_be_sent_costs_itself_and_older_ones(versions: list[Any], read: list[Any]) -> None:
    assert read_latest({"inlet_events": {CHAMPION: Events(versions)}}, CHAMPION, 100) == read
