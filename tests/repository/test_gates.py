"""The gates of `make check` close: each is broken once, on a copy, and must turn red and say why."""

import os
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from deploy.local.docstrings import find_untrue
from deploy.local.pages import FRONTEND, NODE, ensure_packages

ROOT = Path(__file__).parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
PROGRAMS = Path(sys.executable).parent
LIMIT_SECONDS = 300

BREAKS = {
    "Imports point one way, from what is deployed down to the settings": ("features/clock.py", "deploy.local.start"),
    "training: a model's life is the order of its packages": ("training/data/windows.py", "training.gate.plots"),
    "features: sync and snapshot do not know each other, ranking stands on the snapshot": (
        "features/sync/lease.py",
        "features.snapshot.buckets",
    ),
    "features.sync: a whole sync > one table > what it compares > destination > source": (
        "features/sync/destination/key_set.py",
        "features.sync.sweep",
    ),
    "serving: online stands on batch, the commands on both": ("serving/batch/audit.py", "serving.online.answers"),
    "api: routes > pages and orders > the merchant's rules > clients > queries > database": (
        "api/queries/coupons.py",
        "api.pages.home",
    ),
    "shop: loaders > migrations > database and tables": ("shop/database.py", "shop.loaders.nicknames"),
    "deploy: containers and local use what both share, and nothing that runs what develops them": (
        "deploy/local/up.py",
        "deploy.development.lockfile",
    ),
    "Studies are for development: nothing that production runs imports them": (
        "training/run.py",
        "training.studies.rivals",
    ),
    "The API imports the shop alone": ("api/pages/images.py", "features.clock"),
    "Only the registry knows MLflow": ("serving/batch/lists.py", "mlflow"),
    "settings: reading > what was kept > the settings themselves": ("settings/fields.py", "settings.kept"),
    "Only serving knows BentoML": ("training/gate/plots.py", "bentoml"),
    "Only the workflows know Airflow": ("deploy/local/up.py", "airflow"),
    "Ranking and serving run without torch and scikit-learn": ("training/ranking/topk.py", "torch"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and the contracts that hold them, to be spoilt."""
    folder = tmp_path_factory.mktemp("copy")
    for name in LINTER["root_packages"]:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("command.py", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder / name)
    return folder


def lint_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(PROGRAMS / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)


def write_program(path: Path, lines: str) -> str:
    path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_every_contract_is_broken_once_below() -> None:
    assert {contract["name"] for contract in LINTER["contracts"]} == set(BREAKS)


def test_a_copy_as_it_is_keeps_all_contracts(copy: Path) -> None:
    assert lint_imports(copy).returncode == 0


def test_each_contract_notices_the_import_that_it_forbids(copy: Path) -> None:
    """All breaks at once: reading the packages is what takes time."""
    for path, module in BREAKS.values():
        with (copy / path).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {module}\n")

    ended = lint_imports(copy)

    said = " ".join(ended.stdout.split())
    assert ended.returncode != 0
    for contract in BREAKS:
        assert f"{contract} BROKEN" in said, contract


def test_a_docstring_that_describes_an_argument_that_is_not_there_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text('def f(a: int) -> None:\n    """Do.\n\n    Args:\n        b: what is not there.\n    """\n')

    assert any("[b: ]" in line for line in find_untrue([str(wrong)], str(PROGRAMS / "pydoclint")))


@pytest.mark.parametrize(
    ("lines", "words"),
    [("exit 1", "without a word"), ("echo broken; exit 3", "code 3: broken"), ("echo a.py: DOC102: x", "code 0")],
    ids=["silent failure", "crash", "violations and success"],
)
def test_a_pydoclint_that_breaks_fails_the_check(tmp_path: Path, lines: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        find_untrue(["command.py"], write_program(tmp_path / "pydoclint", lines))


def test_a_missing_pydoclint_fails_the_check(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="is missing: run `make environment`"):
        find_untrue(["command.py"], str(tmp_path / "pydoclint"))


@pytest.mark.parametrize(
    ("path", "line", "words"),
    [
        ("src/api/get-home.ts", "import '@/features/home/hooks/use-auto-advance'", "Shared code knows neither"),
        ("src/features/home/hooks/use-auto-advance.ts", "import '@/app/router'", "Features do not know the app"),
        (
            "src/features/home/hooks/use-auto-advance.ts",
            "import '@/features/cart/api/post-order'",
            "A feature knows no other",
        ),
    ],
    ids=["shared > feature", "feature > app", "feature > feature"],
)
def test_the_pages_zones_notice_an_import_that_points_up(tmp_path: Path, path: str, line: str, words: str) -> None:
    ensure_packages()
    pages = tmp_path / "frontend"
    shutil.copytree(FRONTEND, pages, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (pages / "node_modules").symlink_to(FRONTEND / "node_modules")
    source = pages / path
    source.write_text(f"{line}\n{source.read_text(encoding='utf-8')}", encoding="utf-8")

    command = [str(NODE / "bin" / "node"), "node_modules/eslint/bin/eslint.js", path]
    ended = subprocess.run(
        command, cwd=pages, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS, env=dict(os.environ)
    )

    assert ended.returncode == 1
    assert words in ended.stdout
