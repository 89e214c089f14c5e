"""supervisord that adopts what its parts leave: `python -m deploy.local.supervision.supervisord CONFIG`.

On Linux a process whose parent died then goes to supervisord, not to the system, so that the keeper
(`deploy/local/supervision/keeper.py`) finds it there.
"""

import sys

from supervisor import supervisord
from supervisor.options import ServerOptions

from dags.wiring.guard import SET_CHILD_SUBREAPER, set_process_control


class AdoptingOptions(ServerOptions):  # type: ignore[misc]
    """Supervisor's own, with one more step once the daemon is a process of its own."""

    def daemonize(self) -> None:
        """Leave the terminal, then adopt."""
        super().daemonize()
        set_process_control(SET_CHILD_SUBREAPER, 1)


def main(config: str) -> None:
    """Become the daemon."""
    options = AdoptingOptions()
    options.realize(["-c", config], doc=supervisord.__doc__)
    options.first, options.test = True, False
    supervisord.go(options)


if __name__ == "__main__":
    main(sys.argv[1])
