from collections.abc import Iterator
from typing import Any

import pymysql
import pytest
from sqlalchemy import URL, create_engine, make_url, text

from deploy.compose.databases import SELECT, account_statements, create_accounts, require_triggers
from tests.support.database_servers import DatabaseServer


def url_of(server: DatabaseServer, name: str, password: str) -> URL:
    return make_url(f"mysql+pymysql://{name}:{password}@127.0.0.1:{server.port}/{name}?charset=utf8mb4")


@pytest.fixture
def urls(any_server: DatabaseServer) -> Iterator[list[URL]]:
    urls = [url_of(any_server, name, f"first-password-of-{name}") for name in ("acc_one", "acc_two")]
    with any_server.connect() as connection:
        create_accounts(connection, urls)
    yield urls
    with any_server.connect() as connection, connection.cursor() as cursor:
        for url in urls:
            cursor.execute(f"DROP USER '{url.username}'@'%'")
            cursor.execute(f"DROP DATABASE {url.database}")


def databases_seen_by(url: URL) -> set[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        names = set(connection.scalars(text("SHOW DATABASES")))
    engine.dispose()
    return names - {"information_schema", "performance_schema"}


def test_each_account_sees_its_own_database_alone(urls: list[URL]) -> None:
    assert [databases_seen_by(url) for url in urls] == [{"acc_one"}, {"acc_two"}]


def test_an_account_that_reads_the_shop_may_do_nothing_else(any_server: DatabaseServer, urls: list[URL]) -> None:
    reader = urls[0].set(username="acc_reader", password="password-of-the-reader")
    with any_server.connect() as connection, connection.cursor() as cursor:
        create_accounts(connection, [reader], SELECT)
        cursor.execute("CREATE TABLE acc_one.notes (note INT)")
    engine = create_engine(reader)

    with engine.connect() as session:
        grants = [str(grant) for grant in session.scalars(text("SHOW GRANTS"))]
        assert session.execute(text("SELECT * FROM notes")).all() == []
        for statement in ("INSERT INTO notes VALUES (1)", "DROP TABLE notes", "CREATE TABLE more (note INT)"):
            with pytest.raises(Exception, match="1142"):
                session.execute(text(statement))

    engine.dispose()
    any_server.execute("DROP USER 'acc_reader'@'%'")
    assert [grant.split(" TO ")[0] for grant in grants] == ["GRANT USAGE ON *.*", "GRANT SELECT ON `acc_one`.*"]


def test_an_account_that_was_given_more_than_reading_loses_it(any_server: DatabaseServer, urls: list[URL]) -> None:
    reader = urls[0].set(username="acc_more", password="password-of-the-reader")
    with any_server.connect() as connection, connection.cursor() as cursor:
        create_accounts(connection, [reader])
        cursor.execute("GRANT SELECT ON acc_two.* TO 'acc_more'@'%'")

        create_accounts(connection, [reader], SELECT)

        cursor.execute("SHOW GRANTS FOR 'acc_more'@'%'")
        grants = [str(grant).split(" TO ")[0] for (grant,) in cursor.fetchall()]
        cursor.execute("DROP USER 'acc_more'@'%'")
    assert grants == ["GRANT USAGE ON *.*", "GRANT SELECT ON `acc_one`.*"]


def test_a_replaced_password_takes_effect_and_the_old_one_ends(any_server: DatabaseServer, urls: list[URL]) -> None:
    renewed = url_of(any_server, "acc_one", "second-password-of-acc_one")

    with any_server.connect() as connection:
        create_accounts(connection, [renewed])

    assert databases_seen_by(renewed) == {"acc_one"}
    with pytest.raises(Exception, match="Access denied"):
        databases_seen_by(urls[0])


def read_variables(server: DatabaseServer, *names: str) -> Any:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'@@{name}' for name in names)}")
        return cursor.fetchone()


def test_the_servers_of_the_tests_are_set_up_as_production(any_server: DatabaseServer, urls: list[URL]) -> None:
    with any_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT plugin FROM mysql.user WHERE user = 'acc_one'")
        [(plugin,)] = cursor.fetchall()

    assert read_variables(any_server, "log_bin", "log_bin_trust_function_creators", "local_infile") == (1, 1, 0)
    assert read_variables(any_server, "time_zone", "character_set_server") == ("+00:00", "utf8mb4")
    if any_server.kind == "mysql":
        assert plugin == "caching_sha2_password"
        assert read_variables(any_server, "collation_server", "binlog_format") == ("utf8mb4_0900_ai_ci", "ROW")


@pytest.fixture
def distrustful_server(any_server: DatabaseServer) -> Iterator[DatabaseServer]:
    any_server.execute("SET GLOBAL log_bin_trust_function_creators = 0")
    yield any_server
    any_server.execute("SET GLOBAL log_bin_trust_function_creators = 1")


def create_trigger(url: URL) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE notes (note INT)"))
        connection.execute(text("CREATE TRIGGER watched BEFORE UPDATE ON notes FOR EACH ROW SET NEW.note = 1"))
    engine.dispose()


def test_an_account_may_create_triggers_on_a_server_set_up_as_in_production(
    any_server: DatabaseServer, urls: list[URL]
) -> None:
    with any_server.connect() as connection, connection.cursor() as cursor:
        require_triggers(cursor)

    create_trigger(urls[0])


def test_a_server_that_would_refuse_triggers_is_refused_with_what_to_set(
    distrustful_server: DatabaseServer, urls: list[URL]
) -> None:
    with (
        pytest.raises(ValueError, match="set log_bin_trust_function_creators=1"),
        distrustful_server.connect() as connection,
        connection.cursor() as cursor,
    ):
        require_triggers(cursor)

    with pytest.raises(Exception, match="1419"):
        create_trigger(urls[0])


@pytest.mark.parametrize("name", ["", "shop`; DROP", "Shop", "a" * 33], ids=["empty", "quotes", "capital", "long"])
def test_a_name_that_would_need_quoting_is_refused(name: str) -> None:
    url = make_url("mysql+pymysql://shop:x@mysql/shop").set(username=name)

    with pytest.raises(ValueError, match="no name for an account"):
        account_statements(url)


def test_no_password_stands_in_a_statement() -> None:
    url = make_url("mysql+pymysql://shop:the-password@mysql/shop")

    assert all("the-password" not in statement for statement, _ in account_statements(url))


def test_an_unreachable_server_is_an_error_of_the_driver() -> None:
    from deploy.compose.databases import connect_as_root

    with pytest.raises(pymysql.MySQLError):
        connect_as_root(make_url("mysql+pymysql://shop:x@127.0.0.1:1/shop"), "x")
