"""Unix sockets of an installation: what is reached through one needs no port and no password."""

import hashlib
import tempfile
from pathlib import Path

LONGEST_PATH = 90  # bytes; the system allows 108 (Linux) or 104 (macOS), supervisord adds its pid


def socket_folder(var_dir: Path) -> Path:
    """Name the folder of the sockets, for their owner alone.

    Args:
        var_dir: the installation's folder.

    Returns:
        `VAR_DIR/run`, or a folder among the temporary files where that path is too long for a socket.
    """
    beside = var_dir / "run"
    if len(str(beside / "supervisor.sock").encode()) <= LONGEST_PATH:
        return beside
    digest = hashlib.sha256(str(beside).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"31ie-{digest}"
