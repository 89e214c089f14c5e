"""Compare the alias with what shoppers see: `python -m serving.watch [--json]`. Changes nothing.

Exit codes: 0 compared, 1 MLflow or the shop's database did not answer, 3 there is no champion yet.
"""

import argparse
import json
import sys

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from settings import load_settings
from shop.database import open_engine
from shop.tables import HOME, BatchPointer, RecommendationBatch
from training.registry import CHAMPION, RegistryError, connect

NO_CHAMPION = 3


def fetch_published_version(engine: Engine) -> int | None:
    """Give the version whose lists shoppers see; `None` before the first publication."""
    query = (
        select(RecommendationBatch.model_version)
        .join(BatchPointer, BatchPointer.batch_id == RecommendationBatch.batch_id)
        .where(BatchPointer.name == HOME)
    )
    with Session(engine) as session:
        version = session.scalar(query)
    return None if version is None else int(version)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code; see the module's docstring.
    """
    parser = argparse.ArgumentParser(prog="python -m serving.watch", description="Compare the alias with the lists.")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    options = parser.parse_args(arguments)
    settings = load_settings()
    try:
        champion = connect(settings.mlflow_tracking_uri, settings.model_name).resolve_alias(CHAMPION)
        published = fetch_published_version(open_engine(settings.shop_database_url, read_only=True))
    except RegistryError as err:
        sys.stderr.write(f"serving.watch: {err}\n")
        return 1
    except SQLAlchemyError as err:
        cause = str(getattr(err, "orig", None) or err).splitlines()[0]
        sys.stderr.write(f"serving.watch: the shop's database failed: {cause}\n")
        return 1
    if champion is None:
        sys.stderr.write("serving.watch: no version is champion yet\n")
        return NO_CHAMPION
    state = {"champion": champion, "published": published, "is_published": champion == published}
    text = json.dumps(state) if options.json else f"champion is version {champion}, shoppers see version {published}"
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
