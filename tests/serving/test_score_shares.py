"""Workers that score some buckets each, and the run that publishes what they wrote."""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from features.rebucket import rebucket
from features.snapshot.buckets import parse_buckets
from features.store import MLStore
from serving import score
from serving.batch.batch_state import BatchEndedError, fetch_pointed_batch, join_batch, record_verdict
from serving.batch.job import publish_scores, write_buckets
from serving.batch.publish import write_lists
from shop.database import open_engine, session_scope
from shop.tables import BatchBucket, Recommendation, RecommendationBatch
from tests.serving.conftest import NUM_BUCKETS, ScriptedRegistry, TrainedShop

ROOT = Path(__file__).resolve().parents[2]

VICTIM = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from features.snapshot.buckets import parse_buckets
from features.store import MLStore
from serving.batch import job, publish
from serving.batch.job import Scoring, write_buckets
from shop.database import open_engine
from training.ranking.ranker import Ranker

url, store, folder, as_of, snapshot_id = sys.argv[1:]
instant = datetime.fromisoformat(as_of)
scoring = Scoring(1, Ranker.load(Path(folder)), MLStore(store), instant, snapshot_id, open_engine(url))
job.USERS_PER_PIECE = 20
write_lists = publish.write_lists
pieces = 0

def write_and_die(*arguments):
    global pieces
    write_lists(*arguments)
    pieces += 1
    if pieces == 2:
        os.kill(os.getpid(), signal.SIGKILL)

publish.write_lists = write_and_die
write_buckets(scoring, "champion", parse_buckets("0"), str)
"""


@pytest.fixture(scope="module")
def checksum_of_one_run(trained_shop: TrainedShop, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What one process writes for all users, as the batch's manifest sums it up."""
    path = tmp_path_factory.mktemp("one-run") / "shop.db"
    path.write_bytes(trained_shop.database.read_bytes())
    engine = open_engine(f"sqlite:///{path}")
    batch_id = publish_scores(trained_shop.score_as(1, engine), "champion", str).batch_id
    checksum = fetch_checksum(engine, batch_id)
    engine.dispose()
    return checksum


def fetch_checksum(engine: Engine, batch_id: str) -> str:
    with session_scope(engine) as session:
        checksum = session.get_one(RecommendationBatch, batch_id).checksum
    assert checksum is not None
    return checksum


def fetch_noted(engine: Engine, batch_id: str) -> set[int]:
    with session_scope(engine) as session:
        return set(session.scalars(select(BatchBucket.bucket).where(BatchBucket.batch_id == batch_id)))


