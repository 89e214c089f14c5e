"""Schemas of a backup: which revision each database has, and whether this release knows it."""

from collections.abc import Mapping

from deploy.backups.folder import Manifest
from deploy.interpreter import SetupError
from settings.release import RELEASE, is_newer
from shop.database import engine_scope, open_engine
from shop.migrate import SCHEMAS, list_revisions, read_revision


def read_revisions(urls: Mapping[str, str]) -> dict[str, str]:
    """Return the revision of each schema, empty where its database has none or has no URL.

    Args:
        urls: of databases, by their schema's name.
    """
    revisions = {}
    for name, schema in SCHEMAS.items():
        revisions[name] = ""
        if name in urls:
            with engine_scope(open_engine(urls[name], read_only=True)) as engine:
                revisions[name] = read_revision(engine, schema)
    return revisions


def require_known(manifest: Manifest) -> None:
    """Make sure that no newer release took a backup.

    Raises:
        SetupError: one did; the message names it.
    """
    if is_newer(manifest.version):
        raise SetupError(
            f"Release {manifest.version} took this backup, and this is release {RELEASE}: restore it with that one or "
            "a newer one. Nothing was put in place."
        )
    for name, schema in SCHEMAS.items():
        revision = manifest.revisions.get(name, "")
        if revision and revision not in list_revisions(schema):
            raise SetupError(
                f"Release {manifest.version} took this backup, and its {name}'s schema {revision} is not known here: "
                "install that release or a newer one first."
            )
