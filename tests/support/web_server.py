"""The storefront's web server, real nginx, on a test's ports and folders, with a name server that the test scripts."""

import re
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from deploy.compose.certificate import draw_certificate
from tests.support.ports import free_ports

NGINX = Path(__file__).parents[2] / "frontend" / "nginx"
PATHS = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


class NameServer:
    """Answers each question for an address with `addresses`, as Docker's own does for the replicas of a service."""

    def __init__(self, *addresses: str):
        self.addresses = list(addresses)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(512)
                self._socket.sendto(self._answer(query), client)
            except OSError:  # closed
                return

    def _answer(self, query: bytes) -> bytes:
        end = query.index(b"\0", 12) + 5
        is_ipv4 = query[end - 4 : end - 2] == b"\0\x01"
        found = [b"\xc0\x0c\0\x01\0\x01\0\0\0\x01\0\x04" + socket.inet_aton(each) for each in self.addresses]
        records = found if is_ipv4 else []
        return query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 0) + query[12:end] + b"".join(records)


@dataclass(frozen=True)
class WebServer:
    """A running web server: its process, its three ports, its certificate."""

    process: "subprocess.Popen[bytes]"
    plain: int
    redirecting: int
    secure: int
    certificate: Path


@contextmanager
def web_server(folder: Path, name_server: NameServer, **variables: str) -> Iterator[WebServer]:
    """Start `frontend/nginx/start.sh` with other ports and folders than in its container."""
    ports = dict(zip(("5173", "8080", "8443"), map(str, free_ports(3)), strict=True))
    for name in ("etc", "html", "run", "tmp"):
        (folder / name).mkdir(parents=True)
    places = {
        "/etc/nginx/": f"{folder}/etc/",
        "/etc/resolv.conf": f"{folder}/resolv.conf",
        "/usr/share/nginx/html": f"{folder}/html",
        "/run/secrets/": f"{folder}/run/",
        "/tmp/": f"{folder}/tmp/",
        "exec nginx": f"exec nginx -c {folder}/etc/nginx.conf",
        "daemon off;": "daemon off; user root;",  # whose folders a test's are
        **{f"listen {old}": f"listen 127.0.0.1:{new}" for old, new in ports.items()},
    }
    changed = re.compile("|".join(map(re.escape, places)))
    for path in NGINX.iterdir():
        (folder / "etc" / path.name).write_text(changed.sub(lambda found: places[found[0]], path.read_text()))
    (folder / "etc" / "mime.types").write_text("types { text/html html; }\n")
    (folder / "resolv.conf").write_text(f"nameserver {name_server.address}\n")
    (folder / "html" / "index.html").write_text("<title>pages</title>")
    for name, text in draw_certificate().items():
        (folder / "run" / name).write_text(text)
    given = {"PATH": PATHS, "HTTPS_PORT": ports["8443"], **variables}
    process = subprocess.Popen(["sh", folder / "etc" / "start.sh"], env=given)
    try:
        await_port(process, int(ports["5173"]))
        plain, redirecting, secure = map(int, ports.values())
        yield WebServer(process, plain, redirecting, secure, folder / "run" / "tls_certificate")
    finally:
        process.terminate()
        process.wait(60)


def await_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until a process listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except ConnectionRefusedError:
            assert process.poll() is None, "the web server ended"
            assert time.monotonic() < deadline, "the web server does not listen"
            time.sleep(0.02)
