from time import monotonic

import pytest
from fastapi.testclient import TestClient

HOME = "/recommendations/home"
AGE = "x-batch-age-seconds"
NOT_COMPARED = ("x-request-id", AGE, "vary")
DEVELOPMENT_SERVER = "http://localhost:5173"


@pytest.mark.parametrize(
    ("plain", "by_the_route"),
    [
        ("user_id=1&limit=3", "limit=3&user_id=1"),
        ("user_id=2", "user_id=+2"),
        ("user_id=9999", "user_id=09999&limit=20"),
    ],
    ids=["both", "user alone", "unknown user"],
)
def test_both_ways_give_the_same_answer(api: TestClient, plain: str, by_the_route: str) -> None:
    began = monotonic()
    quick, usual = api.get(f"{HOME}?{plain}"), api.get(f"{HOME}?{by_the_route}")
    waited = monotonic() - began

    assert 0 <= int(usual.headers[AGE]) - int(quick.headers[AGE]) <= waited + 1
    assert (quick.status_code, quick.content) == (usual.status_code, usual.content)
    assert {name: value for name, value in quick.headers.items() if name not in NOT_COMPARED} == {
        name: value for name, value in usual.headers.items() if name not in NOT_COMPARED
    }


@pytest.mark.parametrize("query", ["user_id=1&limit=101", "user_id=1&limit=00", "user_id=x", "user_id=1&limit=-1"])
def test_what_is_malformed_is_refused_by_the_route(api: TestClient, query: str) -> None:
    assert api.get(f"{HOME}?{query}").status_code == 422


def test_other_methods_go_the_routes_way(api: TestClient) -> None:
    assert api.delete(f"{HOME}?user_id=1").status_code == 405


def test_another_origin_is_told_whether_it_may_read(api: TestClient) -> None:
    theirs = api.get(f"{HOME}?user_id=1", headers={"Origin": DEVELOPMENT_SERVER})
    own = api.get(f"{HOME}?user_id=1")

    assert theirs.headers["access-control-allow-origin"] == DEVELOPMENT_SERVER
    assert theirs.content == own.content
    assert "access-control-allow-origin" not in own.headers
