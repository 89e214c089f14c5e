"""Bring MLflow's database to the schema of the installed MLflow: `python -m mlflow_server.migrate`.

MLflow's own command takes the URL as an argument, which every user of the machine can read; this one takes it from the
settings.
"""

import argparse
import sys

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from command import Command, CommandError, Result
from mlflow_server.command import backend_uri
from settings import load_settings


def has_newest_schema(url: str) -> bool:
    """Compare the revision in the database with that of the installed MLflow.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database does not answer.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.store.db.utils import _verify_schema  # what the server itself asks at its start

    try:
        _verify_schema(create_engine(url))
    except MlflowException:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Migrate, or check; exit 1 with one line when that fails."""
    command = Command("mlflow_server.migrate", __doc__, has_logs=True)
    command.add_argument("--check", action="store_true", help="change nothing; fail if the schema is not the newest")
    return command.run(_migrate, arguments)


def _migrate(options: argparse.Namespace) -> Result:
    url = backend_uri(load_settings())
    try:
        if options.check and not has_newest_schema(url):
            raise CommandError("MLflow's schema is not the newest: run python -m mlflow_server.migrate")
        if not options.check:
            from mlflow import db

            db.upgrade.callback(url)
    except SQLAlchemyError as err:
        said = getattr(err, "orig", None) or type(err).__name__
        raise CommandError(f"MLflow's database cannot be migrated: {said}") from err
    return Result()


if __name__ == "__main__":
    sys.exit(main())
