from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.backups.folder import Manifest
from deploy.backups.revisions import read_revisions, require_known
from deploy.interpreter import SetupError
from settings.release import RELEASE
from shop.migrate import PLATFORM, list_revisions, migrate


def test_each_schema_has_its_databases_revision_and_none_without_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'platform.db'}"

    revision = migrate(url, PLATFORM)

    assert read_revisions({"platform": url}) == {"shop": "", "platform": revision}


def test_a_newer_releases_backup_is_refused_and_an_older_ones_is_not() -> None:
    def of(release: str, revision: str) -> Manifest:
        return Manifest(datetime(2026, 11, 29, tzinfo=UTC), release, {"shop": "", "platform": revision}, {})

    known = list_revisions(PLATFORM)[-1]
    require_known(of(RELEASE, known))
    with pytest.raises(SetupError, match=r"took this backup, and its platform's schema 9999 is not known here"):
        require_known(of(RELEASE, "9999"))
    with pytest.raises(SetupError, match=r"Release 9\.8\.7 took this backup, and this is release"):
        require_known(of("9.8.7", known))
