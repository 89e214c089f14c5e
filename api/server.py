"""Server of the API on HOST and API_PORT: `python -m api.server`.

Uvicorn with bounded requests, which answers what has reached it before it stops. Whose word on a client's address
counts is a setting of the application's.
"""

import argparse
import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress

import uvicorn

from api.web.protocol import BoundedHttpProtocol
from command import Command, Result
from settings import load_settings

GRACE_SECONDS = 5
"""How long requests at work may take to end once the server is told to stop."""


class DrainingServer(uvicorn.Server):
    """Uvicorn that takes in, once told to stop, the connections that the kernel has already accepted for it."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, answer whoever is connected, then end the application.

        Args:
            sockets: what the server listens on.
        """
        waiting: list[socket.socket] = []
        for listening in sockets or []:
            with listening.dup() as still_open:  # closed by the servers, it would reset who waits there
                self._close_servers()
                listening.close()
                waiting += _accept_waiting(still_open)
        loop = asyncio.get_running_loop()
        for connection in waiting:
            with suppress(OSError):  # the client has gone meanwhile
                connection.setblocking(False)
                await loop.connect_accepted_socket(self._make_protocol, connection)
        await super().shutdown(sockets)

    def _close_servers(self) -> None:
        for server in self.servers:
            server.close()

    def _make_protocol(self) -> BoundedHttpProtocol:
        return BoundedHttpProtocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def _accept_waiting(listening: socket.socket) -> Iterator[socket.socket]:
    """Take every connection that waits at a socket, and wait for none."""
    listening.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            yield listening.accept()[0]


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    return Command("api.server", __doc__).run(_serve, arguments)


def _serve(_options: argparse.Namespace) -> Result:
    settings = load_settings()
    config = uvicorn.Config(
        "api.main:app",
        host=settings.host,
        port=settings.api_port,
        http=BoundedHttpProtocol,
        ws="none",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    config.load_app()
    with suppress(KeyboardInterrupt):
        DrainingServer(config).run(sockets=[config.bind_socket()])
    return Result()


if __name__ == "__main__":
    sys.exit(main())
