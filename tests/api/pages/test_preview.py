"""The preview of homepages: as they are, compared, with a rule that is tried out, and what rules hold back."""

from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, update

from shop.tables import HOME as HOME_POINTER
from shop.tables import BatchPointer, name_pointer
from tests.api.conftest import BATCH, publish_by_hand
from tests.api.routes.test_admin import FIZZ, RULES, api, hide, list_shown, pin, run_api

__all__ = ["api"]


def test_a_rule_is_tried_out_on_a_page_without_being_saved(api: TestClient) -> None:
    tried = api.post("/admin/preview", json={"user_id": 1, "rule": pin(1, FIZZ)})

    pages = tried.json()
    assert tried.status_code == 200
    assert [each["product_id"] for each in pages["now"]["recommendations"]] == list_shown(api)
    first = pages["tried"]["recommendations"][0]
    assert (first["product_id"], first["rules"]) == (5, [{"rule_id": 0, "action": "pin"}])
    assert pages["tried"]["rungs"].startswith("pinned,published")
    assert pages["compared"] is None
    assert api.get(RULES).json() == {"rules": []}
    assert api.post("/admin/preview", json={}).json()["now"]["user_nickname"] == ""


def test_a_rule_is_tried_out_in_the_place_of_another(api: TestClient) -> None:
    rule_id = api.post(RULES, json=hide()).json()["rule_id"]

    body = {"user_id": 1, "rule": hide({"kind": "product", "product_id": 3}), "rule_id": rule_id}
    pages = api.post("/admin/preview", json=body).json()

    shown = {name: [each["product_id"] for each in pages[name]["recommendations"]] for name in ("now", "tried")}
    assert [(1 in ids, 3 in ids) for ids in shown.values()] == [(False, True), (True, False)]
    assert list_shown(api) == shown["now"]


def test_a_preview_names_what_rules_hold_back_and_where_it_would_stand(api: TestClient) -> None:
    rule_id = api.post(RULES, json=hide()).json()["rule_id"]
    cap = {"action": "cap", "target": {"kind": "category", "category_id": 2}, "value": 0}

    pages = api.post("/admin/preview", json={"user_id": 1, "limit": 2, "rule": cap}).json()

    held_back = {
        name: [(each["product_id"], each["slot"], each["rules"]) for each in pages[name]["held_back"]]
        for name in ("now", "tried")
    }
    hidden = (1, 2, [{"rule_id": rule_id, "action": "hide"}])
    assert held_back["now"] == [hidden]
    assert held_back["tried"] == [(3, 1, [{"rule_id": 0, "action": "cap"}]), hidden]
    assert pages["tried"]["held_back"][0]["title"] == "White Bread"


def test_a_page_is_shown_as_a_compared_alias_makes_it(published_shop: Engine, tmp_path: Path, sqlite_url: str) -> None:
    with run_api(tmp_path, sqlite_url, compared_alias="challenger") as api:
        assert api.post("/admin/preview", json={"user_id": 1}).json()["compared"] is None
        publish_by_hand(published_shop, {1: [6, 5]}, "20260125T130000Z-v8", epoch=2)
        with published_shop.begin() as connection:
            moved = update(BatchPointer).where(BatchPointer.name == HOME_POINTER)
            connection.execute(moved.values(batch_id=BATCH, epoch=1))
            pointer = {"name": name_pointer("challenger"), "batch_id": "20260125T130000Z-v8", "epoch": 2}
            connection.execute(insert(BatchPointer).values(pointer))

        pages = api.post("/admin/preview", json={"user_id": 1}).json()

    versions = [pages[name]["model_version"] for name in ("now", "compared")]
    assert versions == ["7", "8"]
    assert [pages[name]["recommendations"][0]["product_id"] for name in ("now", "compared")] == [3, 6]
