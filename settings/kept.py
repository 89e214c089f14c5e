"""Settings that `make up` was given, kept in `VAR_DIR` for every later command of the installation."""

import json
from pathlib import Path
from typing import ClassVar

from pydantic import SecretStr
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from settings.fields import Settings, derive
from settings.object_store import ObjectStoreSettings
from settings.release import RELEASE

KEPT_FILE = "settings.json"
PORTS = ("api_port", "serving_port", "mlflow_port", "airflow_port")
FOLDER = "var_dir"
"""The one setting that is not kept: it names the folder that keeps the others."""
ALWAYS_KEPT = (
    *PORTS,
    "host",
    "shop",
    "shop_database_url",
    "platform_database_url",
    "shop_owner_database_url",
    "shop_mapping",
    "catalogue",
    "catalogue_seconds",
    "ml_store_uri",
    "mlflow_tracking_uri",
    "model_name",
    "currency",
)
"""Kept though nobody gave them: with them data is made, and a later default must not change what it means."""
OF_A_SHOP = (
    "shop",
    "shop_database_url",
    "shop_owner_database_url",
    "shop_mapping",
    "catalogue",
    "platform_database_url",
    "ml_store_uri",
    "mlflow_tracking_uri",
    "mlflow_artifacts_uri",
)
"""What another shop does not inherit from the one before."""


class InstalledSettings(Settings):
    """Settings of this process, and for what nobody gave, those that `make up` kept in `VAR_DIR`."""

    forgotten: ClassVar[frozenset[str]] = frozenset()
    """Settings that count no more, though they were kept."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ask the file in `VAR_DIR` last."""
        return init_settings, env_settings, dotenv_settings, file_secret_settings, _KeptSettings(settings_cls)


class SettingsOfAnotherShop(InstalledSettings):
    """Settings of an installation that is to have another shop: ports and the like stay, the shop is named anew."""

    forgotten: ClassVar[frozenset[str]] = frozenset(OF_A_SHOP)


class _KeptSettings(InitSettingsSource):
    """What `keep_settings` wrote into the folder that the other sources name."""

    def __init__(self, settings_cls: type[BaseSettings]):
        super().__init__(settings_cls, init_kwargs={})

    def __call__(self) -> dict[str, object]:
        kept = read_kept_settings(Path(str(self.current_state.get("var_dir") or "var")))
        forgotten: frozenset[str] = getattr(self.settings_cls, "forgotten", frozenset())
        return {name: value for name, value in kept.items() if name not in forgotten}


def keep_settings(settings: Settings) -> None:
    """Write down where an installation runs, and by which release, for commands that are given its `VAR_DIR` alone."""
    kept = {"release": RELEASE, **describe_given(settings)}
    write_private(settings.var_dir / KEPT_FILE, json.dumps(kept, indent=1) + "\n")


def describe_given(settings: Settings) -> dict[str, object]:
    """Return what is kept of settings: all that is not the default and does not follow from `VAR_DIR` and the ports."""
    usual = {name: field.default for name, field in Settings.model_fields.items() if name not in ALWAYS_KEPT}
    usual |= derive({name: getattr(settings, name) for name in (FOLDER, *PORTS)})
    usual["shop_owner_database_url"] = settings.shop_database_url
    values = {name: getattr(settings, name) for name in Settings.model_fields if name != FOLDER}
    if not settings.has_object_store:  # they are there for something else
        values = {name: value for name, value in values.items() if name not in ObjectStoreSettings.model_fields}
    return {name: _to_json(value) for name, value in values.items() if name not in usual or value != usual[name]}


def _to_json(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def read_kept_settings(var_dir: Path) -> dict[str, object]:
    """Read what `make up` kept; empty before the first."""
    path = var_dir / KEPT_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, for the owner's eyes only."""
    written = path.with_name(f"{path.name}.new")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600)
    written.write_text(text, encoding="utf-8")
    written.replace(path)
