"""Reading of the settings: from the environment, `.env`, secret files, and what `make up` kept in `VAR_DIR`."""

import sys
from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr, ValidationError

from settings.fields import Settings
from settings.kept import InstalledSettings, SettingsOfAnotherShop, read_kept_settings
from settings.release import require_known_release

SECRETS_DIR = Path("/run/secrets")


@lru_cache
def load_settings() -> Settings:
    """Read the settings once per process.

    The environment wins over `.env`, which wins over the container's secret files (one file a setting, named like it),
    and those over what `make up` kept in `VAR_DIR`.

    Raises:
        SystemExit: settings have the wrong type or range; one line names each with its value.
        NewerReleaseError: a newer release has written the installation.
    """
    return _of_known_release(_load(InstalledSettings))


def load_settings_of_any_release() -> Settings:
    """Read the settings as `load_settings` does, for what only looks at an installation, or stops it."""
    return _load(InstalledSettings)


def load_settings_of_another_shop() -> Settings:
    """Read the settings as `load_settings` does, without what was kept for the shop before."""
    return _of_known_release(_load(SettingsOfAnotherShop))


def _of_known_release(settings: Settings) -> Settings:
    require_known_release(settings.var_dir, read_kept_settings(settings.var_dir))
    return settings


def _load(kind: type[Settings]) -> Settings:
    try:
        return kind(_secrets_dir=SECRETS_DIR if SECRETS_DIR.is_dir() else None)
    except ValidationError as err:
        sys.exit(f"A setting is wrong. {'; '.join(_describe_wrong(err))}. They are described in .env.example.")


def _describe_wrong(error: ValidationError) -> list[str]:
    """Name each wrong setting with its value, secrets without, and what is wrong with it."""
    described = []
    for wrong in error.errors():
        if not wrong["loc"]:  # a rule over several settings says all of it, and shows no value
            described.append(wrong["msg"].removeprefix("Value error, "))
            continue
        name = ".".join(map(str, wrong["loc"]))
        field = Settings.model_fields.get(name)
        shown = "..." if field is not None and field.annotation is SecretStr else repr(wrong["input"])
        described.append(f"{name.upper()}={shown}: {wrong['msg']}")
    return described
