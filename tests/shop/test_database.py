from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DatabaseError

from shop.database import name_database, open_engine, session_scope
from shop.migrate import migrate
from shop.tables import Category, User


def count_users(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(User)) or 0


def test_a_session_that_raises_leaves_nothing(any_empty_shop: Engine) -> None:
    def add_and_stop() -> None:
        with session_scope(any_empty_shop) as session:
            session.add(User(user_id=1, nickname="a"))
            session.flush()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        add_and_stop()

    assert count_users(any_empty_shop) == 0


def test_a_read_only_engine_reads_but_cannot_write(any_shop_url: str) -> None:
    writer, reader = open_engine(any_shop_url), open_engine(any_shop_url, read_only=True)
    migrate(writer)
    with session_scope(writer) as session:
        session.add(User(user_id=1, nickname="a"))

    assert count_users(reader) == 1
    with pytest.raises(DatabaseError), reader.begin() as connection:
        connection.execute(text("UPDATE users SET nickname = 'b'"))
    writer.dispose()
    reader.dispose()


def test_a_reader_keeps_its_snapshot_while_another_writes(empty_shop: Engine) -> None:
    with empty_shop.connect() as reader:
        before = reader.scalar(select(func.count()).select_from(User))
        with session_scope(empty_shop) as session:
            session.add(User(user_id=1, nickname="a"))

        assert reader.scalar(select(func.count()).select_from(User)) == before == 0
    assert count_users(empty_shop) == 1


def test_mysql_sessions_run_in_utc_and_never_send_files(any_server_url: str) -> None:
    engine = open_engine(any_server_url)

    with engine.connect() as connection:
        zone, isolation = connection.scalar(text("SELECT @@time_zone")), connection.get_isolation_level()
        now = connection.scalar(text("SELECT NOW()"))
        assert not connection.connection.dbapi_connection._local_infile
    engine.dispose()

    assert (zone, isolation) == ("+00:00", "READ COMMITTED")
    assert abs((datetime.now(UTC).replace(tzinfo=None) - now).total_seconds()) < 60


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="SHOP_DATABASE_URL"):
        open_engine("postgresql://localhost/shop")


def test_json_never_holds_nan(any_empty_shop: Engine) -> None:
    from sqlalchemy.exc import StatementError

    from shop.tables import AuditLog

    with pytest.raises(StatementError), session_scope(any_empty_shop) as session:
        session.add(AuditLog(actor="a", action="b", subject="c", details={"score": float("nan")}))


def test_foreign_keys_hold(any_empty_shop: Engine) -> None:
    with pytest.raises(DatabaseError), any_empty_shop.begin() as connection:
        connection.execute(text("INSERT INTO products (category_id, title, price) VALUES (9, 'x', 1)"))
    with session_scope(any_empty_shop) as session:
        assert session.get(Category, 9) is None


def test_a_database_is_named_as_its_folder_is_called(tmp_path: Path) -> None:
    path = tmp_path / "내 가게 (1)" / "shop.db"

    assert name_database(open_engine(f"sqlite:///{path}")) == f"sqlite:///{path}"


def test_a_database_is_named_without_its_password() -> None:
    assert name_database(open_engine("mysql+pymysql://reader:geheim@shop.example/shop")) == (
        "mysql+pymysql://reader:***@shop.example/shop"
    )


def test_text_of_a_file_that_is_not_utf8_costs_itself_alone(empty_shop: Engine) -> None:
    odd: list[None] = []
    engine = open_engine(empty_shop.url, read_only=True, at_odd_text=lambda: odd.append(None))
    with empty_shop.begin() as connection:
        users = "(1, CAST(X'4dff' AS TEXT)), (2, '민지')"
        connection.exec_driver_sql(f"INSERT INTO users (user_id, nickname) VALUES {users}")

    with engine.connect() as connection:
        names = connection.scalars(select(User.nickname).order_by(User.user_id)).all()

    assert names == ["M\ufffd", "민지"]
    assert len(odd) == 1
