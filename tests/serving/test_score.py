import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from serving import score
from serving.batch import job as batch_module
from serving.batch.batch_state import Batch, fetch_pointed_batch, move_pointer, open_batch
from serving.batch.job import Publication, publish_scores
from settings import Settings
from shop.tables import name_pointer
from tests.serving.conftest import AS_OF, LateRows, ScriptedRegistry, TrainedShop, reissue
from tests.serving.stored_lists import read_stored_rows


def test_the_champion_is_published_and_summed_up(
    command: ScriptedRegistry, shop_of_version: Engine, capsys: pytest.CaptureFixture[str], trained_shop: TrainedShop
) -> None:
    assert score.main(["--json"]) == 0

    summary = json.loads(capsys.readouterr().out)
    assert summary["batch_id"] == fetch_pointed_batch(shop_of_version) == trained_shop.batch_id(1)
    assert (summary["model_version"], summary["num_users"], summary["num_rows"]) == ("1", 150, 15_000)


def test_a_named_version_needs_no_alias(
    command: ScriptedRegistry, shop_of_version: Engine, trained_shop: TrainedShop
) -> None:
    command.aliases.clear()

    assert score.main(["--version", "2", "--as-of", "2026-07-01T00:00:00+00:00"]) == 0

    assert fetch_pointed_batch(shop_of_version) == trained_shop.batch_id(2)


def test_an_alias_that_moves_while_users_are_scored_is_scored_again(
    command: ScriptedRegistry, shop_of_version: Engine, monkeypatch: pytest.MonkeyPatch, trained_shop: TrainedShop
) -> None:

    def publish_slowly(*arguments: Any, **options: Any) -> Publication:
        command.aliases["champion"] = 2
        return publish_scores(*arguments, **options)

    monkeypatch.setattr(score, "publish_scores", publish_slowly)

    assert score.main([]) == 0

    assert fetch_pointed_batch(shop_of_version) == trained_shop.batch_id(2)


def test_kept_lists_shown_while_users_are_scored_give_way_to_the_new_ones(
    command: ScriptedRegistry, shop_of_version: Engine, monkeypatch: pytest.MonkeyPatch, trained_shop: TrainedShop
) -> None:
    assert score.main([]) == 0
    overtakes = iter([True])

    def open_and_be_overtaken(*arguments: Any) -> Batch:
        batch = open_batch(*arguments)
        if next(overtakes, False):
            move_pointer(shop_of_version, open_batch(shop_of_version, trained_shop.batch_id(1), AS_OF, "1", "champion"))
        return batch

    monkeypatch.setattr(batch_module, "open_batch", open_and_be_overtaken)
    command.aliases["champion"] = 2

    assert score.main([]) == 0

    assert fetch_pointed_batch(shop_of_version) == trained_shop.batch_id(2)


def test_without_a_champion_the_code_is_3(command: ScriptedRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    command.aliases.clear()

    assert score.main([]) == score.NO_CHAMPION == 3
    assert "python -m training.run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "is_down", "words"),
    [
        (["--as-of", "2026-01-01T00:00:00+00:00"], False, "python -m features.rebuild"),
        ([], True, "connection refused"),
    ],
    ids=["no snapshot", "no registry"],
)
def test_what_fails_is_one_clear_line(
    command: ScriptedRegistry,
    shop_of_version: Engine,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    is_down: bool,
    words: str,
) -> None:
    command.is_down = is_down

    assert score.main(arguments) == 1

    errors = capsys.readouterr().err
    assert errors.startswith("serving.score: ")
    assert words in errors
    assert errors.count("\n") == 1
    assert fetch_pointed_batch(shop_of_version) is None


def test_the_compared_alias_gets_lists_beside_the_champions(
    command: ScriptedRegistry, shop_of_version: Engine, monkeypatch: pytest.MonkeyPatch, trained_shop: TrainedShop
) -> None:
    settings: Settings = score.load_settings()  # type: ignore[attr-defined]  # as the fixture replaced it
    compared = settings.model_copy(update={"compared_alias": "challenger"})
    monkeypatch.setattr(score, "load_settings", lambda: compared)

    assert score.main([]) == 0
    assert fetch_pointed_batch(shop_of_version, name_pointer("challenger")) is None

    command.aliases["challenger"] = 2
    assert score.main([]) == 0

    assert fetch_pointed_batch(shop_of_version) == trained_shop.batch_id(1)
    assert fetch_pointed_batch(shop_of_version, name_pointer("challenger")) == trained_shop.batch_id(2)


def test_a_refused_version_is_scored_only_once_it_is_overridden(
    command: ScriptedRegistry, shop_of_version: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    command.tag(1, "verdict", "refuse")

    assert score.main([]) == score.UNFIT == 2
    assert "version 1 does not serve: the gate refused it" in capsys.readouterr().err
    assert fetch_pointed_batch(shop_of_version) is None

    command.tag(1, "override", "to see it in the shop")
    assert score.main([]) == 0


def test_the_same_instant_from_more_rows_is_scored_anew(
    command: ScriptedRegistry,
    shop_of_version: Engine,
    monkeypatch: pytest.MonkeyPatch,
    late_rows: LateRows,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings: Settings = score.load_settings()  # type: ignore[attr-defined]
    late = settings.model_copy(update={"ml_store_uri": late_rows.store.uri})
    monkeypatch.setattr(score, "load_settings", lambda: late)
    assert score.main([]) == 0
    before = read_list(shop_of_version, 1)

    late_rows.arrive()
    capsys.readouterr()
    assert score.main(["--json", "--as-of", AS_OF.isoformat()]) == 0

    assert json.loads(capsys.readouterr().out)["was_written"]
    assert read_list(shop_of_version, 1) != before
    assert 57 in read_list(shop_of_version, 1)[:5]


def read_list(engine: Engine, user_id: int) -> list[int]:
    batch_id = fetch_pointed_batch(engine)
    assert batch_id is not None
    rows = read_stored_rows(engine, batch_id)
    return rows.filter(user_id=user_id)["product_id"].to_list()


def test_a_number_that_came_again_for_another_version_is_scored_anew(
    command: ScriptedRegistry, shop_of_version: Engine, trained_shop: TrainedShop, tmp_path: Path
) -> None:
    assert score.main([]) == 0

    command.folders[1] = reissue(trained_shop.folder, tmp_path / "other")
    command.run_ids[1] = "another-run"
    assert score.main([]) == 0

    assert fetch_pointed_batch(shop_of_version) != trained_shop.batch_id(1)
    served = tmp_path / "models" / "1" / "golden.json"
    assert served.read_bytes() == (tmp_path / "other" / "golden.json").read_bytes()
