import os
import stat

import pytest

from production.credentials import write_owner, write_secrets

OWNER = (os.getuid(), os.getgid())
MIN_LENGTH = 20


@pytest.fixture
def folder(tmp_path):
    write_secrets(tmp_path / "secrets", OWNER)
    return tmp_path / "secrets"


def test_every_secret_is_long_and_readable_by_its_owner_alone(folder):
    files = list(folder.iterdir())

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(files) == 12
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert len(file.read_text()) >= MIN_LENGTH, file.name


def test_two_installations_share_no_secret(tmp_path, folder):
    write_secrets(tmp_path / "other", OWNER)

    for file in folder.iterdir():
        assert file.read_text() != (tmp_path / "other" / file.name).read_text(), file.name


def test_generating_again_changes_nothing(folder):
    before = {file.name: file.read_text() for file in folder.iterdir()}

    written = write_secrets(folder, OWNER)

    assert written == []
    assert {file.name: file.read_text() for file in folder.iterdir()} == before


def test_a_client_file_made_later_holds_the_password_that_the_server_has(folder):
    (folder / "mlflow_credentials").unlink()

    write_secrets(folder, OWNER)

    assert (folder / "mlflow_admin_password").read_text() in (folder / "mlflow_credentials").read_text()


def test_the_owner_is_added_to_env_and_other_lines_stay(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("API_PORT=18000\nAPP_UID=5\n")

    write_owner(env_file, (1000, 1001))

    assert env_file.read_text() == "API_PORT=18000\nAPP_UID=1000\nAPP_GID=1001\n"
