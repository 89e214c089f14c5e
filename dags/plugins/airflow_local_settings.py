"""Airflow's hook for settings in code: PyMySQL stands in for mysqlclient, which Airflow asks for beside MySQL.

mysqlclient comes as source alone. Containers compile it; on one machine there need be no compiler.
"""

import sys

from airflow.configuration import conf

if conf.get("database", "sql_alchemy_conn").startswith("mysql+pymysql:"):
    import pymysql.converters

    pymysql.converters.DateTime2literal = pymysql.converters.escape_datetime  # type: ignore[attr-defined]
    pymysql.install_as_MySQLdb()
    sys.modules["MySQLdb.converters"] = pymysql.converters

__all__: list[str] = []
