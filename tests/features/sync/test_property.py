"""The property that hop 1 promises: whatever writers did beside it and wherever it was killed, after one more run the
store equals the shop. 200 seeded rounds, half of them on MariaDB and half on MySQL, each with two writers, a sync, and
often a kill.
"""

import random

import pytest
from sqlalchemy import Engine, create_engine

from features.store import MLStore
from tests.features.shop_writes import assert_equal, assert_lives_are_sound
from tests.features.sync.random_shopping import RandomWriter
from tests.features.sync.sync_worker import SyncWorker
from tests.support.database_servers import KINDS, DatabaseServer

NUM_BLOCKS = 10
ROUNDS_IN_BLOCK = 10
STEPS_OF_A_RUN = 29


@pytest.mark.parametrize("block", range(NUM_BLOCKS))
def test_one_run_makes_the_store_equal_to_the_shop(
    server_shop: Engine, any_server: DatabaseServer, store: MLStore, sync_worker: SyncWorker, block: int
) -> None:
    first_seed = (KINDS.index(any_server.kind) * NUM_BLOCKS + block) * ROUNDS_IN_BLOCK
    others = create_engine(
        server_shop.url, connect_args={"init_command": "SET time_zone='+00:00', innodb_lock_wait_timeout=1"}
    )
    for seed in range(first_seed, first_seed + ROUNDS_IN_BLOCK):
        rng = random.Random(seed)
        is_stamped, look_back_seconds = rng.random() < 0.5, rng.choice([900, 900, 0])
        writers = start_writers(others, rng, is_stamped, has_ties=look_back_seconds > 0 or not is_stamped)
        die_at = rng.randint(1, STEPS_OF_A_RUN) if rng.random() < 0.4 else None

        sync_worker.sync(server_shop, store, look_back_seconds=look_back_seconds, die_at=die_at)
        for writer in writers:
            writer.let_commit()
        for writer in writers:
            writer.join()
        report = sync_worker.sync(server_shop, store, look_back_seconds=look_back_seconds, verify=not is_stamped)

        assert report is not None, f"seed {seed}"
        assert report["state"] == "synced", f"seed {seed}: {report}"
        assert_equal(server_shop, store)
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
