"""The admin's routes: who may, what is refused, what is noted, and that pages obey at once."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine, update

from api.application import create_app
from settings import Settings
from shop.storefront.document import write_document
from shop.tables import Product
from tests.api.conftest import PATIENT

PASSWORD = "p:assword-of-24-characters"
RULES, CHANGES, HOME = "/admin/rules", "/admin/rules/changes", "/recommendations/home"
NOW = datetime.now(UTC)
MILK = {"kind": "product", "product_id": 1}
FIZZ = {"kind": "brand", "brand": "Fizz"}


def login(name: str = "민지", password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"}


@contextmanager
def run_api(tmp_path: Path, url: str, password: str = PASSWORD, compared_alias: str = "") -> Iterator[TestClient]:
    settings = Settings(
        var_dir=tmp_path,
        shop_database_url=url,
        platform_database_url=url,
        api_admin_password=SecretStr(password),
        compared_alias=compared_alias,
    )
    with TestClient(create_app(settings, PATIENT), headers=login()) as client:
        yield client


@pytest.fixture
def api(published_shop: Engine, tmp_path: Path, sqlite_url: str) -> Iterator[TestClient]:
    with run_api(tmp_path, sqlite_url) as client:
        yield client


def hide(target: dict[str, Any] = MILK, **fields: Any) -> dict[str, Any]:
    return {"action": "hide", "target": target} | fields


def pin(value: int, target: dict[str, Any] = MILK, **fields: Any) -> dict[str, Any]:
    return {"action": "pin", "target": target, "value": value} | fields


def on(day: int) -> str:
    return (NOW + timedelta(days=day)).isoformat()


def list_shown(api: TestClient) -> list[Any]:
    return [each["product_id"] for each in api.get(HOME, params={"user_id": 1}).json()["recommendations"]]


def test_without_a_password_there_is_no_admin(published_shop: Engine, tmp_path: Path, sqlite_url: str) -> None:
    with run_api(tmp_path, sqlite_url, "") as client:
        assert client.get(RULES, headers=login(password="")).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        login(password="p"),
        login(name=""),
        login(name=" "),
        login(name="x" * 65),
        {"Authorization": f"Bearer {PASSWORD}"},
        {"Authorization": "Basic ???"},
    ],
    ids=["nothing", "another password", "no name", "a blank", "a long name", "another scheme", "no base64"],
)
def test_others_are_refused(api: TestClient, headers: dict[str, str]) -> None:
    answer = api.get(RULES, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert not answer.headers["www-authenticate"].startswith("Basic")


def test_who_is_wrong_too_often_waits_even_with_the_right_password(api: TestClient) -> None:
    statuses = [api.get(RULES, headers=login(password="wrong")).status_code for _ in range(6)]

    refused = api.get(RULES)

    assert statuses == [401] * 5 + [429]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")


def test_a_rule_holds_at_once_until_it_is_changed_and_deleted(api: TestClient) -> None:
    assert list_shown(api)[:2] == [3, 1]

    made = api.post(RULES, json=hide(note="recalled"))
    assert (made.status_code, made.json()["state"], made.json()["target_name"]) == (201, "active", "Whole Milk 1 l")
    assert 1 not in list_shown(api)

    rule_id = made.json()["rule_id"]
    changed = api.put(f"{RULES}/{rule_id}", json=pin(1), headers=login("서준"))
    assert changed.status_code == 200
    assert list_shown(api)[0] == 1

    assert api.delete(f"{RULES}/{rule_id}").status_code == 204
    assert list_shown(api)[:2] == [3, 1]
    assert api.get(RULES).json() == {"rules": []}
    assert [api.delete(f"{RULES}/{rule_id}").status_code, api.put(f"{RULES}/9", json=hide()).status_code] == [404, 404]


def test_each_change_is_noted_with_who_made_it(api: TestClient) -> None:
    rule_id = api.post(RULES, json=hide(note="recalled")).json()["rule_id"]
    api.put(f"{RULES}/{rule_id}", json=hide(note="sold"), headers=login("서준"))
    api.put(f"{RULES}/{rule_id}", json=hide(note="sold"), headers=login("Ana"))
    api.delete(f"{RULES}/{rule_id}")

    changes = api.get(CHANGES).json()["changes"]

    notes = [[each[side] and each[side]["note"] for side in ("before", "after")] for each in changes]
    assert [each["changed_by"] for each in changes] == ["민지", "서준", "민지"]
    assert notes == [["sold", None], ["recalled", "sold"], [None, "recalled"]]
    assert changes[0]["before"]["target"] == MILK
    assert {each["rule_id"] for each in changes} == {rule_id}


@pytest.mark.parametrize(
    ("there", "draft", "code"),
    [
        (hide(), pin(1), "hidden"),
        (hide({"kind": "brand", "brand": "Alpine"}), pin(1), "hidden"),
        (hide({"kind": "category", "category_id": 1}), pin(1), "hidden"),
        (hide({"kind": "product_type", "product_type": "Milk"}), pin(1), "hidden"),
        (hide({"kind": "family", "product_id": 3}), pin(1), "hidden"),
        (hide(FIZZ), pin(4, FIZZ), "hidden"),
        (pin(1, FIZZ), pin(1), "slot_taken"),
        (pin(2), pin(1), "repeated"),
        (hide(), hide(), "repeated"),
        (hide(starts_at=on(1), ends_at=on(3)), hide(starts_at=on(2)), "repeated"),
    ],
)
def test_what_contradicts_another_rule_is_refused(
    api: TestClient, published_shop: Engine, there: dict[str, Any], draft: dict[str, Any], code: str
) -> None:
    with published_shop.begin() as connection:
        connection.execute(update(Product).where(Product.product_id.in_([1, 3])).values(family_id=1))
    other = api.post(RULES, json=there).json()["rule_id"]

    answer = api.post(RULES, json=draft)

    assert answer.status_code == 409
    assert answer.json()["error"]["details"] == [{"field": code, "problem": f"rule {other}"}]
    assert len(api.get(RULES).json()["rules"]) == 1


@pytest.mark.parametrize(
    ("there", "draft"),
    [
        (pin(1, FIZZ), pin(2, FIZZ)),
        (pin(1), hide()),
        (hide(ends_at=on(2)), hide(starts_at=on(2))),
        (hide(is_active=False), hide()),
        (pin(1, starts_at=on(1), ends_at=on(2)), pin(1, starts_at=on(2))),
        (hide(FIZZ), pin(1)),
    ],
)
def test_what_agrees_stands_beside_it(api: TestClient, there: dict[str, Any], draft: dict[str, Any]) -> None:
    assert [api.post(RULES, json=each).status_code for each in (there, draft)] == [201, 201]


@pytest.mark.parametrize(
    "draft",
    [
        pin(0),
        pin(21),
        {"action": "pin", "target": MILK},
        hide(value=1),
        {"action": "boost", "target": MILK, "value": 1},
        {"action": "cap", "target": MILK, "value": 1},
        {"action": "cap", "target": FIZZ, "value": 20},
        hide(starts_at=on(2), ends_at=on(1)),
        hide(starts_at="2026-11-29T12:00:00"),
        hide(starts_at="9999-12-31T23:59:59Z"),
        hide({"kind": "brand", "brand": ""}),
        hide({"kind": "product", "product_id": 77}),
        hide({"kind": "family", "product_id": 77}),
        hide({"kind": "brand", "brand": "fizz"}),
        hide({"kind": "category", "category_id": 77}),
    ],
)
def test_what_makes_no_sense_is_refused(api: TestClient, draft: dict[str, Any]) -> None:
    answer = api.post(RULES, json=draft)

    assert answer.status_code == 422
    assert answer.json()["error"]["details"]
    assert api.get(CHANGES).json() == {"changes": []}


def test_a_product_of_a_restricted_department_is_not_pinned(
    published_shop: Engine, tmp_path: Path, sqlite_url: str
) -> None:
    with published_shop.begin() as connection:
        write_document(connection, "[departments.Dairy]\nrestricted = true")
    with run_api(tmp_path, sqlite_url) as api:
        api.get(HOME)
        while api.get("/storefront").json()["departments"][0]["is_restricted"] is not True:
            pass
        answer = api.post(RULES, json=pin(1))

    assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (409, "restricted")


def test_the_state_of_a_rule_is_told(api: TestClient) -> None:
    fields_of: list[dict[str, Any]] = [{"starts_at": on(1)}, {"ends_at": on(-1)}, {"is_active": False}]
    for fields in [*fields_of, {"starts_at": on(-1), "ends_at": on(1)}]:
        assert api.post(RULES, json=hide(**fields)).status_code == 201

    states = [each["state"] for each in api.get(RULES).json()["rules"]]

    assert states == ["active", "off", "over", "planned"]


def test_ids_of_text_are_the_shops_own(text_shop: Engine, tmp_path: Path, sqlite_url: str) -> None:
    with run_api(tmp_path, sqlite_url) as api:
        target = {"kind": "product", "product_id": "0012"}
        made = api.post(RULES, json=hide(target))
        of_category = api.post(RULES, json=hide({"kind": "category", "category_id": "Brot & Back"}))

        assert (made.status_code, made.json()["target"]) == (201, target)
        assert of_category.json()["target"] == {"kind": "category", "category_id": "Brot & Back"}
        assert [each["target"] for each in api.get(RULES).json()["rules"]][1] == target
        assert api.get(CHANGES).json()["changes"][1]["after"]["target"] == target
        assert list_shown(api) == ["한글", "A"]


def test_the_password_is_in_no_log(api: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        api.get(RULES)
        api.get(RULES, headers=login(password="wr0ng-one"))

    assert PASSWORD not in caplog.text
    assert "wr0ng-one" not in caplog.text
