import asyncio

import pytest
from sqlalchemy import Engine

from api.db.writer import DatabaseWriter, RefusedValueError
from shop.database import open_engine


def write_too_much(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE notes (note VARCHAR(3) NOT NULL)")
        connection.exec_driver_sql("INSERT INTO notes VALUES ('four')")


def test_a_value_that_a_column_cannot_hold_is_not_asked_for_again(any_server_url: str) -> None:
    writer = DatabaseWriter("shop", open_engine(any_server_url), deadline_seconds=60)

    with pytest.raises(RefusedValueError):
        asyncio.run(writer.write(write_too_much))

    writer.close()
