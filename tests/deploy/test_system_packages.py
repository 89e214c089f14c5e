import os

import pytest

from deploy.interpreter import SetupError
from deploy.system_packages import find_program, install, missing_packages


def test_packages_of_programs_that_are_missing_are_named_once() -> None:
    programs = {"sh": "dash", "no-such-program": "package-a", "nor-this": "package-a"}

    assert missing_packages(programs) == ["package-a"]


def test_a_program_is_found_where_no_path_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert find_program("mariadbd") is not None


def test_who_may_install_nothing_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(SetupError, match=r"^EXECUTOR=celery needs redis-server\. On .*: sudo apt-get install redis-"):
        install(["redis-server"], "EXECUTOR=celery")
