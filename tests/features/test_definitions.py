import dataclasses
from typing import Any

import pytest

from features import definitions
from features.definitions import (
    CROSSES,
    EVIDENCE,
    FEATURES,
    SAME_NUMBERS,
    Cross,
    Entity,
    Feature,
    find_feature,
    hash_definitions,
    list_crosses,
    list_features,
    list_names,
)
from features.rebuild import build_snapshot
from features.snapshot.purchases import Purchases
from features.snapshot.tables import Snapshot

ENTITIES: tuple[Entity, ...] = ("user", "user_category", "product", "pair")
IDS = {"category_id", "product_id"}


@pytest.fixture(scope="module")
def snapshot(tiny_purchases: Purchases) -> Snapshot:
    return build_snapshot(tiny_purchases)


@pytest.mark.parametrize("rows", [FEATURES, CROSSES], ids=["features", "crosses"])
def test_names_are_unique(rows: tuple[Feature, ...] | tuple[Cross, ...]) -> None:
    names = [row.name for row in rows]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("cross", CROSSES, ids=lambda cross: cross.name)
def test_a_cross_names_columns_that_its_entity_has(cross: Cross) -> None:
    known = {
        "user_category": {"category_id", *list_names("user_category")},
        "pair": {*IDS, *list_names("pair"), *list_names("product")},
    }

    assert set(cross.columns) <= known[cross.entity]
    assert len(set(cross.columns)) == len(cross.columns)


@pytest.mark.parametrize("cross", CROSSES, ids=lambda cross: cross.name)
def test_a_cross_has_buckets_where_it_has_features(cross: Cross) -> None:
    assert (cross.num_buckets >= 2) == bool(set(cross.columns) - IDS)


def test_entities_part_the_features_and_the_crosses() -> None:
    names = [name for entity in ENTITIES for name in list_names(entity)]

    assert sorted(names) == sorted(feature.name for feature in FEATURES)
    assert len(list_crosses("user_category")) + len(list_crosses("pair")) == len(CROSSES)


@pytest.mark.parametrize(
    ("table", "entity", "keys"),
    [
        ("users", "user", {"bucket", "user_id", "priced_lines"}),
        ("user_categories", "user_category", {"bucket", "user_id", "category_id"}),
        (
            "products",
            "product",
            {"product_id", "category_id", "type_code", "brand_code", "popularity", "first_sold_at", "is_sellable"},
        ),
    ],
)
def test_a_frame_has_exactly_the_declared_columns(
    snapshot: Snapshot, table: str, entity: Entity, keys: set[str]
) -> None:
    columns = getattr(snapshot, table).columns

    assert [name for name in columns if name not in keys] == list_names(entity)
    assert keys <= set(columns)


@pytest.mark.parametrize(
    ("rows", "field", "value"),
    [
        ("FEATURES", "transform", "identity"),
        ("FEATURES", "missing", "mean"),
        ("FEATURES", "window", "1 d"),
        ("FEATURES", "aggregate", "own"),
        ("FEATURES", "name", "user_age"),
        ("CROSSES", "num_buckets", 99),
        ("CROSSES", "columns", ("product_id",)),
    ],
)
def test_the_hash_moves_when_a_row_changes(
    monkeypatch: pytest.MonkeyPatch, rows: str, field: str, value: object
) -> None:
    before = hash_definitions()
    first, *rest = getattr(definitions, rows)
    changed = dataclasses.replace(first, **{field: value})
    assert changed != first

    monkeypatch.setattr(definitions, rows, (changed, *rest))

    assert hash_definitions() != before


def test_the_hash_moves_when_rows_change_places(monkeypatch: pytest.MonkeyPatch) -> None:
    before = hash_definitions()

    monkeypatch.setattr(definitions, "FEATURES", FEATURES[::-1])

    assert hash_definitions() != before


@pytest.mark.parametrize(("field", "value"), [("meaning", "in other words"), ("evidence", ("bought_together",))])
def test_the_hash_stays_when_the_words_change(monkeypatch: pytest.MonkeyPatch, field: str, value: Any) -> None:
    before = hash_definitions()
    first, *rest = FEATURES

    monkeypatch.setattr(definitions, "FEATURES", (dataclasses.replace(first, **{field: value}), *rest))

    assert hash_definitions() == before


def test_numbers_that_did_not_change_keep_the_hash_that_installations_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = hash_definitions()

    monkeypatch.setattr(definitions, "SAME_NUMBERS", {})

    assert SAME_NUMBERS.get(hash_definitions(), hash_definitions()) == stored


def test_evidence_is_of_pairs_and_of_a_declared_kind() -> None:
    kinds = [kind.name for kind in EVIDENCE]

    assert all(set(feature.evidence) <= set(kinds) for feature in FEATURES)
    assert {feature.entity for feature in FEATURES if feature.evidence} == {"pair"}
    assert [kind.name in find_feature(kind.shown_by).evidence for kind in EVIDENCE] == [True] * len(kinds)


def test_purchases_of_a_type_or_brand_are_decayed_as_those_of_the_product_are() -> None:
    by_kind = [row for row in list_features("pair") if row.window.startswith("half") and "_type_" in row.name]

    assert {row.window for row in by_kind} == {find_feature("pair_decayed_112d").window}
    assert find_feature("pair_brand_decayed").window == find_feature("pair_decayed_112d").window
