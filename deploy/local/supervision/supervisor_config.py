"""Supervisor's configuration file, rendered from the table of parts."""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from deploy.local.part import Part
from deploy.sockets import socket_folder

ROOT = Path(__file__).resolve().parents[3]
STOP_SECONDS = 10

HEAD = """\
[unix_http_server]
file={socket}
chmod=0600

[supervisord]
logfile={logfile}
logfile_maxbytes=5MB
pidfile={pidfile}
directory={root}
umask=077

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

PROGRAM = """
[program:{name}]
command={command}
environment={environment}
{lifetime}
stopasgroup=true
killasgroup=true
stopwaitsecs={stop_seconds}
redirect_stderr=true
stdout_logfile={logfile}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
"""

KEEPER = "keeper"
JOB = "autostart=false\nautorestart=false\nstartsecs=0\nstartretries=0"
# A service never gives up: what it depends on may be back only after an hour.
SERVICE = "autostart=false\nautorestart=true\nstartretries=1000"


def render_config(
    parts: Iterable[Part],
    run_dir: Path,
    log_path: Callable[[str], Path],
    root: Path,
    environment: Mapping[str, str],
) -> str:
    """Render the file.

    Args:
        parts: everything that may be started.
        run_dir: folder of the pid file.
        log_path: names the log of a part.
        root: working directory of every part.
        environment: variables that every part gets; a part's own win.
    """
    head = HEAD.format(
        socket=_escape(socket_path(run_dir)),
        logfile=_escape(log_path("supervisord")),
        pidfile=_escape(run_dir / "supervisord.pid"),
        root=_escape(root),
    )
    keeper = PROGRAM.format(
        name=KEEPER,
        command=_quote((sys.executable, "-m", "deploy.local.supervision.keeper", str(run_dir.parent))),
        environment="",
        lifetime=f"autorestart=true\nstartretries=1000\ndirectory={_escape(ROOT)}",
        stop_seconds=STOP_SECONDS,
        logfile=_escape(log_path(KEEPER)),
    )
    return head + keeper + "".join(_render_part(part, log_path(part.name), environment) for part in parts)


def socket_path(run_dir: Path) -> Path:
    """Name the socket by which supervisord is told what to do."""
    return socket_folder(run_dir.parent) / "supervisor.sock"


def _render_part(part: Part, logfile: Path, environment: Mapping[str, str]) -> str:
    variables = {**environment, **part.environment}
    return PROGRAM.format(
        name=part.name,
        command=_quote(part.command),
        environment=",".join(f'{name}="{_escape(value)}"' for name, value in variables.items()),
        lifetime=JOB if part.is_job else SERVICE,
        stop_seconds=STOP_SECONDS,
        logfile=_escape(logfile),
    )


def _quote(command: Iterable[str]) -> str:
    return _escape(" ".join(f'"{word}"' for word in command))


def _escape(value: object) -> str:
    """Double the percent signs, which the file's reader would expand."""
    return str(value).replace("%", "%%")
