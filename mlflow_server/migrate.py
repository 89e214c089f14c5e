"""Bring MLflow's database to the schema of the installed MLflow: `python -m mlflow_server.migrate`.

MLflow's own command takes the URL as an argument, which every user of the machine can read; this one takes it from the
settings.
"""

import argparse
import logging
import sys

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

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


def main() -> None:
    """Migrate, or check; exit 1 with one line when that fails."""
    parser = argparse.ArgumentParser(prog="python -m mlflow_server.migrate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the schema is not the newest")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    url = backend_uri(load_settings())
    try:
        if arguments.check:
            if not has_newest_schema(url):
                sys.exit("MLflow's schema is not the newest: run python -m mlflow_server.migrate")
            return
        from mlflow import db

        db.upgrade.callback(url)
    except SQLAlchemyError as err:
        sys.exit(f"MLflow's database cannot be migrated: {getattr(err, 'orig', None) or type(err).__name__}")


if __name__ == "__main__":
    main()
