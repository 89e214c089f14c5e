"""A version trained by two processes, or from a shop in files, has the files of one trained by one from memory."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from features.snapshot import spreading
from features.snapshot.purchases import load_purchases
from features.store import MLStore
from tests.support.synthetic import AS_OF, SMALL_CONFIG
from training.beside import Call, call_beside
from training.data import window_files
from training.data.shops import SampledShop, load_shop
from training.evaluation.lists import evaluate_ranker
from training.fit import Fitted, fit, reopen
from training.model import both_trainings
from training.ranking.ranker import Ranker
from training.version.files import hash_file


def hash_files(folder: Path) -> dict[str, str]:
    return {path.name: hash_file(path) for path in folder.iterdir()}


def test_two_processes_make_the_files_of_one(
    synthetic_store: MLStore, fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Callable[..., Any]] = []

    def note(function: Callable[..., Any], *args: Any) -> AbstractContextManager[Call[Any]]:
        called.append(function)
        return call_beside(function, *args)

    for module in (window_files, both_trainings):
        monkeypatch.setattr(module, "call_beside", note)
        monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(window_files, "LINES_WORTH_A_PROCESS", 0)
    monkeypatch.setattr(both_trainings, "STEPS_WORTH_A_PROCESS", 0)
    monkeypatch.setattr(spreading, "LINES_AT_ONCE", 1000)
    (tmp_path / "lines").mkdir()
    shop = load_shop(
        synthetic_store, AS_OF, synthetic_store.versions(), tmp_path / "lines", SMALL_CONFIG.optimiser.seed
    )
    assert isinstance(shop, SampledShop)

    together = fit(shop, SMALL_CONFIG, tmp_path / "version", lambda *_: None)

    assert called == [window_files.write_each, both_trainings.train_model]
    assert hash_files(together.folder) == hash_files(fitted.folder)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("rows-")] == []


def test_the_gate_evaluates_on_no_more_users_than_it_is_told_to(synthetic_store: MLStore, fitted: Fitted) -> None:
    few = SMALL_CONFIG.replace({"data.max_evaluation_users": 30})
    opened = reopen(load_purchases(synthetic_store, AS_OF), few, fitted.folder)

    assert len(opened.evaluation_users) == 30 < len(fitted.evaluation_users)
    ranker = Ranker.load(fitted.folder, is_holdout=True)
    of_few = evaluate_ranker(opened.evaluation_window, opened.evaluation_users, ranker)
    assert len(of_few.ndcg) == len(opened.evaluation_users)
