import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from features.definitions import (
    FAR_DAYS,
    Entity,
    hash_definitions,
    list_crosses,
    list_features,
    list_names,
)
from features.ranking.encoding import Encoder, fit_encoder

ENTITIES: tuple[Entity, ...] = ("user", "user_category", "product", "pair")
CATEGORIES, PRODUCTS = np.array([3, 5, 40]), np.array([7, 1000, 16_777_217])


def make_rows(seed: int = 1, num_rows: int = 200) -> dict[Entity, np.ndarray]:
    """Skewed, half of it zero, a tenth missing."""
    generator = np.random.default_rng(seed)
    rows = {}
    for entity in ENTITIES:
        values = generator.lognormal(1, 1, (num_rows, len(list_features(entity))))
        values[generator.random(values.shape) < 0.5] = 0
        values[generator.random(values.shape) < 0.1] = np.nan
        rows[entity] = values.astype(np.float32)
    return rows


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return fit_encoder(make_rows(), CATEGORIES, PRODUCTS)


def one_row(entity: Entity, **values: float) -> np.ndarray:
    """A row with these features and nothing else known."""
    row = np.full((1, len(list_features(entity))), np.nan, dtype=np.float32)
    for name, value in values.items():
        row[0, list_names(entity).index(name)] = value
    return row


@pytest.mark.parametrize("unknown", [4, 41, -1, 0], ids=str)
def test_an_unknown_category_gets_the_unknown_id(encoder: Encoder, unknown: int) -> None:
    assert encoder.look_up_categories(np.array([3, unknown, 40])).tolist() == [1, 0, 3]


@pytest.mark.parametrize("unknown", [8, 16_777_216, 16_777_218, 2**62], ids=str)
def test_an_unknown_product_gets_the_unknown_id(encoder: Encoder, unknown: int) -> None:
    assert encoder.look_up_products(np.array([7, unknown, 16_777_217])).tolist() == [1, 0, 3]


def test_without_a_vocabulary_everything_is_unknown() -> None:
    encoder = fit_encoder(make_rows(), CATEGORIES, np.array([], dtype=np.int64))

    assert encoder.look_up_products(np.array([7, 1000])).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("name", "stands_for"), [("user_orders", 0.0), ("user_days_since_order", FAR_DAYS)], ids=["zero", "far"]
)
def test_missing_stands_for_what_the_rule_says(encoder: Encoder, name: str, stands_for: float) -> None:
    missing, given = one_row("user"), one_row("user", **{name: stands_for})

    column = list_names("user").index(name)
    assert encoder.standardise("user", missing)[0, column] == encoder.standardise("user", given)[0, column]


def test_missing_by_the_mean_rule_is_the_mean(encoder: Encoder) -> None:
    column = list_names("user").index("user_basket_value")

    assert encoder.standardise("user", one_row("user"))[0, column] == 0


def test_training_rows_have_mean_zero_and_spread_one() -> None:
    rows = {entity: np.nan_to_num(values).clip(max=20) for entity, values in make_rows().items()}

    scaled = fit_encoder(rows, CATEGORIES, PRODUCTS).standardise("product", rows["product"])

    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-5)
    assert scaled.std(axis=0) == pytest.approx(1, abs=1e-5)


def test_a_log_comes_before_the_scale(encoder: Encoder) -> None:
    column = list_names("user").index("user_basket_value")
    encoded = [encoder.standardise("user", one_row("user", user_basket_value=value))[0, column] for value in (0, 1, 3)]

    assert encoded[2] - encoded[1] == pytest.approx(encoded[1] - encoded[0], rel=1e-5)  # ln 4 = 2 ln 2


def test_a_constant_column_tells_nothing_and_a_change_of_it_stays_small() -> None:
    rows = make_rows()
    rows["user"][:] = 3.0

    encoder = fit_encoder(rows, CATEGORIES, PRODUCTS)

    assert encoder.standardise("user", rows["user"]) == pytest.approx(0, abs=1e-6)
    assert np.abs(encoder.standardise("user", rows["user"] + 1)).max() <= 1 + 1e-6


