"""What `make down` leaves behind. The last file of this folder: it ends the installation that the others share."""

import psutil

from deploy.local.supervision.supervisor_config import socket_path
from tests.end_to_end.conftest import Installation, holders
from tests.support.ports import PORTS


def test_down_leaves_no_process_no_port_and_no_socket_behind(installation: Installation) -> None:
    ports = {getattr(installation.settings, name) for name in PORTS}

    first, second = installation.launch("down"), installation.launch("down")

    assert first.returncode == second.returncode == 0
    assert "nothing was running" in second.stdout
    assert not holders(ports)
    assert not list(socket_path(installation.settings.var_dir / "run").parent.glob("*.sock"))
    marks = str(installation.settings.var_dir)
    assert not [p for p in psutil.process_iter(["cmdline"]) if marks in " ".join(p.info["cmdline"] or [])]
