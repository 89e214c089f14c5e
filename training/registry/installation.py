"""Identity of an installation: an id in `VAR_DIR`, and the same on the registered model in its MLflow.

MLflow on one's own machine has no login, so any that answers on the port would do; the id tells them apart. Containers
have none: there the login does, whose password each installation draws for itself. Imports no MLflow.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

MARK = "31ie.installation"
"""Tag of the registered model: id and `VAR_DIR` of the installation that its MLflow belongs to."""
ID_FILE = "installation.id"


@dataclass(frozen=True)
class Installation:
    """One installation.

    Attributes:
        identifier: random; empty before `make up` drew it, and in containers. Then nothing is compared.
        var_dir: its folder, for people to read.
    """

    identifier: str
    var_dir: Path

    @property
    def mark(self) -> str:
        """Value of the tag."""
        return f"{self.identifier} {self.var_dir}"

    def find_stranger(self, mark: str, uri: str) -> str:
        """Say whose MLflow answers, and what to do; empty where it is this installation's.

        Args:
            mark: tag of the registered model there; empty for none.
            uri: that was asked.
        """
        theirs, _, folder = mark.partition(" ")
        if not self.identifier or theirs == self.identifier:
            return ""
        named = f"belongs to the installation in VAR_DIR={folder}, not"
        whose = named if theirs else "is marked by no installation, so it cannot be told that it belongs"
        return (
            f"the MLflow at {uri} {whose} to the one in VAR_DIR={self.var_dir}: name the VAR_DIR that you mean, "
            "start it with `make up`, and give each its own ports where several run"
        )


def read_installation(var_dir: Path) -> Installation:
    """Read the id that `make up` kept."""
    path = var_dir / ID_FILE
    return Installation(path.read_text(encoding="ascii").strip() if path.is_file() else "", var_dir)


def draw_installation(var_dir: Path) -> Installation:
    """Read the id, or draw one where there is none; nothing is kept yet."""
    known = read_installation(var_dir)
    return known if known.identifier else Installation(secrets.token_hex(8), var_dir)


def keep_installation(installation: Installation) -> None:
    """Write the id down: from now on an MLflow without it is refused."""
    (installation.var_dir / ID_FILE).write_text(f"{installation.identifier}\n", encoding="ascii")
