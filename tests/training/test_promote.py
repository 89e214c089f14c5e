"""Moving the alias from a terminal, on MLflow's SQLite backend and a real shop database."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mlflow import MlflowClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from settings import Settings
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from shop.tables import AuditLog
from training import promote
from training.registry.alias import MoveError, move_champion
from training.registry.audit_log import note_seen, note_served
from training.registry.client import CHAMPION, NamedVersion, Registry, connect


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(var_dir=tmp_path, mlflow_tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setattr(promote, "load_settings", lambda: settings)
    migrate(settings.platform_database_url, PLATFORM)
    return settings


@pytest.fixture
def registry(settings: Settings) -> Registry:
    """Versions 1 to 3, of which the gate refused the last; version 1 is champion."""
    client = MlflowClient(settings.mlflow_tracking_uri, settings.mlflow_tracking_uri)
    client.create_registered_model(settings.model_name)
    for verdict in ("promote", "keep", "refuse"):
        client.create_model_version(settings.model_name, "runs:/none", tags={"verdict": verdict, "reason": "so."})
    registry = connect(settings.mlflow_tracking_uri, settings.model_name)
    registry.set_alias(CHAMPION, 1)
    return registry


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return open_engine(settings.platform_database_url)


def moves(engine: Engine) -> list[tuple[str, str | None, str | None]]:
    with Session(engine) as session:
        alias = select(AuditLog).where(AuditLog.subject == "alias/champion")
        rows = session.scalars(alias.order_by(AuditLog.audit_id)).all()
        return [(row.action, row.from_value, row.to_value) for row in rows]


def test_promotion_and_rollback_leave_an_audit_row_each(registry: Registry, engine: Engine) -> None:
    note_served(engine, 1, registry.run_id_of(1))
    assert promote.main(["2"]) == 0
    assert registry.resolve_alias(CHAMPION) == 2
    note_served(engine, 2, registry.run_id_of(2))

    assert promote.main(["--rollback"]) == 0

    assert registry.resolve_alias(CHAMPION) == 1
    assert moves(engine) == [("promote", "1", "2"), ("roll back", "2", "1")]
    with Session(engine) as session:
        why = session.scalars(select(AuditLog.reason).where(AuditLog.subject == "alias/champion")).all()
    assert why == ["promoted from a terminal", "rolled back"]


def test_a_rollback_passes_over_versions_that_never_served(
    registry: Registry, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    note_served(engine, 1, registry.run_id_of(1))
    for version in (3, 2):  # nobody waited until either served
        note_seen(registry, engine, NamedVersion(version, registry.run_id_of(version)), datetime.now(UTC))
    registry.set_alias(CHAMPION, 2)

    assert promote.main(["--rollback"]) == 0

    assert registry.resolve_alias(CHAMPION) == 1


def test_a_rollback_with_nothing_to_go_back_to_says_so(
    registry: Registry, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    note_served(engine, 1, registry.run_id_of(1))

    assert promote.main(["--rollback"]) == 1

    assert "no version but 1 has served yet" in capsys.readouterr().err


def test_the_row_names_who_and_the_verdict(registry: Registry, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")

    promote.main(["2", "--reason", "we want more of the new range"])

    with Session(engine) as session:
        row = session.scalars(select(AuditLog)).one()
    assert (row.actor, row.reason, row.details["verdict"]) == ("ada", "we want more of the new range", "keep")


@pytest.mark.parametrize("arguments", [[], ["2", "--rollback"]], ids=["no target", "two targets"])
def test_exactly_one_target_is_asked_for(registry: Registry, arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        promote.main(arguments)

    assert registry.resolve_alias(CHAMPION) == 1


def test_a_move_says_from_where_to_where(
    settings: Settings, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    promote.main(["2"])
    assert capsys.readouterr().out == "champion moved from version 1 to version 2\n"

    MlflowClient(settings.mlflow_tracking_uri, settings.mlflow_tracking_uri).delete_registered_model_alias(
        settings.model_name, CHAMPION
    )
    promote.main(["2"])
    assert capsys.readouterr().out == "champion moved from nothing to version 2\n"


@pytest.mark.parametrize("error", [KeyError, OSError], ids=["before Python 3.13", "since"])
def test_a_user_without_a_name_leaves_a_row_too(
    registry: Registry, engine: Engine, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def find_no_name() -> str:
        raise error("uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", find_no_name)

    assert promote.main(["2"]) == 0

    with Session(engine) as session:
        assert session.scalars(select(AuditLog.actor)).one() == "a user without a name"


def test_somebody_elses_move_in_between_stops_this_one(
    registry: Registry, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.set_alias(CHAMPION, 2)

    assert promote.main(["1", "--expected", "1"]) == 1

    assert "points at version 2 by now, not at 1" in capsys.readouterr().err
    assert registry.resolve_alias(CHAMPION) == 2
    assert moves(engine) == []
    assert promote.main(["1", "--expected", "2"]) == 0


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(registry: Registry, engine: Engine) -> None:
    note_seen(registry, engine, NamedVersion(1, registry.run_id_of(1)), datetime.now(UTC))
    barrier, told = threading.Barrier(2), []

    def move(version: int) -> None:
        barrier.wait(timeout=60)
        try:
            move_champion(registry, engine, version, 1, actor="test", why="")
        except MoveError as err:
            told.append(str(err))

    threads = [threading.Thread(target=move, args=(version,)) for version in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    winner = registry.resolve_alias(CHAMPION)
    assert winner in (2, 3)
    assert [f"points at version {winner} by now" in words for words in told] == [True]
    assert moves(engine)[1:] == [("promote", "1", str(winner))]


def test_a_refused_version_is_moved_only_with_an_override(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert promote.main(["3"]) == 1
    assert "the gate refused it: so." in capsys.readouterr().err

    assert promote.main(["3", "--override", "to see it in the shop"]) == 0
    assert registry.tags(3)["override"] == "to see it in the shop"


def test_a_version_that_does_not_load_is_not_promoted(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    registry.tag(2, "load_failed", "model.onnx was altered.")

    assert promote.main(["2"]) == 1

    assert "model.onnx was altered" in capsys.readouterr().err
    assert registry.resolve_alias(CHAMPION) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--rollback"], "no version but 1 has served"), (["99"], "MLflow says")],
    ids=["back", "unknown"],
)
def test_what_cannot_be_done_is_said(
    registry: Registry, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert promote.main(arguments) == 1

    said = capsys.readouterr().err
    assert said.startswith("training.promote: ")
    assert words in said


def test_a_shop_that_cannot_take_the_audit_row_keeps_its_champion(
    settings: Settings, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(settings.var_dir / "platform.db").unlink()

    assert promote.main(["2"]) == 1

    assert "audit log cannot be written" in capsys.readouterr().err
    assert registry.resolve_alias(CHAMPION) == 1
