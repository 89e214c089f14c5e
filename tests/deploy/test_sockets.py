import tempfile
from pathlib import Path

from deploy.sockets import LONGEST_PATH, socket_folder


def test_sockets_lie_in_the_installation() -> None:
    assert socket_folder(Path("/srv/shop")) == Path("/srv/shop/run")


def test_of_a_long_path_they_lie_elsewhere_one_folder_an_installation() -> None:
    deep = Path("/srv/" + "deep" * 30)

    folder = socket_folder(deep)

    assert folder.parent == Path(tempfile.gettempdir())
    assert len(str(folder / "supervisor.sock")) <= LONGEST_PATH
    assert socket_folder(deep / "other") != folder
