"""Which fields hold ids: held against the API's description, so that none is forgotten."""

import json
from typing import Any

import pytest

from api.openapi import COMMITTED
from api.web.id_fields import FIRST_STAND_IN, KIND_OF_FIELD, TextId, find_ids

KINDS = frozenset(KIND_OF_FIELD.values())
NUMBERS_OF_OURS = {"rule_id", "change_id", "choice_id"}
NO_ID_OF_THE_SHOP = {"request_id", "batch_id", *NUMBERS_OF_OURS}


def list_types(schema: dict[str, Any]) -> set[str]:
    """List the types that a value may have; of a list, those of its entries."""
    if "items" in schema:
        return list_types(schema["items"])
    choices = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return {schema["type"]} if "type" in schema else set().union(*map(list_types, choices))


def list_id_fields() -> dict[str, set[str]]:
    """List the fields and parameters of all routes whose names say that they are ids, with their types."""
    description = json.loads(COMMITTED.read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    operations = [each for path in description["paths"].values() for each in path.values()]
    named = [(each["name"], each["schema"]) for one in operations for each in one.get("parameters", [])]
    for schema in description["components"]["schemas"].values():
        named += schema.get("properties", {}).items()
    for name, schema in named:
        if name.endswith(("_id", "_ids")) or name in KIND_OF_FIELD:
            found.setdefault(name, set()).update(list_types(schema) - {"null"})
    return found


def test_every_id_of_the_description_is_translated_or_known_to_be_none_of_the_shops() -> None:
    found = list_id_fields()

    assert found.keys() == KIND_OF_FIELD.keys() | NO_ID_OF_THE_SHOP
    assert {name for name, types in found.items() if "integer" in types} == KIND_OF_FIELD.keys() | NUMBERS_OF_OURS


def test_every_id_is_described_as_a_whole_number_or_text() -> None:
    types = list_id_fields()

    assert {name: types[name] for name in KIND_OF_FIELD} == {name: {"integer", "string"} for name in KIND_OF_FIELD}


@pytest.mark.parametrize(
    ("document", "values"),
    [
        ({"product_id": 1, "title": "2"}, [1]),
        ([{"items": [{"product_id": 1}, {"product_id": "a"}]}, {"user_id": 2}], [1, 2, "a"]),
        ({"coupon_ids": [1, "b", True, 1.5, None, [2]]}, [1, "b"]),
        ({"product_id": True, "user_id": None, "order_id": 1.5, "category_id": {"product_id": 1}}, []),
        ({"request_id": "1", "batch_id": "2"}, []),
        ({"details": [{"field": "product 17", "problem": "product 18"}, {"field": "coupon 3"}]}, [17, 3]),
        ({"details": [{"field": "body.items.0.product_id", "problem": "..."}]}, []),
        (7, []),
        (None, []),
    ],
)
def test_ids_are_found_wherever_they_are(document: Any, values: list[Any]) -> None:
    assert sorted((place.value for place in find_ids(document, KINDS)), key=str) == sorted(values, key=str)


def test_only_ids_of_the_kinds_asked_for_are_found() -> None:
    document = {"product_id": 1, "user_id": 2, "field": "product 1"}

    assert [place.value for place in find_ids(document, frozenset({"users"}))] == [2]


def test_an_id_gives_way_to_another_spelling_in_its_place() -> None:
    document = {"product_id": 1, "coupon_ids": [5], "details": [{"field": "product 1"}]}

    for place in list(find_ids(document, KINDS)):
        place.put(f"<{place.value}>")

    assert document == {"product_id": "<1>", "coupon_ids": ["<5>"], "details": [{"field": "product <1>"}]}


def test_a_stand_in_is_always_the_same_and_nobodys() -> None:
    texts = ["a", "A", "", "1", "\ud800", "x" * 5000]
    numbers = [TextId("users", text).stand_in() for text in texts]

    assert numbers == [TextId("users", text).stand_in() for text in texts]
    assert len({*numbers, TextId("products", "a").stand_in()}) == len(texts) + 1
    assert all(FIRST_STAND_IN <= number < 2**63 for number in numbers)
