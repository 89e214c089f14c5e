"""What the launcher knows of one process: command, health check, dependencies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HealthProbe:
    """Where to ask a service how it is.

    Attributes:
        url: answers 200 once the service does its work.
        field: path of a JSON field that must then read `healthy`; empty = the status is enough.
        beat: path of a JSON field with the instant of the last sign of life, which may be of a process before.
    """

    url: str
    field: tuple[str, ...] = ()
    beat: tuple[str, ...] = ()


@dataclass(frozen=True)
class SocketProbe:
    """How to ask a service that has no HTTP address.

    Attributes:
        url: where it is asked, for messages.
        ask: returns whether it does its work, within some seconds.
    """

    url: str
    ask: Callable[[], bool]


@dataclass(frozen=True)
class Part:
    """One process that the launcher starts: a service that stays, or a job that ends.

    Attributes:
        name: name of the process, of its log file and in `make status`.
        title: what a person reads while it starts.
        command: program and arguments.
        needs: parts that must be healthy (a service) or done (a job) before this one starts.
        health: where to ask; `None` for a job, which has done its work when it exits with 0.
        port: port it listens on; 0 = none.
        environment: variables beyond those that everything gets.
        limit_seconds: how long it may take to become healthy or done.
        speaks: whether its last line of output is worth showing beside the step.
    """

    name: str
    title: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    health: HealthProbe | SocketProbe | None = None
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    limit_seconds: float = 180.0
    speaks: bool = False

    @property
    def is_job(self) -> bool:
        """Whether it ends by itself."""
        return self.health is None
