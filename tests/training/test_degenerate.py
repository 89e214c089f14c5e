"""Shops that are all edge: each has a stated outcome, lists for everybody or a refusal that says what there is."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlalchemy import Engine

from features.rebuild import build_snapshot, rebuild
from features.snapshot.purchases import load_purchases
from features.snapshot.tables import Snapshot
from features.store import MLStore
from features.sync.shop_sync import sync_shop
from serving.batch.popular import rank_neighbours, rank_popular
from serving.batch.similar import rank_alike
from settings import Settings, load_settings
from tests.training.odd_shops import (
    END,
    START,
    Frames,
    make_shop,
    sync_frames,
    with_hidden_line,
    with_orders_in,
    with_silent_users,
    without_categories,
    without_orders,
    without_prices,
)
from training.backtest import main, run_backtest
from training.config import DataConfig, ModelConfig, OptimiserConfig, TrainingConfig
from training.fit import TooLittleDataError
from training.ranking.ranker import Ranker
from training.registry.client import CHALLENGER, connect
from training.run import run_training

CONFIG = TrainingConfig(
    model=ModelConfig(hidden_dims=[16, 8], num_members=2, product_hidden_dims=[8], vocabulary_size=50),
    data=DataConfig(num_windows=2, stride_days=28, num_candidates=60, list_size=24),
    optimiser=OptimiserConfig(epochs=1, min_steps=8, batch_size=16),
)
CUT = END - timedelta(days=28)
SILENT = [1001, 1002]

SHOPS: dict[str, Frames] = {
    "one category": make_shop(num_categories=1),
    "one product": make_shop(num_products=1, num_categories=1),
    "one user": make_shop(num_users=1),
    "no prices": without_prices(make_shop()),
    "no categories": without_categories(make_shop()),
    "40 categories": make_shop(num_products=80, num_categories=40),
    "users without orders": with_silent_users(make_shop(), SILENT),
}


@pytest.mark.parametrize("frames", SHOPS.values(), ids=SHOPS.keys())
def test_everybody_gets_a_list_and_the_version_is_evaluated(tmp_path: Path, frames: Frames) -> None:
    store = sync_frames(tmp_path, frames)

    evaluations = run_backtest(store, CONFIG, CUT, tmp_path)

    lists, categories = (pl.read_parquet(tmp_path / f"{name}.parquet") for name in ("products", "categories"))
    users = frames["users"]["user_id"].to_list()
    num_categories = frames["categories"].height if "categories" in frames else 1
    num_sold = with_orders_in(frames, START, CUT)["order_items"]["product_id"].n_unique()
    assert lists["user_id"].unique().sort().to_list() == users
    assert set(lists.group_by("user_id").len()["len"]) == {min(num_sold, CONFIG.data.num_candidates)}
    assert lists.select("user_id", "product_id").is_unique().all()
    assert lists["score"].is_between(0, 1).all()
    assert categories.height == len(users) * num_categories
    assert categories["score"].is_between(0, 1).all()
    assert 0 <= evaluations["wide_deep"].summarise()["ndcg_at_20"] <= 1


def test_a_hidden_line_in_most_orders_changes_nothing(tmp_path: Path) -> None:
    """What is trained, evaluated, ranked and audited is made of purchases alone."""
    (tmp_path / "bag").mkdir()
    with_bag = sync_frames(tmp_path / "bag", with_hidden_line(make_shop(), 999))
    without = sync_frames(tmp_path, make_shop())

    ours, theirs = (load_purchases(store, END) for store in (with_bag, without))

    assert with_bag.as_of("order_items", END).filter(product_id=999).collect().height > 300
    for one, other in ((ours, theirs), (ours.before(CUT), theirs.before(CUT))):
        assert one.lines.equals(other.lines)
        assert one.products.equals(other.products)
        assert one.user_ids.equals(other.user_ids)


def test_users_without_orders_are_ranked_what_is_popular(tmp_path: Path) -> None:
    store = sync_frames(tmp_path, with_silent_users(make_shop(), SILENT))
    run_backtest(store, CONFIG, CUT, tmp_path)
    snapshot = build_snapshot(load_purchases(store, CUT))

    lists = Ranker.load(tmp_path / "version").rank(snapshot, np.array(SILENT), 20)

    first, second = (lists.filter(user_id=user)["product_id"].to_list() for user in SILENT)
    assert set(lists["reason"]) == {"popular"}
    assert first == second


def test_one_user_in_one_window_is_enough_and_the_version_serves_a_larger_shop(tmp_path: Path) -> None:
    store = sync_frames(tmp_path, make_shop(num_users=1))
    data = CONFIG.data.model_copy(update={"num_windows": 1})
    run_backtest(store, CONFIG.model_copy(update={"data": data}), CUT, tmp_path)
    (tmp_path / "larger").mkdir()
    larger = build_snapshot(load_purchases(sync_frames(tmp_path / "larger", make_shop(num_users=7)), CUT))

    lists = Ranker.load(tmp_path / "version").rank(larger, larger.user_ids(), 10)

    assert lists.height == 70


def test_a_quiet_month_leaves_lists_but_no_evaluation(tmp_path: Path) -> None:
    store = sync_frames(tmp_path, with_orders_in(make_shop(), START, CUT - timedelta(days=29)))

    evaluations = run_backtest(store, CONFIG, CUT, tmp_path)

    assert evaluations == {}
    assert pl.read_parquet(tmp_path / "products.parquet")["user_id"].n_unique() == 24


def test_a_version_that_nobody_can_evaluate_is_not_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a client without a server keeps artefacts in ./mlruns
    store = sync_frames(tmp_path, with_orders_in(make_shop(), START, CUT - timedelta(days=29)))
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    settings = Settings(var_dir=tmp_path, ml_store_uri=store.uri, mlflow_tracking_uri=uri)
    registry = connect(uri, settings.model_name)

    with pytest.raises(TooLittleDataError, match=r"known before 2026-04-05 bought anything .* to 2026-05-03"):
        run_training(settings, registry, CONFIG, CUT)

    assert registry.resolve_alias(CHALLENGER) is None


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        pytest.param(without_orders(make_shop()), "the shop has no orders at all", id="no orders"),
        pytest.param(with_orders_in(make_shop(), CUT, END), "no orders at all", id="orders after the cut alone"),
    ],
)
def test_without_orders_training_is_refused(tmp_path: Path, frames: Frames, words: str) -> None:
    store = sync_frames(tmp_path, frames)

    with pytest.raises(TooLittleDataError, match=words):
        run_backtest(store, CONFIG, CUT, tmp_path / "out")


def test_a_short_history_is_refused_saying_from_when_it_is(tmp_path: Path) -> None:
    store = sync_frames(tmp_path, make_shop())

    with pytest.raises(TooLittleDataError, match=r"before 2026-01-04; the shop has orders from 2026-01-01 on"):
        run_backtest(store, CONFIG, START + timedelta(days=31), tmp_path / "out")


def test_without_orders_there_are_still_popular_lists_of_the_whole_catalogue(tmp_path: Path) -> None:
    store = sync_frames(tmp_path, without_orders(make_shop()))

    rebuild(store, CUT, num_buckets=2)

    snapshot = Snapshot.open(store, CUT)
    lists = rank_popular(snapshot.products)
    counts = {scope: rows["product_id"].n_unique() for (scope,), rows in lists.group_by("scope")}
    assert counts == {"global": 40, "category": 40, "newest": 40}
    alike = rank_alike(snapshot.products, np.zeros((40, 1), dtype=np.float32))
    assert set(rank_neighbours(snapshot.complements, alike, snapshot.products)["reason"]) == {"alike"}
    assert snapshot.user_ids().tolist() == list(range(1, 25))


def test_an_empty_shop_has_an_empty_snapshot(empty_shop: Engine, tmp_path: Path) -> None:
    store = MLStore(str(tmp_path / "store"))
    sync_shop(empty_shop, store)

    rebuild(store, CUT, num_buckets=2)

    snapshot = Snapshot.open(store, CUT)
    assert (len(snapshot.user_ids()), snapshot.products.height) == (0, 0)
    assert rank_popular(snapshot.products).is_empty()


def test_a_trained_version_ranks_an_emptied_shop_without_lists(tmp_path: Path) -> None:
    run_backtest(sync_frames(tmp_path, make_shop()), CONFIG, CUT, tmp_path)
    (tmp_path / "emptied").mkdir()
    emptied = build_snapshot(load_purchases(sync_frames(tmp_path / "emptied", without_orders(make_shop())), CUT))
    ranker = Ranker.load(tmp_path / "version")

    assert ranker.rank(emptied, emptied.user_ids(), 10).is_empty()
    assert ranker.score_categories(emptied, emptied.user_ids())["score"].is_between(0, 1).all()


def test_the_command_refuses_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ML_STORE_URI", sync_frames(tmp_path, without_orders(make_shop())).uri)
    load_settings.cache_clear()

    code = main(["--as-of", "2026-05-03", "--out", str(tmp_path / "out")])

    load_settings.cache_clear()
    said = capsys.readouterr()
    assert code == 1
    assert said.out == ""
    assert "Traceback" not in said.err
    assert said.err.splitlines()[-1].startswith("training.backtest: Training as of 2026-05-03 needs at least")
