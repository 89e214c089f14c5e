import json
import os
import stat
from pathlib import Path

import pytest

from deploy.compose.credentials import DRAWN, READ_ONLY_URLS, SEEN_BY_DATABASES, URLS, stamp, write_env, write_secrets

OWNER = (os.getuid(), os.getgid())
MIN_LENGTH = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_secrets(tmp_path / "secrets", OWNER)
    return tmp_path / "secrets"


def test_every_secret_is_long_and_readable_by_its_owner_alone(folder: Path) -> None:
    files = list(folder.iterdir())

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(files) == 21
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert len(file.read_text()) >= MIN_LENGTH, file.name


def test_a_certificate_is_left_alone_and_half_of_one_is_refused(folder: Path) -> None:
    (folder / "tls_certificate").write_text("theirs")

    assert write_secrets(folder, OWNER) == []
    assert (folder / "tls_certificate").read_text() == "theirs"
    (folder / "tls_key").unlink()
    with pytest.raises(ValueError, match="secrets/tls_certificate is there alone"):
        write_secrets(folder, OWNER)


def test_a_machine_without_openssl_gets_every_secret_but_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    written = write_secrets(tmp_path / "secrets", OWNER)

    assert {"tls_certificate", "tls_key"}.isdisjoint(written)
    assert "openssl is not installed" in capsys.readouterr().out


def test_two_installations_share_no_secret(tmp_path: Path, folder: Path) -> None:
    write_secrets(tmp_path / "other", OWNER)

    for file in folder.iterdir():
        assert file.read_text() != (tmp_path / "other" / file.name).read_text(), file.name


def test_generating_again_changes_nothing(folder: Path) -> None:
    before = {file.name: file.read_text() for file in folder.iterdir()}

    written = write_secrets(folder, OWNER)

    assert written == []
    assert {file.name: file.read_text() for file in folder.iterdir()} == before


def test_a_client_file_made_later_holds_the_password_that_the_server_has(folder: Path) -> None:
    (folder / "mlflow_credentials").unlink()

    write_secrets(folder, OWNER)

    assert (folder / "mlflow_admin_password").read_text() in (folder / "mlflow_credentials").read_text()


def test_the_object_store_knows_the_account_that_its_clients_have(folder: Path) -> None:
    write_secrets(folder, OWNER, ["aws_secret_access_key"])

    [account] = json.loads((folder / "object_store_accounts").read_text())["identities"]

    secret = (folder / "aws_secret_access_key").read_text()
    assert account["credentials"] == [{"accessKey": "31ie", "secretKey": secret}]


def test_the_owner_and_the_stamps_are_added_to_env_and_other_lines_stay(tmp_path: Path, folder: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("API_PORT=18000\nAPP_UID=5\nSECRETS_STAMP=old\n")

    write_env(env_file, (1000, 1001), folder)

    assert env_file.read_text().splitlines() == [
        "API_PORT=18000",
        "APP_UID=1000",
        "APP_GID=1001",
        f"SECRETS_STAMP={stamp(folder)}",
        f"DATABASES_STAMP={stamp(folder, SEEN_BY_DATABASES)}",
    ]


@pytest.mark.parametrize("name", sorted(set(DRAWN) - {"mysql_root_password"}))
def test_a_renewed_secret_is_another_and_changes_the_stamp(folder: Path, name: str) -> None:
    before, stamped = (folder / name).read_text(), stamp(folder)

    written = write_secrets(folder, OWNER, [name])

    assert name in written
    assert (folder / name).read_text() != before
    assert stamp(folder) != stamped
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", [*URLS, *READ_ONLY_URLS])
def test_a_renewed_url_keeps_what_was_edited_by_hand(folder: Path, name: str) -> None:
    (folder / name).write_text("mysql+pymysql://me:old@db.example:3399/mine?charset=utf8mb4&ssl_ca=/ca.pem")

    write_secrets(folder, OWNER, [name])

    head, _, tail = (folder / name).read_text().partition("@")
    assert tail == "db.example:3399/mine?charset=utf8mb4&ssl_ca=/ca.pem"
    assert head.startswith("mysql+pymysql://me:")
    assert len(head) > MIN_LENGTH + len("mysql+pymysql://me:")


def test_an_installation_with_one_account_on_its_shop_gets_one_that_reads(tmp_path: Path) -> None:
    folder, shared = tmp_path / "secrets", "mysql+pymysql://shop:kept@db.example:3399/shop?ssl_ca=/ca.pem"
    folder.mkdir()
    (folder / "shop_database_url").write_text(shared)

    write_secrets(folder, OWNER)

    assert (folder / "shop_owner_database_url").read_text() == shared
    for name, account, database in (("shop", "shop_reader", "shop"), ("platform", "platform", "platform")):
        url = (folder / f"{name}_database_url").read_text()
        assert url.startswith(f"mysql+pymysql://{account}:")
        assert url.endswith(f"@db.example:3399/{database}?ssl_ca=/ca.pem"), "on the server that was named by hand"


def test_the_clients_login_follows_the_administrators_password(folder: Path) -> None:
    (folder / "mlflow_admin_password").write_text("a password that was replaced by hand")

    assert write_secrets(folder, OWNER) == ["mlflow_credentials"]
    assert "a password that was replaced by hand" in (folder / "mlflow_credentials").read_text()


@pytest.mark.parametrize(
    ("name", "words"),
    [("mysql_root_password", "change it in MySQL"), ("api_tokenkey", "choose from .*api_token_key")],
    ids=["root's", "unknown"],
)
def test_what_cannot_be_renewed_is_refused_and_nothing_is_written(folder: Path, name: str, words: str) -> None:
    before = stamp(folder)

    with pytest.raises(ValueError, match=words):
        write_secrets(folder, OWNER, ["api_token_key", name])

    assert stamp(folder) == before


def test_a_stamp_tells_nothing_of_a_secret_and_ignores_the_line_break_at_the_end(folder: Path) -> None:
    stamped = stamp(folder)
    path = folder / "api_token_key"
    path.write_text(path.read_text() + "\n")

    assert stamp(folder) == stamped
    assert len(stamped) == 16
