"""TLS demanded and verified, and logins without it, on real servers: pymysql, asyncmy (API), mysqlclient (Airflow)."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from deploy.compose.databases import connect_as_root
from deploy.development.production_packages import find_python
from shop.database import open_engine, open_loop_engine
from shop.failures import find_remedy
from tests.support.certificates import write_certificates
from tests.support.database_servers import HOST, KINDS, DatabaseServer, run_server

CIPHER = text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
WITHOUT_TLS = {"mysql": "--tls-version=", "mariadb": "--skip-ssl"}


def connect_by_pymysql(url: str) -> str:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return str(connection.execute(CIPHER).one()[1])
    finally:
        engine.dispose()


def connect_by_asyncmy(url: str) -> str:
    async def connect() -> str:
        engine = open_loop_engine(url)
        async with engine.connect() as connection:
            return str((await connection.execute(CIPHER)).one()[1])

    return asyncio.run(connect())


def with_authority(url: str, authority: Path, host: str = HOST) -> str:
    return make_url(url).set(host=host).update_query_dict({"ssl_ca": str(authority)}).render_as_string(False)


@pytest.fixture(params=[connect_by_pymysql, connect_by_asyncmy], ids=["pymysql", "asyncmy"])
def connect(request: pytest.FixtureRequest) -> Callable[[str], str]:
    return request.param


@pytest.fixture
def guarded_url(any_server: DatabaseServer, any_server_url: str) -> str:
    """A database whose account is let in by TLS alone."""
    any_server.execute(f"ALTER USER '{make_url(any_server_url).username}'@'%' REQUIRE SSL")
    return any_server_url


@pytest.fixture(scope="module", params=KINDS)
def plain_server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    """A server that offers no TLS."""
    with run_server(request.param, WITHOUT_TLS[request.param]) as server:
        yield server


def test_an_account_that_requires_tls_is_reached_with_the_right_authority(
    connect: Callable[[str], str], any_server: DatabaseServer, guarded_url: str
) -> None:
    assert connect(with_authority(guarded_url, any_server.folder / "ca.pem")).startswith("TLS_")


def test_a_certificate_of_another_authority_is_refused(
    connect: Callable[[str], str], guarded_url: str, tmp_path: Path
) -> None:
    write_certificates(tmp_path, HOST)

    with pytest.raises(OperationalError, match="certificate verify failed") as caught:
        connect(with_authority(guarded_url, tmp_path / "ca.pem"))

    assert "ssl_ca" in (find_remedy(caught.value) or "")


def test_a_certificate_for_another_host_is_refused(
    connect: Callable[[str], str], any_server: DatabaseServer, guarded_url: str
) -> None:
    with pytest.raises(OperationalError, match=r"certificate verify failed.*localhost"):
        connect(with_authority(guarded_url, any_server.folder / "ca.pem", host="localhost"))


def test_a_server_without_tls_is_refused_when_tls_is_demanded(
    connect: Callable[[str], str], plain_server: DatabaseServer
) -> None:
    url = plain_server.create_database()

    with pytest.raises(OperationalError):
        connect(with_authority(url, plain_server.folder / "ca.pem"))


def test_a_first_login_without_tls_works(connect: Callable[[str], str], plain_server: DatabaseServer) -> None:
    url = plain_server.create_database()  # its password is in no server's cache: MySQL asks for it encrypted by RSA

    assert connect(url) == ""


def connect_by_mysqlclient(url: str) -> "subprocess.CompletedProcess[str]":
    python = find_python()
    assert python is not None, "this test needs production's packages: run `python -m deploy.development.system_tools`"
    code = (
        "import sys, sqlalchemy\n"
        "connection = sqlalchemy.create_engine(sys.argv[1]).connect()\n"
        f"print(connection.execute(sqlalchemy.text({str(CIPHER)!r})).one()[1])\n"
    )
    parsed = make_url(url).set(drivername="mysql+mysqldb").update_query_dict({"ssl_mode": "VERIFY_IDENTITY"})
    command = [str(python), "-c", code, parsed.render_as_string(False)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_airflows_driver_verifies_the_authority(any_server: DatabaseServer, guarded_url: str, tmp_path: Path) -> None:
    write_certificates(tmp_path, HOST)

    let_in = connect_by_mysqlclient(with_authority(guarded_url, any_server.folder / "ca.pem"))
    refused = connect_by_mysqlclient(with_authority(guarded_url, tmp_path / "ca.pem"))

    assert let_in.stdout.startswith("TLS_"), let_in.stderr
    assert refused.returncode != 0
    assert "TLS/SSL error" in refused.stderr


def test_airflows_driver_refuses_a_server_without_tls(plain_server: DatabaseServer) -> None:
    refused = connect_by_mysqlclient(with_authority(plain_server.create_database(), plain_server.folder / "ca.pem"))

    assert refused.returncode != 0
    assert "SSL is required" in refused.stderr


def test_an_authority_that_is_not_there_is_named(connect: Callable[[str], str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ssl_ca.*gone\.pem"):
        connect(with_authority("mysql+pymysql://me@127.0.0.1:1/shop", tmp_path / "gone.pem"))


def test_root_verifies_the_server_where_the_services_do(any_server: DatabaseServer, tmp_path: Path) -> None:
    write_certificates(tmp_path, HOST)
    url = make_url(f"mysql+pymysql://{HOST}:{any_server.port}/shop")

    connect_as_root(
        url.update_query_dict({"ssl_ca": str(any_server.folder / "ca.pem")}), any_server.root_password
    ).close()
    with pytest.raises(Exception, match="certificate verify failed"):
        connect_as_root(url.update_query_dict({"ssl_ca": str(tmp_path / "ca.pem")}), any_server.root_password)
