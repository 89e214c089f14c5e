"""A shop, the platform's database, and what a copy should hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from shop.catalogue.tables import COPIED_TABLES
from shop.database import open_engine
from shop.migrate import PLATFORM, migrate
from shop.tables import DECLARED


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Engine]:
    """The platform's database, empty."""
    engine = open_engine(f"sqlite:///{tmp_path / 'platform.db'}")
    migrate(engine, PLATFORM)
    yield engine
    engine.dispose()


def read_tables(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Read what the copy should hold, or holds, from the tables of their own names."""
    found = {}
    with engine.connect() as connection:
        for table in COPIED_TABLES:
            declared = DECLARED[table.name]
            columns = [declared.c[field.name] for field in table.fields]
            rows = connection.execute(select(*columns).order_by(declared.c[table.key]))
            found[table.name] = [tuple(row) for row in rows]
    return found
