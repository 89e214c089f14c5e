import dataclasses

import pytest

from features import definitions
from features.definitions import CROSSES, FEATURES, hash_definitions, list_crosses, list_names
from features.rebuild import build_snapshot
from features.snapshot.purchases import Purchases
from features.snapshot.tables import Snapshot

ENTITIES = ("user", "user_category", "product", "pair")
IDS = {"category_id", "product_id"}


@pytest.fixture(scope="module")
def snapshot(tiny_purchases: Purchases) -> Snapshot:
    return build_snapshot(tiny_purchases)


@pytest.mark.parametrize("rows", [FEATURES, CROSSES], ids=["features", "crosses"])
def test_names_are_unique(rows):
    names = [row.name for row in rows]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("cross", CROSSES, ids=lambda cross: cross.name)
def test_a_cross_names_columns_that_its_entity_has(cross):
    known = {
        "user_category": {"category_id", *list_names("user_category")},
        "pair": {*IDS, *list_names("pair"), *list_names("product")},
    }

    assert set(cross.columns) <= known[cross.entity]
    assert len(set(cross.columns)) == len(cross.columns)


@pytest.mark.parametrize("cross", CROSSES, ids=lambda cross: cross.name)
def test_a_cross_has_buckets_where_it_has_features(cross):
    assert (cross.num_buckets >= 2) == bool(set(cross.columns) - IDS)


def test_entities_part_the_features_and_the_crosses():
    names = [name for entity in ENTITIES for name in list_names(entity)]

    assert sorted(names) == sorted(feature.name for feature in FEATURES)
    assert len(list_crosses("user_category")) + len(list_crosses("pair")) == len(CROSSES)


@pytest.mark.parametrize(
    ("table", "entity", "keys"),
    [
        ("users", "user", {"bucket", "user_id"}),
        ("user_categories", "user_category", {"bucket", "user_id", "category_id"}),
        (
            "products",
            "product",
            {"product_id", "category_id", "type_code", "brand_code", "popularity", "first_sold_at"},
        ),
    ],
)
def test_a_frame_has_exactly_the_declared_columns(snapshot: Snapshot, table: str, entity, keys: set[str]):
    columns = getattr(snapshot, table).columns

    assert [name for name in columns if name not in keys] == list_names(entity)
    assert keys <= set(columns)


@pytest.mark.parametrize(
    ("rows", "field", "value"),
    [
        ("FEATURES", "transform", "identity"),
        ("FEATURES", "missing", "mean"),
        ("FEATURES", "window", "1 d"),
        ("FEATURES", "name", "user_age"),
        ("CROSSES", "num_buckets", 99),
        ("CROSSES", "columns", ("product_id",)),
    ],
)
def test_the_hash_moves_when_a_row_changes(monkeypatch: pytest.MonkeyPatch, rows: str, field: str, value: object):
    before = hash_definitions()
    first, *rest = getattr(definitions, rows)
    changed = dataclasses.replace(first, **{field: value})
    assert changed != first

    monkeypatch.setattr(definitions, rows, (changed, *rest))

    assert hash_definitions() != before


def test_the_hash_moves_when_rows_change_places(monkeypatch: pytest.MonkeyPatch):
    before = hash_definitions()

    monkeypatch.setattr(definitions, "FEATURES", FEATURES[::-1])

    assert hash_definitions() != before
