"""Status of an installation in containers: the version that serves, the freshness of each hop.

By hand: `python -m deploy.compose.status`, which `make status` calls.
"""

import argparse
import sys

from command import Command, Result
from deploy.freshness import describe_freshness
from deploy.progress import lay_out_table
from serving.serving_status import read_served
from settings import Settings, load_settings


def describe_serving(settings: Settings) -> list[tuple[str, str]]:
    """Ask model server and homepage which version they serve."""
    served = read_served(settings.serving_url, settings.api_url)
    rows = [("model server ranks with", _name(served.model_server)), ("homepage shows lists of", _name(served.lists))]
    return [*rows, ("trouble", served.trouble)] if served.trouble else rows


def _name(version: int | None) -> str:
    return "none" if version is None else f"version {version}"


def main(arguments: list[str] | None = None) -> int:
    """Print both."""
    return Command("deploy.compose.status", __doc__).run(_describe, arguments)


def _describe(_options: argparse.Namespace) -> Result:
    settings = load_settings()
    return Result(lay_out_table(("data", ""), [*describe_freshness(settings), *describe_serving(settings)]))


if __name__ == "__main__":
    sys.exit(main())
