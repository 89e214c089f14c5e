from pathlib import Path

import pytest

from deploy.local.environment import explain_pip

NO_NETWORK = (
    "WARNING: Retrying (Retry(total=1)) after connection broken by 'NameResolutionError': Temporary failure in name "
    "resolution\nERROR: No matching distribution found for httpx>=0.28\n"
)


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (NO_NETWORK, "could not reach the package index. Check the network"),
        ("ERROR: Could not install packages: No space left on device\n", "pip failed: No space left"),
    ],
    ids=["no network", "anything else"],
)
def test_failure_of_pip_is_told_in_a_line(tmp_path: Path, output: str, told: str) -> None:
    log = tmp_path / "install.log"
    log.write_text(output, encoding="utf-8")

    assert told in explain_pip(log, "No space left on device")
