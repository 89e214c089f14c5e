"""Which MySQL the tests take; that one can be fetched is shown by every test that runs on it."""

from pathlib import Path

import pytest

from deploy import mysql_server
from deploy.mysql_server import NoMySqlError, fetch_mysql, find_mysql, find_source, read_version


def write_program(folder: Path, says: str) -> str:
    program = folder / "mysqld"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("/usr/sbin/mysqld  Ver 8.0.36-0ubuntu0 for Linux on x86_64 ((Ubuntu))", "8.0.36"),
        ("mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", "9.7.4"),
        ("mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community Server)", None),
        ("mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)", None),
    ],
    ids=["8", "9", "too old", "MariaDB"],
)
def test_only_mysql_8_or_later_counts(tmp_path: Path, says: str, version: str | None) -> None:
    assert read_version((write_program(tmp_path, says),)) == version


def test_an_installed_mysql_is_taken_before_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = write_program(tmp_path, "mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    found = find_mysql()

    assert found is not None
    assert (found.command[0], found.version) == (program, "8.4.2")


def test_without_apt_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mysql_server, "CACHE", tmp_path / "cache")

    with pytest.raises(NoMySqlError, match="Install MySQL 8 or later") as caught:
        fetch_mysql()

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("listed", "source", "package"),
    [
        ("http://a/debian/ bookworm /k.gpg", "deb [signed-by=/k.gpg] http://a/debian/ sid main\n", "mysql-server-core"),
        (
            "http://a/ubuntu/ noble /k.gpg",
            "deb [signed-by=/k.gpg] http://a/ubuntu/ noble main\n",
            "mysql-server-core-8.0",
        ),
    ],
    ids=["Debian", "Ubuntu"],
)
def test_mysql_comes_from_the_archive_that_the_machine_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: str, source: str, package: str
) -> None:
    origin = "Ubuntu" if "ubuntu" in listed else "Debian"
    apt = tmp_path / "apt-get"
    apt.write_text(f"#!/bin/sh\ncase \"$*\" in *'Origin: {origin}'*) echo '{listed}' ;; esac\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert find_source() == (source, package)


def test_half_a_download_is_not_taken_for_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mysql_server, "CACHE", tmp_path)
    monkeypatch.setattr(mysql_server, "PLACES", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "mysql-part-1234").mkdir()
    (tmp_path / "mysql-9.7.4-data").mkdir()

    assert find_mysql() is None
