"""Empty databases for the time of a block, on a server of their own or in files."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.database_servers import KINDS, Kind, run_server

OF_A_LARGE_SHOP: dict[Kind, tuple[str, ...]] = {
    "mariadb": ("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G"),
    "mysql": ("--innodb-buffer-pool-size=1G", "--innodb-redo-log-capacity=1G"),
}
"""Options of servers."""


@contextmanager
def open_databases(database: str) -> Iterator[tuple[str, str]]:
    """Yield the URLs of two empty databases, for a shop and for what is published."""
    for kind in KINDS:
        if kind == database:
            with run_server(kind, *OF_A_LARGE_SHOP[kind]) as server:
                yield server.create_database(), server.create_database()
            return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'shop.db'}", f"sqlite:///{Path(folder) / 'platform.db'}"
