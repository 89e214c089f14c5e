"""The Fernet key of MLflow's webhook secrets: with another one after a restart, none could be decrypted."""

import base64
import secrets
from pathlib import Path


def ensure_webhook_key(path: Path) -> str:
    """Read the key; draw it the first time, for its owner's eyes only (mode 0600).

    Returns:
        32 random bytes in URL-safe base64, as Fernet wants them.
    """
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), encoding="ascii")
    return path.read_text(encoding="ascii")
