"""A network of its own for a worker on this machine, which can be cut off: Linux's network namespace, made as root.

What runs in it reaches the services of this machine's loopback at `HOST`, over a pair of virtual network cards. Once
the pair is down, packets are lost and nobody is told. Sockets in the file system reach across.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST, WORKER, BITS = "10.231.7.1", "10.231.7.2", 30
PROGRAMS = ("ip", "iptables")


def is_possible() -> bool:
    """Return whether this machine lets us make one."""
    return os.geteuid() == 0 and all(shutil.which(program) for program in PROGRAMS)


class NetworkNamespace:
    """The network, by its name."""

    def __init__(self, name: str):
        self.name = name
        self.card = f"{name}-h"
        """Of this machine's side."""

    def wrap(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """Let a command run in it."""
        return "ip", "netns", "exec", self.name, *command

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Lose what is sent in either direction for the time of a block."""
        _run("ip", "link", "set", self.card, "down")
        try:
            yield
        finally:
            _run("ip", "link", "set", self.card, "up")


@contextmanager
def network_namespace(name: str) -> Iterator[NetworkNamespace]:
    """Make a network for the time of a block.

    Args:
        name: that nobody has; 12 characters at most.

    Raises:
        subprocess.CalledProcessError: the system refuses; its reason is on stderr.
    """
    network = NetworkNamespace(name)
    inside = f"{name}-w"
    forwarding = ("PREROUTING", "-i", network.card, "-p", "tcp", "-j", "DNAT", "--to-destination", "127.0.0.1")
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "link", "add", network.card, "type", "veth", "peer", "name", inside, "netns", name)
        _run("ip", "address", "add", f"{HOST}/{BITS}", "dev", network.card)
        _run("ip", "link", "set", network.card, "up")
        _run("ip", "-n", name, "address", "add", f"{WORKER}/{BITS}", "dev", inside)
        for card in ("lo", inside):
            _run("ip", "-n", name, "link", "set", card, "up")
        Path(f"/proc/sys/net/ipv4/conf/{network.card}/route_localnet").write_text("1", encoding="ascii")
        _run("iptables", "-t", "nat", "-A", *forwarding)
        try:
            yield network
        finally:
            _run("iptables", "-t", "nat", "-D", *forwarding)
    finally:
        _run("ip", "netns", "delete", name)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
