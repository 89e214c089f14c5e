"""Certificate to try TLS with, for this machine's own names; no browser trusts it. A real one takes its place as files.

Standard library only, like the secrets that it lies beside; the certificate itself is openssl's work.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from command import say

CERTIFICATE, KEY = "tls_certificate", "tls_key"
DAYS = 365
NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"
DRAW = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(DAYS))
BEGIN = "-----BEGIN CERTIFICATE-----"


def is_wanted(folder: Path) -> bool:
    """Return whether a folder has neither certificate nor key, and they can be drawn here.

    Raises:
        ValueError: one of the two is there without the other.
    """
    there = [name for name in (CERTIFICATE, KEY) if (folder / name).exists()]
    if len(there) == 1:
        raise ValueError(
            f"secrets/{there[0]} is there alone; {CERTIFICATE} and {KEY} belong together: add or delete one"
        )
    if not there and shutil.which("openssl") is None:
        say("no certificate for docker-compose.tls.yml is drawn: openssl is not installed")
        return False
    return not there


def draw_certificate() -> dict[str, str]:
    """Draw a key and a certificate that it signs itself.

    Returns:
        Certificate and key in PEM, by the names of their files.

    Raises:
        OSError: openssl refuses.
    """
    command = ["openssl", *DRAW, "-subj", "/CN=localhost", "-addext", NAMES, "-keyout", "-", "-out", "-"]
    drawn = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if drawn.returncode != 0:
        raise OSError(f"openssl drew no certificate: {drawn.stderr.strip()[-300:]}")
    key, begin, certificate = drawn.stdout.partition(BEGIN)
    return {CERTIFICATE: begin + certificate, KEY: key}
