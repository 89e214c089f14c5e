"""The property that hop 1 promises: whatever writers did beside it and wherever it was killed, after one more run the
store equals the shop. 240 seeded rounds, half of them on MariaDB and half on MySQL, each with two writers, a sync, and
often a kill; 200 by the canonical mapping, 20 without a change column, 20 by SELECTs that convert.
"""

import random
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from features.store import MLStore
from tests.features.shop_writes import assert_equal, assert_lives_are_sound
from tests.features.sync.behaviour.random_shopping import RandomWriter
from tests.features.sync.behaviour.sync_worker import SyncWorker
from tests.support.database_servers import KINDS, DatabaseServer
from tests.support.mappings import write_converting_mapping, write_unstamped_mapping

NUM_BLOCKS = 10
ROUNDS_IN_BLOCK = 10
STEPS_OF_A_RUN = 29
MAPPINGS = {"unstamped": write_unstamped_mapping, "converting": write_converting_mapping}


@pytest.mark.parametrize("block", range(NUM_BLOCKS))
def test_one_run_makes_the_store_equal_to_the_shop(
    server_shop: Engine, any_server: DatabaseServer, store: MLStore, sync_worker: SyncWorker, block: int
) -> None:
    play(server_shop, store, sync_worker, KINDS.index(any_server.kind) * NUM_BLOCKS + block, None)


@pytest.mark.parametrize("name", MAPPINGS)
def test_one_run_makes_the_store_equal_to_the_shop_by_any_mapping(
    server_shop: Engine, any_server: DatabaseServer, store: MLStore, sync_worker: SyncWorker, tmp_path: Path, name: str
) -> None:
    block = len(KINDS) * NUM_BLOCKS + list(MAPPINGS).index(name) + len(MAPPINGS) * KINDS.index(any_server.kind)
    play(server_shop, store, sync_worker, block, MAPPINGS[name](tmp_path))


def play(engine: Engine, store: MLStore, sync_worker: SyncWorker, block: int, mapping: Path | None) -> None:
    """Play the rounds of a block, and hold store and shop together after each."""
    compares_all = mapping is not None and mapping.stem == "unstamped"
    others = create_engine(
        engine.url, connect_args={"init_command": "SET time_zone='+00:00', innodb_lock_wait_timeout=1"}
    )
    for seed in range(block * ROUNDS_IN_BLOCK, (block + 1) * ROUNDS_IN_BLOCK):
        rng = random.Random(seed)
        is_stamped, look_back_seconds = rng.random() < 0.5, rng.choice([900, 900, 0])
        writers = start_writers(others, rng, is_stamped, has_ties=look_back_seconds > 0 or not is_stamped)
        die_at = rng.randint(1, STEPS_OF_A_RUN) if rng.random() < 0.4 else None
        request = {"look_back_seconds": look_back_seconds, "mapping": str(mapping) if mapping else None}

        sync_worker.sync(engine, store, die_at=die_at, **request)
        for writer in writers:
            writer.let_commit()
        for writer in writers:
            writer.join()
        report = sync_worker.sync(engine, store, verify=not is_stamped and not compares_all, **request)

        assert report is not None, f"seed {seed}"
        assert report["state"] == "synced", f"seed {seed}: {report}"
        assert_equal(engine, store, without=("updated_at",) if compares_all else ())
        assert_lives_are_sound(store)
    others.dispose()


def start_writers(engine: Engine, rng: random.Random, is_stamped: bool, has_ties: bool) -> list[RandomWriter]:
    tie = f"NOW() - INTERVAL {rng.randint(0, 60)} SECOND"
    writers = [
        RandomWriter(engine, random.Random(rng.random()), number, is_stamped, has_ties, tie, rng.random() < 0.3)
        for number in (0, 1)
    ]
    for writer in writers:
        writer.start()
    return writers
