"""Another shop in the same installation: an export of text ids and Korean titles in won, after the synthetic one.

The last file but one of this folder: those before it know the first shop.
"""

import csv
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from deploy.airflow_client import AirflowClient
from deploy.airflow_settings import USER, ensure_password
from deploy.local.shop_change import ASIDE
from settings import Settings
from shop.database import open_engine
from tests.end_to_end.conftest import ROOT, SHOP, Installation, own_environment

pytestmark = pytest.mark.timeout(1500)

LIMIT_SECONDS = 900
BOUGHT = """
SELECT DISTINCT o.user_id, p.title FROM orders AS o JOIN order_items AS i USING (order_id)
JOIN products AS p USING (product_id)
"""
TEAS = [
    f"{place} {leaf} {grams}g" for place in ("보성", "하동", "제주") for leaf in ("녹차", "홍차") for grams in (40, 80)
]
CUPS = [f"{colour} {shape}" for colour in ("푸른", "하얀", "검은", "붉은") for shape in ("찻잔", "머그컵", "다관")]


def write_export(folder: Path, *, num_users: int = 120) -> None:
    """Write one file of purchases until yesterday: half of the users buy tea, the others cups."""
    dice, yesterday = random.Random(5), datetime.now(UTC) - timedelta(days=1)
    folder.mkdir()
    with (folder / "purchases.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("user", "item", "time", "price"))
        for number in range(num_users):
            user, liked = uuid.UUID(int=dice.getrandbits(128), version=4), (TEAS, CUPS)[number % 2]
            favourites = dice.sample(liked, 4)
            for _ in range(dice.randint(6, 16)):
                sold = (yesterday - timedelta(minutes=dice.randrange(60 * 24 * 300))).isoformat(timespec="seconds")
                writer.writerows((user, item, sold, 9_000 + 100 * len(item)) for item in dice.sample(favourites, 2))


@pytest.fixture(scope="module")
def environment(installation: Installation) -> dict[str, str]:
    return {**own_environment(installation.settings), "CURRENCY": "KRW"}


@pytest.fixture(scope="module")
def changed(installation: Installation, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `make shop` said at last: it was killed where the shop before goes aside, then typed again."""
    folder = tmp_path_factory.mktemp("exports") / "my export"
    write_export(folder)
    shop = f"directory '{folder}' --mapping single-file"
    command = [sys.executable, "-m", "deploy.local", "shop", "--yes", "--shop", shop]
    first = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (installation.settings.var_dir / ASIDE).exists():
        assert first.poll() is None, first.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    again = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
    return again.stdout


def read(url: str, query: str) -> list[tuple[Any, ...]]:
    engine = open_engine(url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return rows


def read_user_ids(settings: Settings) -> dict[int, str]:
    """Read the shop's own ids of its users, by the numbers that stand for them in the databases."""
    return dict(read(settings.platform_database_url, "SELECT number, text FROM shop_ids WHERE kind = 'users'"))


def test_another_shop_is_not_taken_by_the_way(installation: Installation) -> None:
    refused = installation.launch("up", "--shop", "demo")

    assert refused.returncode == 1
    assert '`make shop SHOP="demo"` changes it' in refused.stderr


def test_lists_are_those_of_the_new_shop_alone(installation: Installation, changed: str) -> None:
    settings = installation.settings
    titles = {title for (title,) in read(settings.shop_database_url, "SELECT title FROM products")}
    users = read(settings.platform_database_url, "SELECT DISTINCT user_id FROM recommendations ORDER BY user_id")

    assert "Ready after" in changed
    assert f"/recommendations/home?user_id={read_user_ids(settings)[users[0][0]]}&" in changed
    assert titles == {*TEAS, *CUPS}
    assert users == read(settings.shop_database_url, "SELECT user_id FROM users ORDER BY user_id")
    for user_id in list(read_user_ids(settings).values())[:10]:
        page = httpx.get(f"{settings.api_url}/recommendations/home", params={"user_id": user_id}, timeout=60).json()
        assert {product["title"] for product in page["recommendations"]} <= titles


def test_lists_follow_what_each_user_buys(installation: Installation, changed: str) -> None:
    """The first products of who buys tea are teas, of who buys cups, cups; a popular list would be both."""
    settings = installation.settings
    own_ids = read_user_ids(settings)
    bought = read(settings.shop_database_url, BOUGHT)
    drinks_tea = {own_ids[number]: title in TEAS for number, title in bought}
    right = 0
    for user_id, tea in list(drinks_tea.items())[:20]:
        page = httpx.get(f"{settings.api_url}/recommendations/home", params={"user_id": user_id}, timeout=60).json()
        right += (page["recommendations"][0]["title"] in TEAS) == tea

    assert right >= 16


def test_sync_and_registry_know_the_new_shop_alone(installation: Installation, changed: str) -> None:
    settings = installation.settings
    airflow = AirflowClient(f"http://127.0.0.1:{settings.airflow_port}", USER, ensure_password(settings))
    versions = httpx.get(
        f"{settings.mlflow_tracking_uri}/api/2.0/mlflow/model-versions/search",
        params={"filter": f"name='{settings.model_name}'"},
        timeout=60,
    ).json()["model_versions"]

    assert [version["version"] for version in versions] == ["1"]
    assert {run["state"] for run in airflow.runs("sync_shop")} == {"success"}


def test_the_shop_before_is_an_installation_aside(installation: Installation, changed: str) -> None:
    [aside] = (installation.settings.var_dir / ASIDE).iterdir()
    before = Settings(var_dir=aside)

    assert read(before.shop_database_url, "SELECT COUNT(*) >= 300 FROM users") == [(1,)]
    assert read(before.platform_database_url, "SELECT COUNT(*) >= 300 FROM recommendations") == [(1,)]
    assert SHOP in (aside / "settings.json").read_text()


def test_later_commands_know_shop_and_currency(installation: Installation, changed: str) -> None:
    alone = {**os.environ, "VAR_DIR": str(installation.settings.var_dir)}

    again = subprocess.run(
        [sys.executable, "-m", "deploy.local", "up"],
        cwd=ROOT, env=alone, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip

    assert again.returncode == 0, again.stdout + again.stderr
    assert "Train" not in again.stdout
    assert '"currency": "KRW"' in (installation.settings.var_dir / "settings.json").read_text()
