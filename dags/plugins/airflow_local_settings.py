"""Airflow's hook for settings in code: what MySQL needs beside its URL.

On one machine PyMySQL stands in for mysqlclient, which Airflow asks for and which comes as source alone: containers
compile it, and there need be no compiler. mysqlclient writes an enum by its name, where Airflow means its value.
"""

import sys
from enum import Enum
from importlib import import_module
from typing import Any

from airflow.configuration import conf

connect_args: dict[str, Any] = {}
"""Named by `AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS`."""


def take_values(arguments: Any) -> Any:
    """Exchange each enum among a statement's arguments for its value."""
    if isinstance(arguments, dict):
        return {name: take_values(each) for name, each in arguments.items()}
    if isinstance(arguments, list | tuple):
        return type(arguments)(take_values(each) for each in arguments)
    return arguments.value if isinstance(arguments, Enum) else arguments


url = conf.get("database", "sql_alchemy_conn")
if url.startswith("mysql+pymysql:"):
    import pymysql.converters

    pymysql.converters.DateTime2literal = pymysql.converters.escape_datetime  # type: ignore[attr-defined]
    pymysql.install_as_MySQLdb()
    sys.modules["MySQLdb.converters"] = pymysql.converters
elif url.startswith("mysql"):
    cursor_class: Any = import_module("MySQLdb.cursors").Cursor

    class ValueCursor(cursor_class):  # type: ignore[misc]
        """Cursor that writes values of enums: a name is too long for its column, which ends the scheduler."""

        def execute(self, query: Any, args: Any = None) -> Any:
            """Run a statement."""
            return super().execute(query, take_values(args))

        def executemany(self, query: Any, args: Any) -> Any:
            """Run a statement for each of many arguments."""
            return super().executemany(query, take_values(args))

    connect_args["cursorclass"] = ValueCursor

__all__: list[str] = []