def test_what_workers_wrote_is_published_and_equals_one_run(
    command: ScriptedRegistry,
    shop_of_version: Engine,
    trained_shop: TrainedShop,
    checksum_of_one_run: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    num_users = 0
    for share in ("2/2", "1/2"):
        assert score.main(["--buckets", share, "--json"]) == 0
        num_users += json.loads(capsys.readouterr().out)["num_users"]
        assert fetch_pointed_batch(shop_of_version) is None

    assert num_users == 150
    assert score.main(["--finish"]) == 0
    assert fetch_pointed_batch(shop_of_version) == trained_shop.batch_id(1)
    assert fetch_checksum(shop_of_version, trained_shop.batch_id(1)) == checksum_of_one_run


def test_other_buckets_give_the_same_lists(
    trained_shop: TrainedShop, shop_of_version: Engine, checksum_of_one_run: str, tmp_path: Path
) -> None:
    shutil.copytree(trained_shop.store.uri, tmp_path / "store")
    store = MLStore(str(tmp_path / "store"))
    snapshot_id = rebucket(store, 2).index.snapshot_id

    scoring = replace(trained_shop.score_as(1, shop_of_version), store=store, snapshot_id=snapshot_id)
    published = publish_scores(scoring, "champion", str)

    assert published.batch_id != trained_shop.batch_id(1)
    assert fetch_noted(shop_of_version, published.batch_id) == {0, 1}
    assert fetch_checksum(shop_of_version, published.batch_id) == checksum_of_one_run


def test_finish_names_the_buckets_that_nobody_wrote(
    command: ScriptedRegistry, shop_of_version: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score.main(["--buckets", "1"]) == 0
    capsys.readouterr()

    assert score.main(["--finish"]) == 1

    said = capsys.readouterr().err.splitlines()[-1]
    assert "buckets 0, 2 of batch" in said
    assert "--buckets 0" in said
    assert fetch_pointed_batch(shop_of_version) is None


def test_the_last_run_writes_what_workers_left(
    command: ScriptedRegistry, shop_of_version: Engine, trained_shop: TrainedShop, checksum_of_one_run: str
) -> None:
    assert score.main(["--buckets", "0-1"]) == 0

    assert score.main([]) == 0

    assert fetch_noted(shop_of_version, trained_shop.batch_id(1)) == set(range(NUM_BUCKETS))
    assert fetch_checksum(shop_of_version, trained_shop.batch_id(1)) == checksum_of_one_run


def test_a_worker_takes_no_epoch_and_leaves_a_complete_batch_alone(
    command: ScriptedRegistry, shop_of_version: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score.main([]) == 0
    capsys.readouterr()

    assert score.main(["--buckets", "1/1", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["num_written"] == 0
    with session_scope(shop_of_version) as session:
        assert session.scalar(select(func.max(RecommendationBatch.epoch))) == 1


def test_a_bucket_that_there_is_not_is_one_clear_line(
    command: ScriptedRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score.main(["--buckets", "2-3"]) == score.UNFIT

    assert capsys.readouterr().err == "serving.score: there are buckets 0 to 2, 2-3 was asked for.\n"


@pytest.mark.parametrize("text", ["", "a", "3-", "-3", "7-3", "0/2", "3/2", "1/0", "1-2-3", "1/2/3"])
def test_what_names_no_buckets_is_refused(command: ScriptedRegistry, text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        score.main([f"--buckets={text}"])

    assert ended.value.code == 2


def test_two_workers_on_one_bucket_write_it_once(
    trained_shop: TrainedShop, shop_of_version: Engine, checksum_of_one_run: str
) -> None:
    scoring = trained_shop.score_as(1, shop_of_version)

    with ThreadPoolExecutor(2) as workers:
        done = [workers.submit(write_buckets, scoring, "champion", parse_buckets("1/1"), str) for _ in range(2)]
        for each in done:
            each.result()

    publication = publish_scores(scoring, "champion", str, may_write=False)
    assert fetch_checksum(shop_of_version, publication.batch_id) == checksum_of_one_run
    with session_scope(shop_of_version) as session:
        assert session.scalar(select(func.count()).select_from(Recommendation)) == 150


def test_a_worker_that_is_killed_in_the_middle_of_a_bucket_is_made_good(
    trained_shop: TrainedShop, shop_of_version: Engine, checksum_of_one_run: str
) -> None:
    scoring = trained_shop.score_as(1, shop_of_version)
    url = shop_of_version.url.render_as_string(hide_password=False)
    told = [url, trained_shop.store.uri, str(trained_shop.folder), scoring.as_of.isoformat(), scoring.snapshot_id]
    victim = subprocess.run(
        [sys.executable, "-c", VICTIM, *told], cwd=ROOT, capture_output=True, text=True, timeout=120, env=os.environ
    )
    assert victim.returncode == -signal.SIGKILL, victim.stderr
    assert fetch_noted(shop_of_version, scoring.batch_id) == set()

    publication = publish_scores(scoring, "champion", str)

    assert fetch_checksum(shop_of_version, publication.batch_id) == checksum_of_one_run


@pytest.mark.parametrize("state", ["refused", "retired"])
def test_a_worker_that_was_cut_off_changes_no_ended_batch(
    trained_shop: TrainedShop, shop_of_version: Engine, state: str
) -> None:
    scoring = trained_shop.score_as(1, shop_of_version)
    batch = join_batch(shop_of_version, scoring.batch_id, scoring.as_of, "1", "champion")
    counts = {"num_users": 0, "num_rows": 0, "checksum": ""}
    ended = False

    def end_it(line: str) -> None:
        nonlocal ended
        if "bucket=0" in line:
            record_verdict(shop_of_version, batch, state, counts, {})
            ended = True

    with pytest.raises(BatchEndedError, match=state):
        write_buckets(scoring, "champion", parse_buckets("0-1"), end_it)

    assert ended
    assert fetch_noted(shop_of_version, batch.batch_id) == {0}
    users = set(trained_shop.snapshot.user_ids(0).tolist())
    with session_scope(shop_of_version) as session:
        assert set(session.scalars(select(Recommendation.user_id))) == users


def test_lists_are_written_to_an_open_batch_only(trained_shop: TrainedShop, shop_of_version: Engine) -> None:
    publication = publish_scores(trained_shop.score_as(1, shop_of_version), "champion", str)
    batch = join_batch(shop_of_version, publication.batch_id, publication.as_of, "1", "champion")
    lists = trained_shop.snapshot.users.select("user_id").head(1)

    with pytest.raises(BatchEndedError, match="published"):
        write_lists(shop_of_version, batch, "recommendations", lists.with_columns(products=lists["user_id"].cast(str)))
