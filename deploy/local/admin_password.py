"""Password of the storefront's admin in embedded mode."""

import secrets
from pathlib import Path

from settings import Settings


def password_file(settings: Settings) -> Path:
    """File that holds the password which was drawn."""
    return settings.var_dir / "api" / "admin_password"


def ensure_admin_password(settings: Settings) -> str:
    """Return the password that is set, else the one drawn at the first start (32 characters, file mode 0600)."""
    if given := settings.api_admin_password.get_secret_value():
        return given
    path = password_file(settings)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    return path.read_text(encoding="utf-8")