def test_a_column_that_was_never_there_is_zero() -> None:
    rows = make_rows()
    rows["product"][:] = np.nan

    encoder = fit_encoder(rows, CATEGORIES, PRODUCTS)

    by_mean = [feature.missing == "mean" for feature in list_features("product")]
    assert not encoder.standardise("product", rows["product"])[:, by_mean].any()


@pytest.mark.parametrize("entity", ENTITIES)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_nan_and_infinity_never_leave(encoder: Encoder, entity: Entity, data: st.DataObject) -> None:
    shape = (3, len(list_features(entity)))
    raw = data.draw(arrays_of.arrays(np.float32, shape, elements=st.floats(width=32)))

    scaled = encoder.standardise(entity, raw)

    assert scaled.dtype == np.float32
    assert np.abs(scaled).max() <= 10


def test_encoding_leaves_its_input_alone(encoder: Encoder) -> None:
    raw = one_row("user", user_orders=4)
    before = raw.copy()

    encoder.standardise("user", raw)

    assert np.array_equal(raw, before, equal_nan=True)


@pytest.mark.parametrize(
    ("values", "first", "width", "has_zeros"),
    [
        (np.arange(1, 102), 1, 100, False),
        (np.r_[np.zeros(30), np.arange(1, 102)], 1, 100, True),
        (np.r_[np.zeros(30), np.arange(1, 102) / 1000], 0.001, 0.1, True),
        (np.arange(-50, 51), -50, 100, False),
        (np.zeros(9), 0, 0, None),
        (np.full(9, np.nan), 0, 0, None),
    ],
    ids=["no zeros", "many zeros", "small", "negative too", "zeros alone", "missing"],
)
def test_edges_are_quantiles_and_zeros_have_a_bucket_of_their_own(
    values: np.ndarray, first: float, width: float, has_zeros: bool | None
) -> None:
    rows = {entity: np.tile(values[:, None], len(list_features(entity))).astype(np.float32) for entity in ENTITIES}
    crosses = [*list_crosses("user_category"), *list_crosses("pair")]

    edges = fit_encoder(rows, CATEGORIES, PRODUCTS).edges

    assert edges.keys() == {name for cross in crosses for name in cross.columns if not name.endswith("_id")}
    for column, found in edges.items():
        most = max(cross.num_buckets for cross in crosses if column in cross.columns)
        shares = (
            [part / (most - 1) for part in range(most - 1)] if has_zeros else [part / most for part in range(1, most)]
        )
        expected = [] if has_zeros is None else [first + width * share for share in shares]
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6), column


def test_the_definitions_it_was_fitted_for_are_named(encoder: Encoder) -> None:
    assert encoder.feature_hash == hash_definitions()


def test_edges_rise(encoder: Encoder) -> None:
    assert all(left < right for edges in encoder.edges.values() for left, right in pairwise(edges))


def test_saved_and_loaded_is_the_same_to_the_bit(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder.json")

    assert Encoder.load(tmp_path / "encoder.json") == encoder


@pytest.mark.parametrize("change", [{"means": None}, {"colour": "blue"}], ids=["field missing", "field unknown"])
def test_another_format_is_refused_by_name(encoder: Encoder, tmp_path: Path, change: dict[str, object]) -> None:
    fields = dataclasses.asdict(encoder) | change
    kept = {name: value for name, value in fields.items() if value is not None}
    (tmp_path / "encoder.json").write_text(json.dumps(kept))

    with pytest.raises(ValueError, match=r"encoder\.json is not an encoder of this version.*(means|colour)"):
        Encoder.load(tmp_path / "encoder.json")


def test_the_file_is_json_without_nan(encoder: Encoder, tmp_path: Path) -> None:
    rows = make_rows()
    rows["pair"][:] = np.nan
    fit_encoder(rows, CATEGORIES, PRODUCTS).save(tmp_path / "encoder.json")

    text = (tmp_path / "encoder.json").read_text()

    assert "NaN" not in text
    assert "Infinity" not in text
