"""Commands of the pages that need the running platform, typed as they are printed, on the shared installation."""

import re

import pytest

from settings import Settings
from tests.end_to_end.conftest import ROOT, Installation, own_environment
from tests.end_to_end.versions import register, score_otherwise
from tests.support.printed_commands import ON_THE_PLATFORM, run_in_shell

pytestmark = pytest.mark.timeout(900)

LIMIT_SECONDS = 600


@pytest.fixture(scope="module")
def settings(installation: Installation) -> Settings:
    return installation.settings


@pytest.fixture(scope="module")
def filled(settings: Settings) -> list[str]:
    """The commands with this installation's port, and a second version where a number stands for the reader's."""
    second = register(settings, score_otherwise, {"verdict": "promote", "reason": "made by a test."})
    at_home = [command.replace("http://127.0.0.1:8000", settings.api_url) for command in ON_THE_PLATFORM]
    return list(dict.fromkeys(re.sub(r"VERSION=\w+$", f"VERSION={second}", command) for command in at_home))


def test_commands_run_as_printed_one_after_the_other(settings: Settings, filled: list[str]) -> None:
    said = {command: run_in_shell(command, ROOT, own_environment(settings), LIMIT_SECONDS) for command in filled}

    assert all(said.values())
    assert [command for command in filled if command.startswith("curl") and '"product_id"' not in said[command]] == []
