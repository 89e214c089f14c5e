"""Commands that the pages print, and which test runs each of them.

`ALONE`, `TO_A_VERSION` and `WITH_A_CHAMPION` run in tests/docs/test_commands.py on a copy of the project,
`ON_THE_PLATFORM` in tests/end_to_end/test_shell.py; `ELSEWHERE` says who else runs a command, or why nobody does.
"""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
HISTORY = {ROOT / "CHANGELOG.md", *(ROOT / "docs" / "decisions").glob("*.md")}
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")} - HISTORY)
FENCE = re.compile(r"^```(?:bash|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONTINUED = re.compile(r"\s*\\\n\s*")
SPAN = re.compile(r"`((?:make|curl|docker compose|pre-commit|\.venv/bin/python) [^`\n]+)`")

PYTHON = ".venv/bin/python -m"
AS_OF = "2026-11-22T00:00:00+00:00"

ALONE = (
    "make help",
    "make environment",
    "make secrets",
    'make secrets RENEW="shop_database_url airflow_admin_password"',
    "make docs",
    f"{PYTHON} training.studies.search --help",
    f"{PYTHON} pytest tests/training/evaluation/test_metrics.py",
)
"""Need nothing but the environment."""

TO_A_VERSION = (
    f"{PYTHON} shop.load synthetic --users N --products N --orders N --seed S",
    f"{PYTHON} shop.storefront write FILE",
    f"{PYTHON} shop.storefront show",
    f"{PYTHON} shop.storefront remove",
    f"{PYTHON} features.sync",
    f"{PYTHON} shop.simulate --orders 100",
    f"{PYTHON} features.sync --verify",
    f"{PYTHON} features.sync [--full] [--verify]",
    f"{PYTHON} features.rebuild --as-of T",
    f"{PYTHON} features.rebuild --as-of {AS_OF}",
    f"{PYTHON} training.run --as-of T",
    f"{PYTHON} training.run --as-of {AS_OF}",
    f"{PYTHON} training.reproduce VERSION",
    f"{PYTHON} training.backtest --as-of T --horizon-days 7 --out DIR",
)
WITH_A_CHAMPION = (
    f"{PYTHON} serving.score --buckets 1/4",
    f"{PYTHON} serving.score",
    f"{PYTHON} serving.score [--as-of T] [--version V]",
    f"{PYTHON} api.reporting.engagement",
    f"{PYTHON} features.maintain",
    f"{PYTHON} features.rebuild",
)
"""One after the other, as the loop goes; T is the instant that the README names."""

ON_THE_PLATFORM = (
    "make up",
    "make status",
    'make step DO="features.sync --verify"',
    "curl 'http://127.0.0.1:8000/recommendations/home?user_id=1'",
    "make promote VERSION=n",
    "make promote VERSION=2",
    "make promote VERSION=7",
    f"{PYTHON} serving.watch",
    "make rollback",
    'make promote VERSION=1 OVERRIDE="why"',
)
"""One after the other, on an installation that is up and has two versions."""

ELSEWHERE = {
    r"docker compose .*": "needs an engine; tests/containers drives it",
    r"kubectl .*|helm .*": "needs a cluster; tests/deploy/kubernetes builds and checks what they are given",
    r"sed -i .* secrets/.*|find secrets .*|docker push .*|for image in .*": "of a reader's database and registry",
    r"curl --header .*": "needs a token; tests/docs/test_tokens_page.py signs one",
    r"make (test|test-containers|coverage|bench|quality|check)( [A-Z]+=.*)?": "minutes to hours; none can test itself",
    r"make site": "tests/docs/test_site.py builds the site",
    r"make lock KEEP=true": "asks the package index; tests/deploy/development/test_lockfile.py reads the lock",
    r"make (down|clean)": "takes the platform away; tests/end_to_end/test_teardown.py ends it",
    r"make up PYTHON=/path/to/python3.13": "a path of the reader's; tests/deploy/local/test_first_environment.py",
    r'make (up|shop) SHOP="(directory |mapping |\.\.\.").*': "of the reader's; tests/end_to_end/test_shops.py",
    r"make up VAR_DIR=var/before/.*": "an installation that was set aside; tests/end_to_end/test_shops.py",
    r'make step DO="shop\.load .*': "files of the reader's; tests/shop/loaders/exports",
    r"make up ML_STORE_URI=s3://.*": "a store of the reader's; tests/features and tests/serving/test_object_store.py",
    r"make up EXECUTOR=(celery WORKERS=2|local)": "tests/end_to_end/test_celery.py goes there and back",
    r"aws s3api put-object .*": "a program and a bucket of the reader's; tests/features/test_object_store.py",
    r"make up API_PORT=18000": "another port for the same installation; tests/end_to_end gives four of its own",
    r"make (backup|restore)( (TO|FROM)=.*)?": "folders of the reader's; test_backup.py in end_to_end and containers",
    r"make up VAR_DIR=/srv/31ie": "the same",
    r"make up NUM_BUCKETS=": "an installation of before; tests/settings/test_settings.py gives what is empty",
    r"curl -u .*/admin/.*": "the administrator's password; tests/api/routes/test_admin.py",
    r"pre-commit install": "a program that the reader brings; its hooks are in tests/repository/test_front_door.py",
    rf"{PYTHON} mkdocs serve": "serves until it is stopped; tests/docs/test_site.py builds the same pages",
    rf"{PYTHON} api\.server": "serves until it is stopped; `make up` starts it in tests/end_to_end",
    rf"{PYTHON} deploy\.local\.pages lint types test": "`make check` runs lint and types, `make test` test",
    rf"{PYTHON} pytest tests/(features|shop|api|training/model)/.*": "of a how-to; tests/docs/test_how_tos.py",
    rf"{PYTHON} (features\.documentation|api\.openapi|deploy\.local\.pages client)": "`make docs` runs it",
    rf"{PYTHON} deploy\.local\.pages build": "`make up` runs it, and tests/frontend/conftest.py",
    rf"{PYTHON} shop\.catalogue": "a shop with a mapping; tests/shop/catalogue copies some",
    rf"{PYTHON} shop\.split": "an installation from before; tests/shop/test_split.py makes one",
    rf"{PYTHON} shop\.load demo": "a minute; tests/shop/loaders/demo loads it",
    rf"{PYTHON} shop\.load directory (DIR|my-shop)": "tests/shop/loaders/test_documentation.py runs it",
    rf"{PYTHON} shop\.load directory DIR --mapping .*": "a folder of the reader's; tests/shop/loaders/exports",
    rf"{PYTHON} shop\.map check .* --files DIR": "the same",
    r".*'mysql\+pymysql://.*": "a database of the reader's; tests/docs/test_your_shop_page.py and tests/shop/mapping",
    rf"{PYTHON} training\.studies\.(search --as-of|(repeats|families) --backtests) .*": "hours, or what took them",
    rf"{PYTHON} training\.studies\.again --version .*": "minutes, and a version of a reader's",
    rf"{PYTHON} pip install .*|PYTHONPATH=var/mutmut .*": "a package beside the lock, then minutes",
    rf"{PYTHON} features\.rebucket --buckets 16": "changes the store of later ones; tests/features/test_rebucket.py",
    rf"{PYTHON} features\.rebuild --(plan|buckets .*|finish)": "tests/features/snapshot/test_bucket_rebuild.py",
    r"(\.venv/bin/)?torchrun --(standalone|nnodes) .*": "several processes; tests/training/model/test_replicas.py",
    rf"{PYTHON} benchmarks\.\w+.*": "minutes each: `make bench`",
}
"""Patterns of commands, and for each what stands for it."""

PLACEHOLDERS = {
    "N --products N --orders N --seed S": "150 --products 200 --orders 3000 --seed 7 --end-date 2026-11-21",
    "[--full] [--verify]": "--full --verify",
    "[--as-of T] [--version V]": f"--as-of {AS_OF} --version 1",
    "write FILE": "write var/storefront.toml",
    "--as-of T --horizon-days 7 --out DIR": "--as-of 2026-11-08T00:00:00+00:00 --horizon-days 7 --out var/backtest",
    "--as-of T": f"--as-of {AS_OF}",
    "training.reproduce VERSION": "training.reproduce 1",
}
"""What stands for what a reader fills in."""


def find_printed() -> dict[str, list[str]]:
    """Return every printed command with the pages that print it."""
    printed: dict[str, list[str]] = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [
            line for fence in FENCE.findall(text) for line in CONTINUED.sub(" ", fence).splitlines() if line.strip()
        ]
        for command in (*lines, *SPAN.findall(FENCE.sub("", text))):
            printed.setdefault(command, []).append(page.relative_to(ROOT).as_posix())
    return printed


def fill_in(command: str) -> str:
    """Put values where a reader does."""
    for printed, value in PLACEHOLDERS.items():
        command = command.replace(printed, value)
    return command


def run_in_shell(command: str, folder: Path, environment: dict[str, str], limit_seconds: float) -> str:
    """Run a command as a reader does, in a shell; return what it said.

    Args:
        command: one line.
        folder: of the project.
        environment: variables on top of those of the tests.
        limit_seconds: when to give up.
    """
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=limit_seconds,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr
